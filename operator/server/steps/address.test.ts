import { expect, test } from "vitest";
import { anInstance, CREATED } from "../fixtures.ts";
import type { ServerScope } from "../scope.ts";
import { findAddress } from "./address.ts";

const later = (ms: number): Date => new Date(Date.parse(CREATED) + ms);
const launcher = (uid: string, podIP: string) => ({ metadata: { uid }, status: { podIP } });
/** As KubeVirt says it: the launchers, by UID, and where they are. */
const activePods = { source: "node-2", its: "node-1" };

/** The launcher's address that is found for a guest that runs since CREATED, and what was asked for. */
async function found(interfaces: readonly object[], now: Date, launchers: readonly object[]) {
  const asked: unknown[] = [];
  const list = async (_pods: unknown, options: unknown) => {
    asked.push(options);
    return launchers;
  };
  const since = [{ phase: "Running", phaseTransitionTimestamp: CREATED }];
  const instance = anInstance(
    "Running",
    { interfaces, nodeName: "node-1", activePods, phaseTransitionTimestamps: since } as object,
    { uid: "uid-instance" },
  );
  const scope = {
    context: { kube: { list }, now },
    key: { namespace: "team-a", name: "web-1" },
    instance,
  } as unknown as ServerScope;
  await findAddress(scope, new AbortController().signal);
  return { address: scope.launcher?.address, asked };
}

test("a guest that runs and has been told no address for a while has its launcher's, of the node that it is on", async () => {
  const launchers = [
    launcher("source", "10.0.0.7"),
    launcher("a-tenants-own", "10.0.0.8"),
    launcher("its", "10.0.0.9"),
  ];
  expect(await found([{ name: "default" }], later(3_000), launchers)).toEqual({
    address: "10.0.0.9",
    asked: [{ namespace: "team-a", labelSelector: "kubevirt.io/created-by=uid-instance" }],
  });
});

test("nobody is asked where there is an address, or may still be one", async () => {
  const nothing = { address: undefined, asked: [] };
  expect(await found([{ ipAddress: "10.0.0.9" }], later(60_000), [launcher("its", "10.0.0.1")])).toEqual(nothing);
  expect(await found([], later(1_000), [launcher("its", "10.0.0.1")])).toEqual(nothing);
});

test("where no launcher has one there is none", async () => {
  expect((await found([], later(3_000), [])).address).toBeUndefined();
  expect((await found([], later(3_000), [launcher("a-tenants-own", "10.0.0.8")])).address).toBeUndefined();
});
