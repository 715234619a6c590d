import { actionProblems, headerChangeProblems, matchProblems } from "../mesh/check-routes.ts";
import { each, type Finding } from "../mesh/finding.ts";
import type {
  Forward,
  HeaderChanges,
  HttpMatch,
  HttpRule,
  Mirror,
  NamedMatch,
  PathChange,
  Redirect,
  Retries,
  WeightedBackend,
} from "../mesh/route.ts";
import { resolve, type Unresolved, weighted } from "./backends.ts";
import { gatewayDuration } from "./duration.ts";
import type { Referrer } from "./grants.ts";
import type {
  GrpcRouteRule,
  HeaderFilter,
  HeaderMatchSpec,
  HttpRouteMatch,
  HttpRouteRule,
  PathModifier,
  RouteFilter,
} from "./kinds.ts";
import type { ClusterObjects } from "./objects.ts";

/** A rule of a route in the mesh's words. */
export interface ReadRule {
  /** Undefined where the rule asks for what is not supported: it is left out, and `unsupported` says why. */
  readonly rule: HttpRule | undefined;
  readonly unsupported: readonly string[];
  readonly unresolved: readonly Unresolved[];
}

export interface RuleContext {
  readonly name: string;
  readonly from: Referrer;
  readonly objects: ClusterObjects;
}

export function httpRule(spec: HttpRouteRule, context: RuleContext): ReadRule {
  return read(spec, (spec.matches ?? []).map(httpMatch), timing(spec), context);
}

/** gRPC's methods are paths; its calls may stay open, so they have no time-out but their caller's. */
export function grpcRule(spec: GrpcRouteRule, context: RuleContext): ReadRule {
  return read(spec, (spec.matches ?? []).map(grpcMatch), { timeoutMs: 0 }, context);
}

function read(
  spec: Pick<HttpRouteRule, "filters" | "backendRefs">,
  matches: readonly HttpMatch[],
  times: Partial<Forward> | string,
  { name, from, objects }: RuleContext,
): ReadRule {
  const refs = spec.backendRefs ?? [];
  const resolved = weighted(refs, from, objects);
  const ofBackends = refs.map(({ filters = [] }) => backendFilters(filters));
  const backends = resolved.backends.map((backend, at) => ({ ...backend, ...ofBackends[at]?.changes }));
  const found = filtersOf(spec.filters ?? [], from, objects);
  const action: HttpRule["action"] = found.redirect ?? {
    kind: "forward",
    backends,
    ...found.rewrite,
    ...(found.mirrors.length === 0 ? {} : { mirrors: found.mirrors }),
    ...(typeof times === "string" ? {} : times),
  };
  const rule: HttpRule = {
    name,
    matches,
    action,
    ...(found.request === undefined ? {} : { requestHeaders: found.request }),
    ...(found.response === undefined ? {} : { responseHeaders: found.response }),
  };
  const unsupported = [
    ...found.unsupported,
    ...ofBackends.flatMap((each) => each.unsupported),
    ...(typeof times === "string" ? [times] : []),
    ...ruleFindings(rule).map(({ at, problem }) => `${at}: ${problem}`),
  ];
  return {
    rule: unsupported.length > 0 ? undefined : rule,
    unsupported,
    unresolved: [...(found.redirect === undefined ? resolved.unresolved : []), ...found.unresolved],
  };
}

function ruleFindings(rule: HttpRule): readonly Finding[] {
  return [
    ...each("matches", rule.matches, matchProblems),
    ...actionProblems(rule.action),
    ...headerChangeProblems("requestHeaders", rule.requestHeaders),
    ...headerChangeProblems("responseHeaders", rule.responseHeaders),
  ];
}

function httpMatch(spec: HttpRouteMatch): HttpMatch {
  const { type = "PathPrefix", value = "/" } = spec.path ?? {};
  const kind = { Exact: "exact", PathPrefix: "prefix", RegularExpression: "regex" } as const;
  return {
    path: { kind: kind[type], value },
    ...(spec.method === undefined ? {} : { method: spec.method }),
    ...(spec.headers === undefined ? {} : { headers: named(spec.headers, true) }),
    ...(spec.queryParams === undefined ? {} : { query: named(spec.queryParams, false) }),
  };
}

function grpcMatch(spec: NonNullable<GrpcRouteRule["matches"]>[number]): HttpMatch {
  const { type = "Exact", service, method } = spec.method ?? {};
  const headers = spec.headers === undefined ? {} : { headers: named(spec.headers, true) };
  if (service === undefined && method === undefined) return { path: { kind: "prefix", value: "/" }, ...headers };
  if (type === "Exact" && service !== undefined) {
    const path =
      method === undefined
        ? { kind: "prefix" as const, value: `/${service}` }
        : { kind: "exact" as const, value: `/${service}/${method}` };
    return { path, ...headers };
  }
  const literal = (text: string): string => (type === "Exact" ? text.replaceAll(".", String.raw`\.`) : text);
  const part = (text: string | undefined): string => (text === undefined ? "[^/]+" : literal(text));
  return { path: { kind: "regex", value: `/${part(service)}/${part(method)}` }, ...headers };
}

/** Of names that stand more than once the first counts. Headers' names are compared without case. */
function named(specs: readonly HeaderMatchSpec[], isHeader: boolean): readonly NamedMatch[] {
  const found = new Map<string, NamedMatch>();
  for (const { type = "Exact", name, value } of specs) {
    const key = isHeader ? name.toLowerCase() : name;
    if (!found.has(key)) found.set(key, { name: key, match: { kind: type === "Exact" ? "exact" : "regex", value } });
  }
  return [...found.values()];
}

/** Times and retries, or what is wrong with them. */
function timing({ timeouts = {}, retry }: HttpRouteRule): Partial<Forward> | string {
  const wrong: string[] = [];
  const ms = (field: string, text: string | undefined): number | undefined => {
    const value = text === undefined ? undefined : gatewayDuration(text);
    if (text !== undefined && value === undefined) wrong.push(`${field}: "${text}" is no duration`);
    return value;
  };
  const timeoutMs = ms("timeouts.request", timeouts.request);
  const tryTimeoutMs = ms("timeouts.backendRequest", timeouts.backendRequest);
  const backoffMs = ms("retry.backoff", retry?.backoff);
  if (wrong.length > 0) return wrong.join("; ");
  const retries: Retries | undefined = retry && {
    attempts: retry.attempts ?? 1,
    ...(retry.codes === undefined ? {} : { statusCodes: retry.codes }),
    ...(backoffMs === undefined ? {} : { backoffMs }),
  };
  return {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(tryTimeoutMs === undefined ? {} : { tryTimeoutMs }),
    ...(retries === undefined ? {} : { retries }),
  };
}

interface Filters {
  request?: HeaderChanges;
  response?: HeaderChanges;
  redirect?: Redirect;
  rewrite?: Pick<Forward, "hostname" | "path">;
  readonly mirrors: Mirror[];
  readonly unsupported: string[];
  readonly unresolved: Unresolved[];
}

function filtersOf(specs: readonly RouteFilter[], from: Referrer, objects: ClusterObjects): Filters {
  const found: Filters = { mirrors: [], unsupported: [], unresolved: [] };
  for (const spec of specs) {
    if (spec.requestHeaderModifier !== undefined) found.request = changes(spec.requestHeaderModifier);
    else if (spec.responseHeaderModifier !== undefined) found.response = changes(spec.responseHeaderModifier);
    else if (spec.requestRedirect !== undefined) {
      const { scheme, hostname, port, path, statusCode = 302 } = spec.requestRedirect;
      found.redirect = {
        kind: "redirect",
        status: statusCode as Redirect["status"],
        ...(scheme === undefined ? {} : { scheme }),
        ...(hostname === undefined ? {} : { hostname }),
        ...(port === undefined ? {} : { port }),
        ...pathOf(path),
      };
    } else if (spec.urlRewrite !== undefined) {
      const { hostname, path } = spec.urlRewrite;
      found.rewrite = { ...(hostname === undefined ? {} : { hostname }), ...pathOf(path) };
    } else if (spec.requestMirror !== undefined) {
      const { backendRef, percent, fraction } = spec.requestMirror;
      const service = resolve(backendRef, from, objects);
      if (typeof service !== "string") found.unresolved.push(service);
      else {
        const share =
          fraction === undefined ? (percent ?? 100) / 100 : fraction.numerator / (fraction.denominator ?? 100);
        found.mirrors.push({ service, perMillion: Math.round(share * 1_000_000) });
      }
    } else found.unsupported.push(`filters: ${spec.type} is not supported`);
  }
  return found;
}

/** Of a single backend headers can be changed, and nothing else. */
function backendFilters(specs: readonly RouteFilter[]): {
  readonly changes: Pick<WeightedBackend, "requestHeaders" | "responseHeaders">;
  readonly unsupported: readonly string[];
} {
  const request = specs.find(({ requestHeaderModifier }) => requestHeaderModifier !== undefined)?.requestHeaderModifier;
  const response = specs.find(
    ({ responseHeaderModifier }) => responseHeaderModifier !== undefined,
  )?.responseHeaderModifier;
  return {
    changes: {
      ...(request === undefined ? {} : { requestHeaders: changes(request) }),
      ...(response === undefined ? {} : { responseHeaders: changes(response) }),
    },
    unsupported: specs
      .filter(
        ({ requestHeaderModifier, responseHeaderModifier }) =>
          (requestHeaderModifier ?? responseHeaderModifier) === undefined,
      )
      .map(({ type }) => `filters of a single backend: ${type} is not supported`),
  };
}

function changes({ set, add, remove }: HeaderFilter): HeaderChanges {
  return { ...(set && { set }), ...(add && { add }), ...(remove && { remove }) };
}

function pathOf(spec: PathModifier | undefined): { readonly path?: PathChange } {
  if (spec === undefined) return {};
  return spec.type === "ReplaceFullPath"
    ? { path: { kind: "full", value: spec.replaceFullPath ?? "/" } }
    : { path: { kind: "prefix", value: spec.replacePrefixMatch ?? "/" } };
}
