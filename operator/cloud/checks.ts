import type { CloudStatusEndpoints } from "#operator/api/generated/cloud.ts";
import type { Call } from "#operator/clients/call.ts";
import type { CloudClients } from "#operator/clients/cloud-access.ts";
import type { CloudConnection } from "#operator/clients/cloud-connection.ts";
import { isServiceError } from "#operator/clients/service-error.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { readCatalog } from "./read-catalog.ts";

/** What one look found: settled, or waiting for what a person is to mend. */
export type Finding = Extract<Outcome, { readonly kind: "settled" | "waiting" }>;

/** Keystone answers, and the operator gets a token for the system. */
export async function checkIdentity(
  clients: CloudClients,
  { url, credentials }: CloudConnection["identity"],
  call: Call,
): Promise<Finding> {
  const keystone = clients.keystone(call);
  return ask(`Keystone at ${url}`, credentials.because, async () => {
    const { id } = await keystone.ping();
    // An authenticated read: /v3 answers without a database. Every Keystone has its role member.
    const role = await keystone.roles.findByName("member");
    if (role === undefined) return waiting("the Keystone role member");
    return settled({ message: `Keystone ${id} at ${url}` });
  });
}

/** Barbican answers a call that needs a token and its database. */
export async function checkKeyManager(
  clients: CloudClients,
  url: string,
  because: string,
  call: Call,
): Promise<Finding> {
  return ask(`Barbican at ${url}`, because, async () => {
    // A project that there cannot be: no quota of its own is the right answer.
    await clients.quotas(call).get("nephele-probe");
    return settled({ message: `Barbican at ${url}` });
  });
}

export interface CatalogFinding {
  readonly outcome: Finding;
  readonly endpoints: CloudStatusEndpoints | undefined;
}

/** The catalog says where both services are, for people and for what runs inside. */
export async function checkCatalog(clients: CloudClients, region: string, call: Call): Promise<CatalogFinding> {
  let endpoints: CloudStatusEndpoints | undefined;
  const outcome = await ask("Keystone's catalog", "spec.region", async () => {
    const reading = readCatalog(await clients.keystone(call).catalog.endpoints(), region);
    endpoints = reading.endpoints;
    if (reading.missing !== undefined)
      return waiting(`the catalog to be complete: ${reading.missing}`, { reason: "InvalidConfiguration" });
    return settled({ message: `Both services have public and internal endpoints in ${region}` });
  });
  return { outcome, endpoints };
}

/**
 * A check whose failure is a finding and not an exception: a Cloud that cannot be reached must say so, where an
 * exception would keep the last good word.
 */
async function ask(what: string, because: string, check: () => Promise<Finding>): Promise<Finding> {
  try {
    return await check();
  } catch (error) {
    if (!isServiceError(error)) throw error;
    if (error.retryable) return waiting(`${what} to answer: ${error.message}`, { reason: "TransientError" });
    return waiting(`${what} to accept the operator (${because}): ${error.message}`, { reason: "InvalidConfiguration" });
  }
}
