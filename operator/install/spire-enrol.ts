/**
 * Runs beside SPIRE's server and enters, by its private socket, what must be there before anybody can come over the network:
 * the alias of the cluster's nodes, and Nephele's own programs; the operator, one of them, enters all others by its own SVID.
 * It looks again for as long as it runs, so that a store that was lost or changed is mended. Where the operator runs no Gateways'
 * proxies it takes away what was entered for them, as nobody else looks at it.
 *
 * Arguments: the address of the server's private socket (`unix:///…`), the trust domain, the release's namespace, and whether the
 * operator runs Gateways' proxies (`true` or `false`).
 */
import { setTimeout as delay } from "node:timers/promises";
import { credentials } from "@grpc/grpc-js";
import { EntryApi } from "#operator/clients/spire/entry-api.ts";
import { SpireError } from "#operator/clients/spire/spire-error.ts";
import { register } from "#operator/registration/register.ts";
import { nodesEntry, type Workload, workloadEntry } from "#operator/registration/workload.ts";

const LOOK_AGAIN_MS = 30_000;
const TRY_AGAIN_MS = 500;
/** What an earlier version or revision entered, and this one does not. */
const GRACE_MS = 600_000;
const OWNER = "installation";

const [address, trustDomain, namespace, withGateways = ""] = process.argv.slice(2);
if (
  address === undefined ||
  trustDomain === undefined ||
  namespace === undefined ||
  !/^(true|false)$/.test(withGateways)
) {
  throw new Error("usage: spire-enrol.ts unix:///SOCKET TRUST-DOMAIN NAMESPACE true|false");
}
// The ServiceAccounts and containers of the chart's Deployments.
const programs: readonly Workload[] = [
  { name: "operator", namespace, serviceAccount: "nephele-operator", container: "operator" },
  { name: "xds", namespace, serviceAccount: "nephele-xds", container: "xds-control-plane" },
  { name: "authorization", namespace, serviceAccount: "nephele-authorization", container: "authorization" },
];
const wanted = [
  nodesEntry(trustDomain, OWNER),
  ...programs.map((program) => workloadEntry(trustDomain, OWNER, program)),
];

/** What was said last: the same is not said again. */
let problem: string | undefined;

/** Gives how long to wait until the next look. */
async function enrol(socket: string): Promise<number> {
  const api = new EntryApi(socket, credentials.createInsecure());
  try {
    const when = { now: new Date(), graceMs: GRACE_MS };
    const { create, update } = await register(api, { owner: OWNER, wanted, ...when });
    if (withGateways === "false") await register(api, { owner: "gateways", wanted: [], ...when });
    problem = undefined;
    for (const { spiffeId } of [...create, ...update]) console.log(`${spiffeId} is entered`);
    return LOOK_AGAIN_MS;
  } catch (error) {
    if (!(error instanceof SpireError)) throw error;
    if (error.message !== problem) console.error(error.message);
    problem = error.message;
    return TRY_AGAIN_MS;
  } finally {
    api.close();
  }
}

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
while (!stop.signal.aborted) {
  const wait = await enrol(address);
  await delay(wait, undefined, { signal: stop.signal }).catch(() => undefined);
}
