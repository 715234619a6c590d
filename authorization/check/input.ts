import { spiffeIdProblem } from "#spiffe/spiffe-id.ts";
import { jsonOfStruct, objectOf, type Plain, plain } from "./struct.ts";

/** A request that is to be decided on. */
export interface Asked {
  /** What the policy gets as `input`, JSON. */
  readonly input: string;
  /** The SPIFFE ID that the caller's certificate proved; undefined where it showed none. */
  readonly caller: string | undefined;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
}

/** A request that no policy is asked about; the message says what is wrong with it. */
export class UnreadableRequest extends Error {
  override readonly name = "UnreadableRequest";
}

/** Where Envoy's filter keeps the claims of tokens that it checked. */
const jwtNamespace = "envoy.filters.http.jwt_authn";

/**
 * What a policy is told: an envoy.service.auth.v3.CheckRequest in JSON, with `parsed_path`, `parsed_query` and `version` as
 * opa-envoy-plugin adds them, and beside these `caller` and `claims`. An escaped slash is a part of its segment here, where the plugin
 * takes it for a separator: `/public%2fx` is not below `/public`. There is no body: the proxies send none.
 *
 * @param request in protobufjs' plain form, with JSON's names, bytes and 64-bit numbers as text
 * @throws UnreadableRequest
 */
export function readRequest(request: Plain): Asked {
  const attributes = plain(request["attributes"]);
  const { source, request: asked, metadataContext } = attributes;
  const { time, ...rest } = plain(asked);
  const http = plain(rest["http"]);
  const [method, target] = [textOf(http["method"]), textOf(http["path"])];
  if (method === "" || !target.startsWith("/")) throw new UnreadableRequest("a request without a method or a path");
  const { path, query } = splitTarget(target);
  const metadata = metadataOf(metadataContext);
  const caller = callerOf(plain(source)["principal"]);
  const input = {
    attributes: {
      ...attributes,
      request: { ...rest, ...(time === undefined ? {} : { time: timeOf(plain(time)) }) },
      metadataContext: { filterMetadata: metadata },
      routeMetadataContext: { filterMetadata: metadataOf(attributes["routeMetadataContext"]) },
    },
    parsed_path: parsePath(path),
    parsed_query: parseQuery(query),
    version: { ext_authz: "v3", encoding: "protojson" },
    claims: claimsOf(metadata),
    ...(caller === undefined ? {} : { caller }),
  };
  return { input: JSON.stringify(input), caller, method, path };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const [withoutFragment = ""] = target.split("#", 1);
  const at = withoutFragment.indexOf("?");
  return at === -1
    ? { path: withoutFragment, query: "" }
    : { path: withoutFragment.slice(0, at), query: withoutFragment.slice(at + 1) };
}

/** The subject of a certificate without a SPIFFE ID stands in the same field. */
function callerOf(principal: unknown): string | undefined {
  const text = textOf(principal);
  return spiffeIdProblem(text) === undefined ? text : undefined;
}

function parsePath(path: string): readonly string[] {
  try {
    return path.replace(/^\/+/, "").split("/").map(decodeURIComponent);
  } catch {
    throw new UnreadableRequest("a path whose escapes are no UTF-8");
  }
}

function parseQuery(query: string): Plain {
  const values = Map.groupBy(new URLSearchParams(query), ([name]) => name);
  return objectOf([...values].map(([name, pairs]) => [name, pairs.map(([, value]) => value)]));
}

/** Each namespace of metadata as JSON. What is typed (`typedFilterMetadata`) is nothing that a policy could read. */
function metadataOf(context: unknown): Plain {
  const namespaces = Object.entries(plain(plain(context)["filterMetadata"]));
  return objectOf(namespaces.map(([name, struct]) => [name, jsonOfStruct(struct)]));
}

/** By the name of the check that took the token. What begins with "!" is why one was refused. */
function claimsOf(metadata: Plain): Plain {
  return objectOf(Object.entries(plain(metadata[jwtNamespace])).filter(([name]) => !name.startsWith("!")));
}

/** A google.protobuf.Timestamp in RFC 3339. */
function timeOf({ seconds, nanos }: Plain): string {
  return new Date(Number(seconds ?? 0) * 1_000 + Number(nanos ?? 0) / 1e6).toISOString();
}
