import { createHash } from "node:crypto";
import protojson from "protobufjs/ext/protojson.js";
import { messageType as messageTypeOf } from "../proto/descriptors.ts";
import { type Kind, traits } from "../proto/kinds.ts";
import { duration, field } from "../proto/wire.ts";
import { violations } from "./constraints.ts";
import { type References, referencesOf } from "./references.ts";

/** A message in protobuf's JSON form: camelCase names, enums and durations as text, `@type` in an Any. */
export type Json = Readonly<Record<string, unknown>>;

/**
 * One resource, encoded. It is immutable, and all streams share its bytes. The version is of the content: equal content
 * has the same version on every replica and after a restart (maps in another order count as other content).
 */
export interface Resource {
  readonly kind: Kind;
  readonly name: string;
  readonly version: string;
  /** Other names under which it may be asked for: of a virtual host, one for each domain. */
  readonly aliases: readonly string[];
  /** How long a proxy keeps it without hearing of it again; undefined for ever. */
  readonly ttlMs: number | undefined;
  readonly references: References;
  /** The resource as a field of a DeltaDiscoveryResponse. */
  readonly delta: Buffer;
  /** The resource as a field of a DiscoveryResponse. */
  readonly sotw: Buffer;
}

export interface ResourceOptions {
  /** The name where the message holds none or another: virtual hosts are called `<route configuration>/<name>`. */
  readonly name?: string;
  readonly ttlMs?: number;
}

/** A resource that cannot be served; the message names it and says what is wrong with it. */
export class InvalidResource extends Error {
  readonly kind: Kind;
  readonly resourceName: string;

  constructor(kind: Kind, name: string, problem: string, cause?: unknown) {
    super(`${traits[kind].message} "${name}": ${problem}`, { cause });
    this.name = "InvalidResource";
    this.kind = kind;
    this.resourceName = name;
  }
}

/** gRPC's usual limit of a message. A resource near it could reach no client that keeps to the limit. */
const largestResource = 4 * 1024 * 1024 - 1024;

/** Field numbers of envoy.service.discovery.v3.Resource, google.protobuf.Any and the two responses. */
const resourceField = { version: 1, resource: 2, name: 3, aliases: 4, ttl: 6 } as const;
const anyField = { typeUrl: 1, value: 2 } as const;
const responseField = { resources: 2 } as const;
const resourceTypeUrl = "type.googleapis.com/envoy.service.discovery.v3.Resource";

/**
 * Checks and encodes a resource.
 *
 * @throws InvalidResource for an unknown or misspelt field, a value that Envoy's own rules forbid (validation rules of
 * its API), a missing name, or a message that is too large.
 */
export function resource(kind: Kind, message: Json, options: ResourceOptions = {}): Resource {
  const { message: type, nameField, typeUrl } = traits[kind];
  const own = nameField === undefined ? undefined : message[nameField];
  const name = options.name ?? (typeof own === "string" ? own : "");
  if (name === "") throw new InvalidResource(kind, name, `it has no name${nameField ? ` (${nameField})` : ""}`);
  if (name === "*") throw new InvalidResource(kind, name, "this name stands for all resources");

  const { value, references, problems } = read(kind, name, type, message);
  if (problems.length > 0) throw new InvalidResource(kind, name, problems.join("; "));
  if (value.length > largestResource) {
    throw new InvalidResource(kind, name, `it takes ${value.length} bytes, at most ${largestResource} can be sent`);
  }
  const aliases = kind === "virtualHost" ? domainAliases(name, message["domains"]) : [];
  const version = contentVersion(value, options.ttlMs);
  const any = Buffer.concat([field(anyField.typeUrl, typeUrl), field(anyField.value, value)]);
  const head = envelopeHead(name, version, aliases, options.ttlMs);
  const envelope = Buffer.concat([head, field(resourceField.resource, any)]);
  return {
    kind,
    name,
    version,
    aliases,
    ttlMs: options.ttlMs,
    references,
    delta: field(responseField.resources, envelope),
    // Only a TTL needs the envelope in State-of-the-World, and only newer clients know it there.
    sotw: field(responseField.resources, options.ttlMs === undefined ? any : wrapped(envelope)),
  };
}

/** What tells a proxy that a resource with a TTL is still there: the envelope without the resource, version unchanged. */
export function heartbeat(of: Resource, variant: "delta" | "sotw"): Buffer {
  const head = envelopeHead(of.name, of.version, of.aliases, of.ttlMs);
  return field(responseField.resources, variant === "delta" ? head : wrapped(head));
}

/** The answer to an on-demand request for a virtual host that nobody knows: its name, and no host. */
export function unresolvedHost(name: string): Buffer {
  return field(
    responseField.resources,
    Buffer.concat([field(resourceField.name, name), field(resourceField.aliases, name)]),
  );
}

function read(
  kind: Kind,
  name: string,
  type: string,
  json: Json,
): { readonly value: Uint8Array; readonly references: References; readonly problems: readonly string[] } {
  try {
    const messageType = messageTypeOf(type, anyTypes(json));
    const message = protojson.fromJson(messageType, json);
    return {
      value: messageType.encode(message).finish(),
      references: referencesOf(messageType, message),
      problems: violations(messageType, message),
    };
  } catch (error) {
    throw new InvalidResource(kind, name, error instanceof Error ? error.message : String(error), error);
  }
}

/** The messages that stand in the Anys of a JSON value. */
function anyTypes(value: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const each of value) anyTypes(each, found);
  else if (typeof value === "object" && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      if (key === "@type" && typeof each === "string") found.add(each.slice(each.lastIndexOf("/") + 1));
      else anyTypes(each, found);
    }
  }
  return found;
}

function envelopeHead(name: string, version: string, aliases: readonly string[], ttlMs: number | undefined): Buffer {
  return Buffer.concat([
    field(resourceField.version, version),
    field(resourceField.name, name),
    ...aliases.map((alias) => field(resourceField.aliases, alias)),
    ...(ttlMs === undefined ? [] : [field(resourceField.ttl, duration(ttlMs))]),
  ]);
}

function wrapped(envelope: Buffer): Buffer {
  return Buffer.concat([field(anyField.typeUrl, resourceTypeUrl), field(anyField.value, envelope)]);
}

function contentVersion(value: Uint8Array, ttlMs: number | undefined): string {
  const hash = createHash("sha256").update(value);
  if (ttlMs !== undefined) hash.update(`ttl ${ttlMs}`);
  return hash.digest("base64url").slice(0, 16);
}

/** A host is asked for as `<route configuration>/<Host header>`; patterns cannot be asked for. */
function domainAliases(name: string, domains: unknown): readonly string[] {
  const slash = name.lastIndexOf("/");
  if (slash < 0 || !Array.isArray(domains)) return [];
  const exact = domains.filter((each): each is string => typeof each === "string" && !each.includes("*"));
  return exact.map((domain) => `${name.slice(0, slash)}/${domain}`).filter((alias) => alias !== name);
}
