import type { HttpChain } from "../mesh/mesh.ts";
import type {
  Forward,
  HeaderChanges,
  HttpMatch,
  HttpRule,
  PathChange,
  Redirect,
  Retries,
  VirtualHost,
  WeightedBackend,
} from "../mesh/route.ts";
import type { Json } from "../snapshot/resource.ts";
import { defined, duration, fraction } from "./envoy.ts";
import { ruleFilters } from "./http-filters.ts";
import { elements, quoted, routeMatch } from "./match.ts";
import { byPrecedence } from "./precedence.ts";
import { routeMetadata } from "./route-metadata.ts";

/** Where a route stands: what its translation depends on beside itself. */
export interface RouteContext {
  readonly chain: HttpChain;
  /** The name of the chain: of its routes, and of its filters that are discovered. */
  readonly name: string;
  readonly port: number;
}

/** The RouteConfiguration of a chain. */
export function routeConfiguration(context: RouteContext): Json {
  return {
    name: context.name,
    // A Host header with a port is for the same host.
    ignorePortInHostMatching: true,
    virtualHosts: context.chain.hosts.map((host) => virtualHost(host, context)),
  };
}

function virtualHost(host: VirtualHost, context: RouteContext): Json {
  return {
    name: host.hostname,
    domains: [host.hostname],
    routes: byPrecedence(host.rules).flatMap(({ rule, match }) => routes(rule, match, context)),
  };
}

/**
 * The routes of one match of a rule. The share of a service that is not there gets a route of its own, that answers 500
 * to so much of the requests: a cluster that does not exist would be an inconsistent snapshot.
 */
function routes(rule: HttpRule, match: HttpMatch, context: RouteContext): readonly Json[] {
  const perFilter = ruleFilters(rule, context);
  const metadata = routeMetadata(rule, context.chain);
  const common = {
    name: rule.name,
    ...headerFields(rule.requestHeaders, rule.responseHeaders),
    ...(Object.keys(perFilter).length === 0 ? {} : { typedPerFilterConfig: perFilter }),
    ...(metadata === undefined ? {} : { metadata }),
  };
  const route = (action: Json, share?: number): Json => ({
    match: share === undefined ? routeMatch(match) : { ...routeMatch(match), runtimeFraction: fraction(share) },
    ...common,
    ...action,
  });
  const { action } = rule;
  if (action.kind === "redirect") return [route({ redirect: redirect(action, match, context.port) })];
  if (action.kind === "respond") return [route({ directResponse: directResponse(action.status, action.body) })];

  const backends = action.backends.filter(({ weight }) => weight > 0);
  const all = sum(backends);
  const missing = sum(backends.filter(({ service }) => service === undefined));
  const nowhere = { directResponse: directResponse(500, "no such backend") };
  if (missing === all) return [route(nowhere)];
  const forwarded = route({ route: forward(action, backends.filter(exists), match) });
  // At least one of a million: a share that is there must not be rounded away.
  return missing === 0
    ? [forwarded]
    : [route(nowhere, Math.max(1, Math.round((missing / all) * 1_000_000))), forwarded];
}

type Existing = WeightedBackend & { readonly service: string };

function exists(backend: WeightedBackend): backend is Existing {
  return backend.service !== undefined;
}

function sum(backends: readonly WeightedBackend[]): number {
  return backends.reduce((total, { weight }) => total + weight, 0);
}

function directResponse(status: number, body?: string): Json {
  return { status, ...(body === undefined ? {} : { body: { inlineString: body } }) };
}

function forward(action: Forward, backends: readonly Existing[], match: HttpMatch): Json {
  const [only] = backends;
  const isPlain =
    backends.length === 1 && only?.requestHeaders === undefined && only?.responseHeaders === undefined && only;
  const mirrors = (action.mirrors ?? []).map((mirror) => ({
    cluster: mirror.service,
    runtimeFraction: fraction(mirror.perMillion),
  }));
  // A limit of one try is Envoy's only where there are retries.
  const timeoutMs =
    action.retries === undefined && action.tryTimeoutMs !== undefined
      ? shorter(action.timeoutMs, action.tryTimeoutMs)
      : action.timeoutMs;
  return defined({
    ...(isPlain ? { cluster: isPlain.service } : { weightedClusters: { clusters: backends.map(clusterWeight) } }),
    hostRewriteLiteral: action.hostname,
    ...pathRewrite(action.path, match),
    timeout: timeoutMs === undefined ? undefined : duration(timeoutMs),
    retryPolicy: action.retries === undefined ? undefined : retryPolicy(action.retries, action.tryTimeoutMs),
    requestMirrorPolicies: mirrors.length === 0 ? undefined : mirrors,
  });
}

function clusterWeight(backend: Existing): Json {
  return {
    name: backend.service,
    weight: backend.weight,
    ...headerFields(backend.requestHeaders, backend.responseHeaders),
  };
}

/** The shorter of two limits, where 0 is none. */
function shorter(one: number | undefined, other: number): number {
  if (one === undefined || one === 0) return other;
  return other === 0 ? one : Math.min(one, other);
}

function retryPolicy(retries: Retries, tryTimeoutMs: number | undefined): Json {
  const statusCodes = retries.statusCodes ?? [];
  const retryOn = [
    // What never reached the service may be tried again whatever the method is.
    ...["connect-failure", "refused-stream", "reset-before-request"],
    ...(statusCodes.length === 0 ? [] : ["retriable-status-codes"]),
    ...(retries.grpcStatuses ?? []),
  ];
  return defined({
    retryOn: retryOn.join(","),
    numRetries: retries.attempts,
    retriableStatusCodes: statusCodes.length === 0 ? undefined : statusCodes,
    perTryTimeout: tryTimeoutMs === undefined || tryTimeoutMs === 0 ? undefined : duration(tryTimeoutMs),
    retryBackOff:
      retries.backoffMs === undefined
        ? undefined
        : { baseInterval: duration(retries.backoffMs), maxInterval: duration(retries.backoffMs * 10) },
    // Another host than the one that failed.
    retryHostPredicate: [
      {
        name: "envoy.retry_host_predicates.previous_hosts",
        typedConfig: {
          "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
        },
      },
    ],
    hostSelectionRetryMaxAttempts: 3,
  });
}

function redirect(action: Redirect, match: HttpMatch, listenerPort: number): Json {
  const port = action.port ?? (action.scheme === undefined ? listenerPort : { http: 80, https: 443 }[action.scheme]);
  return defined({
    schemeRedirect: action.scheme,
    hostRedirect: action.hostname,
    portRedirect: port === 0 ? undefined : port,
    responseCode: redirectCodes[action.status],
    ...(action.path?.kind === "full" ? { pathRedirect: action.path.value } : pathRewrite(action.path, match)),
  });
}

const redirectCodes = {
  301: "MOVED_PERMANENTLY",
  302: "FOUND",
  303: "SEE_OTHER",
  307: "TEMPORARY_REDIRECT",
  308: "PERMANENT_REDIRECT",
} as const;

/** A full change is an expression over the whole path, since Envoy's prefix is what matched. */
function pathRewrite(change: PathChange | undefined, match: HttpMatch): Json {
  if (change === undefined) return {};
  const substitution = change.value.replaceAll("\\", "\\\\");
  if (change.kind === "full") return { regexRewrite: { pattern: { regex: "^/.*$" }, substitution } };
  const prefix = match.path.kind === "prefix" ? elements(match.path.value) : "/";
  const target = elements(change.value);
  if (prefix === "/") {
    return target === "/"
      ? {}
      : { regexRewrite: { pattern: { regex: "^/(.*)$" }, substitution: `${target.replaceAll("\\", "\\\\")}/\\1` } };
  }
  // /a → / must make / of /a and /b of /a/b: a plain exchange of prefixes would make //b.
  if (target === "/") return { regexRewrite: { pattern: { regex: `^${quoted(prefix)}/*` }, substitution: "/" } };
  return { prefixRewrite: target };
}

function headerFields(request: HeaderChanges | undefined, response: HeaderChanges | undefined): Json {
  return defined({
    requestHeadersToAdd: toAdd(request),
    requestHeadersToRemove: nonEmpty(request?.remove),
    responseHeadersToAdd: toAdd(response),
    responseHeadersToRemove: nonEmpty(response?.remove),
  });
}

function toAdd(changes: HeaderChanges | undefined): readonly Json[] | undefined {
  const option = (appendAction: string) => (header: { readonly name: string; readonly value: string }) => ({
    // Envoy would take %…% for one of its own variables.
    header: { key: header.name, value: header.value.replaceAll("%", "%%") },
    appendAction,
    keepEmptyValue: true,
  });
  return nonEmpty([
    ...(changes?.set ?? []).map(option("OVERWRITE_IF_EXISTS_OR_ADD")),
    ...(changes?.add ?? []).map(option("APPEND_IF_EXISTS_OR_ADD")),
  ]);
}

function nonEmpty<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}
