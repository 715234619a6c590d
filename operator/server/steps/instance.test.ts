import { expect, test } from "vitest";
import { settled } from "#runtime/controller/outcome.ts";
import { aMachine, aServer, CREATED } from "../fixtures.ts";
import type { ServerScope } from "../scope.ts";
import { rebootOnce } from "./instance.ts";

/** A reboot whose former guest is gone, in a Project that is enabled or not; what is left of it after a pass. */
async function rebooting(enabled: boolean): Promise<ServerScope> {
  const reboot = { requestedAt: CREATED, type: "Soft", startedAt: CREATED, instance: "uid-former" } as const;
  const server = aServer({ reboot: { requestedAt: CREATED, type: "Soft", hardAfter: "60s" } }, { reboot });
  const scope = {
    context: { object: server, now: new Date(CREATED) },
    key: { namespace: "team-a", name: "web-1" },
    project: { metadata: { name: "team-a" }, spec: { enabled } },
    machine: aMachine(enabled ? "Always" : "Halted"),
    instance: undefined,
  } as unknown as ServerScope;
  // Nothing is held up: what comes after it says what is awaited.
  expect(await rebootOnce(scope)).toEqual(settled());
  return scope;
}

test("a reboot between two guests goes on, and is over where the Project has been disabled", async () => {
  expect((await rebooting(true)).reboot?.reboot?.doneAt).toBeUndefined();
  expect((await rebooting(false)).reboot?.reboot?.doneAt).toBeDefined();
});
