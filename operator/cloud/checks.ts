import type { CloudStatusEndpoints } from "#operator/api/generated/cloud.ts";
import type { Call } from "#operator/clients/call.ts";
import type { CloudClients } from "#operator/clients/cloud-access.ts";
import { isServiceError } from "#operator/clients/service-error.ts";
import { readCatalog } from "./catalog.ts";
import type { Finding } from "./status.ts";

/** Keystone answers, and the operator gets a token for the system. */
export async function checkIdentity(clients: CloudClients, url: string, call: Call): Promise<Finding> {
  const keystone = clients.keystone(call);
  return ask(`Keystone at ${url}`, "spec.identity.external.credentialsSecretRef", async () => {
    const { id } = await keystone.ping();
    // An authenticated read: /v3 answers without a database. Every Keystone has its role member.
    const role = await keystone.roles.findByName("member");
    if (role === undefined) return bad("Progressing", "the Keystone role member");
    return { kind: "good", message: `Keystone ${id} at ${url}` };
  });
}

/** Barbican answers a call that needs a token and its database. */
export async function checkKeyManager(clients: CloudClients, url: string, call: Call): Promise<Finding> {
  return ask(`Barbican at ${url}`, "spec.identity.external.credentialsSecretRef", async () => {
    // A project that there cannot be: no quota of its own is the right answer.
    await clients.quotas(call).get("nephele-probe");
    return { kind: "good", message: `Barbican at ${url}` };
  });
}

export interface CatalogFinding {
  readonly finding: Finding;
  readonly endpoints: CloudStatusEndpoints | undefined;
}

/** The catalog says where both services are, for people and for what runs inside. */
export async function checkCatalog(clients: CloudClients, region: string, call: Call): Promise<CatalogFinding> {
  let endpoints: CloudStatusEndpoints | undefined;
  const finding = await ask("Keystone's catalog", "spec.region", async () => {
    const reading = readCatalog(await clients.keystone(call).catalog.endpoints(), region);
    endpoints = reading.endpoints;
    if (reading.missing !== undefined)
      return bad("InvalidConfiguration", `the catalog to be complete: ${reading.missing}`);
    return { kind: "good", message: `Both services have public and internal endpoints in ${region}` };
  });
  return { finding, endpoints };
}

/**
 * A check whose failure is a finding and not an exception: a Cloud that cannot be reached must say so, where an
 * exception would keep the last good word.
 */
async function ask(what: string, credentialsField: string, check: () => Promise<Finding>): Promise<Finding> {
  try {
    return await check();
  } catch (error) {
    if (!isServiceError(error)) throw error;
    if (error.retryable) return bad("TransientError", `${what} to answer: ${error.message}`);
    return bad("InvalidConfiguration", `${what} to accept the operator (${credentialsField}): ${error.message}`);
  }
}

function bad(reason: string, awaited: string): Finding {
  return { kind: "bad", reason, awaited };
}
