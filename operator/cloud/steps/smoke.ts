import { randomBytes } from "node:crypto";
import { clouds } from "#operator/api/resources.ts";
import type { CloudClients } from "#operator/clients/cloud-access.ts";
import { recordPayloadRead } from "#operator/payload-read.ts";
import { isTrue } from "#runtime/api/conditions.ts";
import { keyOf, keyText } from "#runtime/api/object.ts";
import { resourceName } from "#runtime/api/resource.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import type { CloudDeployment } from "../deployment.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";

const NAME = "nephele-smoke";

/**
 * A real secret is written, read and deleted by a real token, whenever Barbican was not ready before and for each change
 * of the spec, which may be a request for a check: a database that takes secrets and cannot give them back looks well in
 * every other respect.
 */
export async function smoke(scope: CloudScope, _deployment: CloudDeployment, signal: AbortSignal): Promise<Outcome> {
  const { clients, object } = scope;
  if (clients === undefined || scope.results.get("KeyManagerReady")?.kind !== "settled") return settled();
  const { status, metadata } = object;
  const checked = status?.observedGeneration === metadata.generation;
  if (checked && isTrue(status?.conditions, "KeyManagerReady")) return settled();
  return keepSecret(scope, clients, signal);
}

/** Writes, reads and deletes a secret by the clients that are given. */
export async function keepSecret(scope: CloudScope, clients: CloudClients, signal: AbortSignal): Promise<Outcome> {
  const { object, log } = scope;
  const call = scope.call(signal);
  const project = await clients.keystone(call).projects.findByName("default", "service");
  if (project === undefined) return waiting("the Keystone project service", { pollAfterMs: unwellPoll(scope) });
  const { secrets } = clients.project(project.id, call).barbican;
  // What a pass left that was cut.
  for (const { id } of await secrets.listByName(NAME)) await secrets.delete(id);
  const bytes = randomBytes(32);
  const id = await secrets.create({ name: NAME, secretType: "opaque" });
  await secrets.putPayload(id, { bytes, contentType: "application/octet-stream" });
  const { userId } = await clients.keystone(call).whoAmI();
  const read = {
    object: `${resourceName(clouds)} ${keyText(keyOf(object))}`,
    purpose: "check of the Cloud",
    ...{ projectId: project.id, userId, secretId: id, requestId: call.requestId },
  };
  const given = await secrets.readPayload(id, { audit: async () => recordPayloadRead(log, read) });
  await secrets.delete(id);
  if (given === undefined || !bytes.equals(given))
    return waiting("Barbican to give back a secret as it was stored: its database or its key is not right", {
      reason: "SmokeFailed",
      pollAfterMs: unwellPoll(scope),
    });
  return settled({ message: "A secret was stored, read and deleted" });
}
