import { X509Certificate } from "node:crypto";
import type { CoreSecret } from "#operator/api/foreign.ts";
import { edgeUrls } from "#operator/clients/cloud-connection.ts";
import { certificatesIn } from "#operator/pem.ts";
import { type Condition, findCondition } from "#runtime/api/conditions.ts";
import { type EdgeHop, type EdgeListener, listenerName, wantedListeners } from "../children/edge.ts";
import type { EdgeWish } from "../deployment.ts";
import type { EdgePolicy, Gateway, HttpRoute } from "../resources.ts";

/** Why a certificate cannot serve these names, for a person, after "waiting for"; undefined: it can. Pure. */
export function certificateProblem(
  { hostnames, certificate }: EdgeWish,
  secret: CoreSecret | undefined,
  now: Date,
): string | undefined {
  const what = `core Secret ${certificate}`;
  if (secret === undefined) return `${what} with the edge's certificate, which is not there`;
  const chain = Buffer.from(secret.data?.["tls.crt"] ?? "", "base64");
  if (chain.length === 0 || secret.data?.["tls.key"] === undefined)
    return `${what} to hold a certificate and its key (tls.crt, tls.key)`;
  let read: X509Certificate;
  try {
    read = new X509Certificate(chain);
  } catch {
    return `${what} to hold a certificate in PEM: tls.crt is none`;
  }
  const other = hostnames.find((name) => read.checkHost(name) === undefined);
  if (other !== undefined) return `a certificate for ${other}: the one in ${what} is not for this name`;
  if (read.validToDate <= now)
    return `another certificate: the one in ${what} ended at ${read.validToDate.toISOString()}`;
  const authority = secret.data?.["ca.crt"] ?? "";
  if (authority !== "" && certificatesIn(Buffer.from(authority, "base64").toString()) === undefined)
    return `${what} to hold the certificate's authority in PEM: ca.crt is none`;
  return undefined;
}

/**
 * The listeners that an edge is to have now: as it is wanted, and, so that nobody is cut who is served, the one of the name that the
 * catalog still has. Where the certificate cannot serve what is wanted, those that it has. Pure.
 */
export function listenersNow(facts: {
  readonly edge: EdgeWish;
  readonly isUsable: boolean;
  readonly present: readonly EdgeListener[];
  /** The catalog's public addresses. */
  readonly catalog: readonly string[];
}): readonly EdgeListener[] {
  const { edge, isUsable, present, catalog } = facts;
  if (!isUsable) return present;
  const kept = present.filter(
    ({ hostname }) =>
      !edge.hostnames.includes(hostname) && Object.values(edgeUrls(hostname)).some((url) => catalog.includes(url)),
  );
  return [...wantedListeners(edge), ...kept];
}

/** The listeners of a Gateway that was made for an edge. Pure. */
export function presentListeners(gateway: Gateway | undefined): readonly EdgeListener[] {
  return (gateway?.spec?.listeners ?? []).flatMap(({ hostname, tls }) => {
    const certificate = tls?.certificateRefs?.[0]?.name;
    return hostname === undefined || certificate === undefined ? [] : [{ hostname, certificate }];
  });
}

/** What of an edge was seen. */
export interface EdgeFacts {
  readonly edge: EdgeWish;
  readonly gateway: Gateway | undefined;
  /** By name; undefined: not there yet. */
  readonly routes: ReadonlyMap<string, HttpRoute | undefined>;
}

/** What keeps an edge from serving, for a person, after "waiting for"; undefined: nothing. Pure. */
export function edgeProblem({ edge, gateway, routes }: EdgeFacts): string | undefined {
  if (gateway === undefined) return "a Gateway, which is made now";
  const { metadata, status } = gateway;
  const conditions = status?.conditions;
  const what = `Gateway ${metadata.name}`;
  if (!isOf(findCondition(conditions, "Accepted"), metadata.generation))
    return `${what} to be looked at by the controller of the GatewayClass ${edge.className}`;
  const refused = wrongIn(conditions, ["Accepted"]);
  if (refused !== undefined) return `${what} to be accepted: ${refused}`;
  for (const [at, hostname] of edge.hostnames.entries()) {
    const listener = status?.listeners?.find(({ name }) => name === listenerName(at));
    const wrong = wrongIn(listener?.conditions, ["Accepted", "ResolvedRefs", "Programmed"], ["Conflicted"]);
    if (wrong !== undefined) return `${what} to serve ${hostname}: ${wrong}`;
  }
  const programmed = findCondition(conditions, "Programmed");
  if (programmed?.status !== "True" || !isOf(programmed, metadata.generation))
    return `${what} to be programmed${programmed === undefined ? "" : `: ${programmed.message}`}`;
  for (const [name, route] of routes) {
    const said = route?.status?.parents?.[0]?.conditions;
    if (!isOf(findCondition(said, "Accepted"), route?.metadata.generation)) return `HTTPRoute ${name} to be looked at`;
    const wrong = wrongIn(said, ["Accepted", "ResolvedRefs"], ["PartiallyInvalid"]);
    if (wrong !== undefined) return `HTTPRoute ${name} to be accepted: ${wrong}`;
  }
  return undefined;
}

/**
 * How an edge's proxies are to reach the services. Where sidecars come to a Cloud that works they go on in clear text until all pods
 * have them; what has gone over to mutual TLS goes back only with the sidecars. Pure.
 */
export function hopOf(facts: {
  readonly hasSidecars: boolean;
  /** Whether the class is ours: others' proxies have no SVIDs. */
  readonly isOurs: boolean;
  readonly isMeshReady: boolean;
  readonly now: EdgeHop | undefined;
}): EdgeHop {
  const { hasSidecars, isOurs, isMeshReady, now } = facts;
  return hasSidecars && isOurs && (isMeshReady || now === "mesh") ? "mesh" : "clear";
}

/**
 * Whether tokens are checked at the edge. Where the format becomes jws, once no pod makes others any more; from then on whatever
 * becomes of the pods; and no more from when the format is to be another. Pure.
 */
export function checksTokens(facts: {
  readonly format: "jws" | "fernet";
  /** Whether all pods of Keystone are as they are wanted. */
  readonly isKeystoneReady: boolean;
  readonly now: boolean;
}): boolean {
  return facts.format === "jws" && (facts.isKeystoneReady || facts.now);
}

/**
 * What keeps an edge's policies from being in force, for a person, after "waiting for"; undefined: nothing. What was said of a former
 * generation counts until there is more: keys change at each rotation, and the Cloud is ready all the same. Pure.
 */
export function policiesProblem(policies: ReadonlyMap<string, EdgePolicy | undefined>): string | undefined {
  for (const [name, policy] of policies) {
    const targets = (policy?.status?.ancestors ?? []).map(({ conditions }) => conditions);
    if (targets.length === 0) return `EdgePolicy ${name} to be looked at`;
    const wrong = targets.map((said) => wrongIn(said, ["Accepted", "Programmed"])).find((each) => each !== undefined);
    if (wrong !== undefined) return `EdgePolicy ${name} to be in force: ${wrong}`;
  }
  return undefined;
}

/**
 * What keeps the proxies of an edge from going by a policy as it is now, for a person, after "waiting for"; undefined: nothing, or
 * that it is in force for none of its targets. Pure.
 */
export function notInForce(policy: EdgePolicy): string | undefined {
  const { name, generation } = policy.metadata;
  const targets = (policy.status?.ancestors ?? []).map(({ conditions }) => conditions);
  const isSeen = (said: readonly Condition[] | undefined): boolean => isOf(findCondition(said, "Accepted"), generation);
  if (targets.length === 0 || !targets.every(isSeen)) return `EdgePolicy ${name} to be looked at`;
  for (const said of targets.filter((each) => findCondition(each, "Accepted")?.status === "True")) {
    const programmed = findCondition(said, "Programmed");
    if (programmed?.status !== "True" || !isOf(programmed, generation))
      return `EdgePolicy ${name} to be in force: ${programmed === undefined ? "nobody says so" : `${programmed.reason}: ${programmed.message}`}`;
  }
  return undefined;
}

/**
 * Why a key must not sign yet that has not signed, for a person; undefined: it may. Proxies that check tokens refuse those of a key that
 * they do not have. Pure.
 *
 * @param policy by which tokens are checked, or not
 * @param next the public half, as it stands in the policy's keys
 */
export function keyUnknownAtEdge(policy: EdgePolicy | undefined, next: object): string | undefined {
  const jwks = policy?.spec?.jwt?.jwks;
  if (policy === undefined || jwks === undefined) return undefined;
  if (!jwks.includes(JSON.stringify(next))) return `EdgePolicy ${policy.metadata.name} does not have the next key yet`;
  const problem = notInForce(policy);
  return problem && `the edge may not have the next key yet: waiting for ${problem}`;
}

function isOf(condition: Condition | undefined, generation: number | undefined): boolean {
  return condition !== undefined && condition.observedGeneration === generation;
}

/** The message of the first condition that is not as it should be. What is not said at all is not wrong yet. */
function wrongIn(
  conditions: readonly Condition[] | undefined,
  wanted: readonly string[],
  unwanted: readonly string[] = [],
): string | undefined {
  const found = conditions?.find(
    ({ type, status }) =>
      (wanted.includes(type) && status === "False") || (unwanted.includes(type) && status === "True"),
  );
  return found && `${found.reason}: ${found.message}`;
}
