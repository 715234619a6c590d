import type { NewCondition } from "#runtime/api/conditions.ts";
import { bytesOf } from "#runtime/api/quantity.ts";
import { rateLimitProblems } from "../mesh/check-rate-limits.ts";
import { jwksProblem } from "../mesh/key-set.ts";
import type { HttpPolicies } from "../mesh/mesh.ts";
import type { JwtCheck, JwtProvider, JwtRequirement, RateLimit } from "../mesh/policy.ts";
import type { HttpRule, RuleOverrides } from "../mesh/route.ts";
import type { Service } from "../mesh/service.ts";
import { byAge } from "./age.ts";
import { resolve } from "./backends.ts";
import { gatewayDuration } from "./duration.ts";
import type { EdgePolicy } from "./generated/edgepolicy.ts";
import type { HttpRoute } from "./kinds.ts";
import { condition } from "./listeners.ts";
import type { ClusterObjects } from "./objects.ts";
import type { ReadRoute } from "./routes.ts";

export type EdgeTargetRef = EdgePolicy["spec"]["targetRefs"][number];

/** A target of a policy, and what it came to. */
export interface EdgeTarget {
  readonly targetRef: EdgeTargetRef;
  readonly accepted: NewCondition;
  /** The classes of proxies that serve it. */
  readonly proxies: readonly string[];
}

/** What policies make of the rules of routes. */
export interface EdgePolicies {
  /** A rule as its policy wants it; the same object for the same rule. */
  readonly ruleOf: (rule: HttpRule) => HttpRule;
  /** What a listener with these rules of routes must have. */
  readonly policiesFor: (rules: Iterable<HttpRule>) => Pick<HttpPolicies, "rateLimits" | "jwt">;
  readonly read: readonly { readonly policy: EdgePolicy; readonly targets: readonly EdgeTarget[] }[];
}

/** What a policy asks of requests, in the mesh's words. */
interface Asked {
  readonly rateLimits: readonly RateLimit[];
  readonly jwt?: { readonly provider: JwtProvider; readonly requirement: JwtRequirement };
  readonly overrides: RuleOverrides;
}

/** A target with what it leads to. */
interface Found {
  readonly targetRef: EdgeTargetRef;
  /** What older policies for the same are known by. */
  readonly key: string;
  readonly proxies: readonly string[];
  readonly rules: readonly HttpRule[];
  readonly problem?: Problem;
}

interface Problem {
  readonly reason: "TargetNotFound" | "Invalid" | "Conflicted";
  readonly message: string;
}

/**
 * Of two policies for one target the oldest counts. One that names a rule comes before one for the whole route, and does not
 * conflict with it. Where one is not valid its requests are answered with 500: a check that was asked for is not left out.
 *
 * @param services as they are spoken to, by their names in the mesh
 * @param proxiesOf the classes of proxies that serve a route
 */
export function readEdgePolicies(
  objects: ClusterObjects,
  services: ReadonlyMap<string, Service>,
  routes: readonly ReadRoute[],
  proxiesOf: (route: ReadRoute) => readonly string[],
): EdgePolicies {
  const byName = new Map(
    routes
      .filter(({ kind }) => kind === "HTTPRoute")
      .map((route) => [`${route.route.metadata.namespace}/${route.route.metadata.name}`, route]),
  );
  const all = objects.edgePolicies.toSorted(byAge).map((policy) => ({
    policy,
    asked: askedBy(policy, objects, services),
    targets: policy.spec.targetRefs.map((targetRef) => find(targetRef, policy, byName, proxiesOf)),
  }));
  const holders = new Map<string, EdgePolicy>();
  for (const { policy, targets } of all) {
    for (const { key } of targets) if (!holders.has(key)) holders.set(key, policy);
  }
  const made = new Map<HttpRule, { readonly rule: HttpRule; readonly asked: Asked | undefined }>();
  // Those that name a rule last: they come before the others.
  for (const isOfRule of [false, true]) {
    for (const { policy, asked, targets } of all) {
      const own = targets.filter(
        ({ key, targetRef }) => (targetRef.sectionName !== undefined) === isOfRule && holders.get(key) === policy,
      );
      for (const rule of own.flatMap(({ rules }) => rules)) {
        made.set(
          rule,
          typeof asked === "string"
            ? { rule: { ...rule, action: refusal }, asked: undefined }
            : { rule: { ...rule, overrides: { ...rule.overrides, ...asked.overrides } }, asked },
        );
      }
    }
  }
  return {
    ruleOf: (rule) => made.get(rule)?.rule ?? rule,
    policiesFor: (rules) => listenerPolicies(new Set([...rules].flatMap((rule) => made.get(rule)?.asked ?? []))),
    read: all.map(({ policy, asked, targets }) => ({
      policy,
      targets: targets.map(({ targetRef, key, proxies, problem }) => {
        const holder = holders.get(key);
        const found =
          problem ??
          (typeof asked === "string"
            ? ({ reason: "Invalid", message: `${asked}: its requests are answered with 500` } as const)
            : conflict(policy, holder));
        return { targetRef, proxies, accepted: acceptedOf(found) };
      }),
    })),
  };
}

const refusal = { kind: "respond", status: 500, body: "the EdgePolicy of this route is not valid" } as const;

function find(
  targetRef: EdgeTargetRef,
  { metadata }: EdgePolicy,
  routes: ReadonlyMap<string, ReadRoute>,
  proxiesOf: (route: ReadRoute) => readonly string[],
): Found {
  const { name, sectionName } = targetRef;
  const route = `${metadata.namespace}/${name}`;
  const key = `${route}#${sectionName ?? ""}`;
  const without = (reason: Problem["reason"], message: string): Found => ({
    ...{ targetRef, key, proxies: [], rules: [] },
    problem: { reason, message },
  });
  const read = routes.get(route);
  if (read === undefined) return without("TargetNotFound", `there is no HTTPRoute ${name}`);
  const specs = (read.route as HttpRoute).spec?.rules ?? [];
  const at = read.rules.filter((_, index) => sectionName === undefined || specs[index]?.name === sectionName);
  if (sectionName !== undefined && at.length === 0) {
    return without("TargetNotFound", `HTTPRoute ${name} has no rule of the name ${sectionName}`);
  }
  const proxies = proxiesOf(read);
  const rules = at.flatMap(({ rule }) => rule ?? []);
  if (proxies.length > 0) return { targetRef, key, proxies, rules };
  return without("Invalid", `HTTPRoute ${name} is attached to no Gateway whose proxies are ours: see its status`);
}

/** So long proxies wait for a decision, milliseconds; authorization/ has its own, shorter deadline. */
const externalAuthMs = 1_000;

/** A policy in the mesh's words. A text says what is wrong with it. */
function askedBy(
  { metadata, spec }: EdgePolicy,
  objects: ClusterObjects,
  services: ReadonlyMap<string, Service>,
): Asked | string {
  const own = `${metadata.namespace}/${metadata.name}`;
  const rateLimits = (spec.rateLimits ?? []).map(
    ({ name, by, requests, per }): RateLimit => ({
      name: `${own}/${name}`,
      by: by.map(({ type, claim = "" }) =>
        type === "Claim" ? { kind: "claim", provider: own, path: [claim] } : { kind: "remoteAddress" },
      ),
      requests,
      // Longer than any is.
      perMs: gatewayDuration(per) ?? Number.POSITIVE_INFINITY,
    }),
  );
  const jwt = spec.jwt && {
    provider: {
      name: own,
      keys: { kind: "inline" as const, jwks: spec.jwt.jwks },
      headers: [
        { name: spec.jwt.header, ...(spec.jwt.header.toLowerCase() === "authorization" ? { prefix: "Bearer " } : {}) },
      ],
      forward: true,
    },
    requirement: {
      name: own,
      providers: [own],
      isOptional: !spec.jwt.required,
      ...(spec.jwt.challenge === undefined ? {} : { challenge: spec.jwt.challenge }),
    },
  };
  const wrongKeys = jwt && jwksProblem(jwt.provider.keys.jwks);
  if (wrongKeys !== undefined) return `jwt.jwks: ${wrongKeys}`;
  const [wrong] = rateLimitProblems(rateLimits, jwt && checkOf([jwt]));
  if (wrong !== undefined) return `${wrong.at}: ${wrong.problem}`;
  const service = spec.externalAuth && whoDecides(metadata.namespace ?? "", spec.externalAuth, objects, services);
  if (typeof service === "object") return `externalAuth.backendRef: ${service.problem}`;
  return {
    rateLimits,
    ...(jwt === undefined ? {} : { jwt }),
    overrides: {
      ...(rateLimits.length === 0 ? {} : { rateLimits: rateLimits.map(({ name }) => name) }),
      ...(jwt === undefined ? {} : { jwtRequirement: own }),
      ...(service === undefined ? {} : { externalAuthorization: { service, timeoutMs: externalAuthMs } }),
      ...(spec.bodyLimit === undefined ? {} : { bodyLimit: { maxBytes: Number(bytesOf(spec.bodyLimit)) } }),
    },
  };
}

/** The name in the mesh of the service that decides, or why nobody does: it is told tokens, and its word opens what is guarded. */
function whoDecides(
  namespace: string,
  { backendRef }: NonNullable<EdgePolicy["spec"]["externalAuth"]>,
  objects: ClusterObjects,
  services: ReadonlyMap<string, Service>,
): string | { readonly problem: string } {
  // Of its own namespace alone: a ReferenceGrant that is taken back would open what it guards, or close it.
  const found = resolve(backendRef, { group: "nephele.dev", kind: "EdgePolicy", namespace }, objects);
  if (typeof found !== "string") return { problem: found.message };
  if (services.get(found)?.tls.kind !== "none") return found;
  const clear = "is not in the mesh and has no accepted BackendTLSPolicy, so it would be told tokens in clear text";
  return { problem: `Service ${namespace}/${backendRef.name} ${clear}` };
}

/**
 * Sorted by name, so that what comes later in the order of rules leaves what is there as it is. Both are always said: a policy may
 * come at any time.
 */
function listenerPolicies(asked: ReadonlySet<Asked>): Pick<HttpPolicies, "rateLimits" | "jwt"> {
  return {
    rateLimits: [...asked].flatMap((each) => each.rateLimits).sort(byOwnName),
    jwt: checkOf([...asked].flatMap(({ jwt }) => jwt ?? [])),
  };
}

function checkOf(all: readonly NonNullable<Asked["jwt"]>[]): JwtCheck {
  return {
    providers: all.map(({ provider }) => provider).sort(byOwnName),
    requirements: all.map(({ requirement }) => requirement).sort(byOwnName),
  };
}

function byOwnName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : 1;
}

function conflict(policy: EdgePolicy, holder: EdgePolicy | undefined): Problem | undefined {
  if (holder === undefined || holder === policy) return undefined;
  return { reason: "Conflicted", message: `EdgePolicy ${holder.metadata.name} is older and for the same target` };
}

function acceptedOf(problem: Problem | undefined): NewCondition {
  return problem === undefined
    ? condition("Accepted", true, "Accepted", "the policy is valid")
    : condition("Accepted", false, problem.reason, problem.message);
}
