import { randomBytes } from "node:crypto";
import { isTrue } from "#runtime/api/conditions.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import type { CloudDeployment } from "../deployment.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";

const NAME = "nephele-smoke";

/**
 * A real secret is written, read and deleted by a real token, whenever Barbican was not ready before: a database that
 * takes secrets and cannot give them back looks well in every other respect.
 */
export async function smoke(scope: CloudScope, _deployment: CloudDeployment, signal: AbortSignal): Promise<Outcome> {
  const { clients, object, log } = scope;
  if (clients === undefined || scope.results.get("KeyManagerReady")?.kind !== "settled") return settled();
  if (isTrue(object.status?.conditions, "KeyManagerReady")) return settled();
  const call = scope.call(signal);
  const project = await clients.keystone(call).projects.findByName("default", "service");
  if (project === undefined) return waiting("the Keystone project service", { pollAfterMs: unwellPoll(scope) });
  const { secrets } = clients.project(project.id, call).barbican;
  // What a pass left that was cut.
  for (const { id } of await secrets.listByName(NAME)) await secrets.delete(id);
  const bytes = randomBytes(32);
  const id = await secrets.create({ name: NAME, secretType: "opaque" });
  await secrets.putPayload(id, { bytes, contentType: "application/octet-stream" });
  const audit = async (): Promise<void> => log.info({ audit: "secret-read", secret: id, reason: "smoke" }, "reads");
  const read = await secrets.readPayload(id, { audit });
  await secrets.delete(id);
  if (read === undefined || !bytes.equals(read))
    return waiting("Barbican to give back a secret as it was stored: its database or its key is not right", {
      reason: "SmokeFailed",
      pollAfterMs: unwellPoll(scope),
    });
  return settled({ message: "A secret was stored, read and deleted" });
}
