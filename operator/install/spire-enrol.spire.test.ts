import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "#e2e/harness/eventually.ts";
import { Spire } from "#e2e/spire/spire.ts";
import { entryId } from "#operator/registration/entry-id.ts";

const TRUST_DOMAIN = "cloud.test";
const edge = entryId("gateways", "shop.edge");

let spire: Spire;

beforeAll(async () => {
  spire = await Spire.start({ trustDomain: TRUST_DOMAIN });
  const id = (path: string): string => `spiffe://${TRUST_DOMAIN}${path}`;
  await spire.ask(
    ...["entry", "create", "-entryID", edge, "-spiffeID", id("/ns/shop/sa/edge-gateway")],
    ...["-parentID", id("/nodes/nephele"), "-selector", "k8s:ns:shop"],
  );
}, 300_000);
afterAll(() => spire?.stop());

interface Shown {
  readonly id: string;
  readonly expires_at: string;
}
async function entries(): Promise<ReadonlyMap<string, Shown>> {
  const shown = JSON.parse(await spire.ask("entry", "show", "-output", "json")) as {
    readonly entries: readonly Shown[];
  };
  return new Map(shown.entries.map((entry) => [entry.id, entry]));
}

/** Runs it until something is so. */
async function enrolled(withGateways: string, what: string, isSo: () => Promise<boolean>): Promise<void> {
  const program = join(import.meta.dirname, "spire-enrol.ts");
  const socket = `unix://${spire.serverSocket}`;
  const child: ChildProcess = spawn(process.execPath, [program, socket, TRUST_DOMAIN, "nephele-system", withGateways]);
  try {
    await eventually(what, isSo);
  } finally {
    child.kill();
  }
}

test("what must be there before anybody is entered, and Gateways' entries end where the operator runs none", async () => {
  const programs = ["nodes", "operator", "xds", "authorization"].map((name) => entryId("installation", name));
  await enrolled("true", "the chart's own programs", async () => {
    const there = await entries();
    return programs.every((id) => there.has(id));
  });
  // Control: where it does they are not touched.
  expect((await entries()).get(edge)?.expires_at).toBe("0");
  await enrolled("false", "an end", async () => (await entries()).get(edge)?.expires_at !== "0");
});
