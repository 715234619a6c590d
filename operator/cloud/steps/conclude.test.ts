import { expect, test } from "vitest";
import { settled, waiting } from "#runtime/controller/outcome.ts";
import { aDeployment } from "../fixtures.ts";
import type { CloudScope, ReleasePlan } from "../scope.ts";
import type { Aspect, AspectResult } from "../status.ts";
import { conclude } from "./conclude.ts";

/** The end of a pass over an upgrade that goes back if it is told to: nothing is to be contracted. */
function scopeWith(...results: readonly (readonly [Aspect, AspectResult])[]): CloudScope {
  const plan: ReleasePlan = { decision: { kind: "upgrade", from: "2025.1" }, span: undefined, recorded: true };
  return {
    ...{ deployment: aDeployment({ contract: "Manual" }), plan, deps: {} },
    release: { deployed: "2025.1", target: "2026.2", phase: "Expanding" },
    results: new Map<Aspect, AspectResult>([["KeysReady", settled()], ...results]),
  } as unknown as CloudScope;
}
const unwell = waiting("another certificate", { reason: "Progressing" });

test("an edge that is unwell keeps an upgrade from nothing, and the Cloud from being Ready", async () => {
  const scope = scopeWith(["GatewayReady", unwell]);
  expect(await conclude(scope)).toMatchObject({ kind: "waiting", for: "another certificate" });
  expect(scope.release).toMatchObject({ deployed: "2026.2", phase: "Soaking" });
});

test("the control: what the new release needs keeps it from its end, and all that is awaited is said", async () => {
  const scope = scopeWith(["GatewayReady", unwell], ["KeyManagerReady", waiting("Barbican")]);
  expect(await conclude(scope)).toMatchObject({ kind: "waiting", for: "another certificate; Barbican" });
  expect(scope.release).toMatchObject({ deployed: "2025.1", phase: "Expanding" });
});

test("where nothing is awaited the Cloud is Ready", async () => {
  expect(await conclude(scopeWith(["GatewayReady", settled({ message: "served" })]))).toMatchObject({
    kind: "settled",
  });
});
