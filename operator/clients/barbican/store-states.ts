import type { Call } from "../call.ts";
import type { Connection } from "../http.ts";
import { objectIn } from "../shape.ts";
import { understand } from "../understand.ts";

/** Why each store in a PKCS#11 token does not answer, by its name; undefined where it does. */
export type StoreStates = ReadonlyMap<string, string | undefined>;

/**
 * What a worker of a Barbican that we deployed found out of its stores in PKCS#11 tokens, by an address beside Barbican's own
 * (operator/cloud/programs/barbican_stores.py). It needs no token.
 */
export async function readStoreStates(connection: Connection, call?: Call): Promise<StoreStates> {
  const request = { method: "GET", route: "/nephele/stores" } as const;
  return understand(connection.service, request, await connection.send(request, call), (answer) => {
    const stores = objectIn(answer.json(), "stores");
    return new Map(Object.entries(stores).map(([name, why]) => [name, typeof why === "string" ? why : undefined]));
  });
}
