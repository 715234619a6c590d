import { createHash } from "node:crypto";
import type { CoreSecret } from "#operator/api/foreign.ts";
import { MANAGED_BY } from "#operator/api/marks.ts";
import { GROUP } from "#operator/api/resources.ts";
import { type KubeObject, keyOf, keyText, type OwnerReference } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";

/** Made and named by others, by rules of their own: that they are there and whose they are is all that counts. */
const OTHERS: ReadonlySet<string> = new Set(["Pod", "PersistentVolumeClaim", "VirtualMachineInstance"]);

/** What a Kubernetes object is called in every run; undefined where nobody needs it told. */
export function calledAlways(object: KubeObject): string | undefined {
  const owner = object.metadata.ownerReferences?.[0];
  // The Job itself tells; how many pods it took is chance.
  if (object.kind === "Pod" && owner?.kind === "Job") return undefined;
  if (object.kind === "Pod" && owner?.kind === "ReplicaSet")
    return `${keyText({ ...keyOf(object), name: withoutHash(owner.name) })}-*`;
  const name = keyText(keyOf(object)).replace(/(virt-launcher-.*-)[a-z0-9]{5}$/, "$1*");
  return object.kind === "Job" ? withoutHash(name) : name;
}

/** A Job is named by its content, among which are keys; a ReplicaSet by its pods', likewise. */
function withoutHash(name: string): string {
  return name.replace(/-[a-z0-9]{8,10}$/, "");
}

/** What of an object counts: not what another run has otherwise by chance, and not what comes late by design. */
export function described(resource: Resource, object: KubeObject): unknown {
  const { labels, annotations, finalizers, ownerReferences, generation, deletionTimestamp } = object.metadata;
  const { metadata: _metadata, status, data, ...rest } = object as KubeObject & Pick<CoreSecret, "data">;
  const phase = (status as { readonly phase?: string } | undefined)?.phase;
  const common = { ownerReferences, ...(deletionTimestamp === undefined ? {} : { deleting: true }) };
  if (OTHERS.has(resource.kind)) return { ...common, ownerReferences: ownerReferences?.map(withoutHashes), phase };
  if (resource.group === GROUP)
    return { ...rest, ...common, labels, annotations, finalizers, generation, status: withoutCounts(status) };
  const whole = { ...rest, ...common, labels, annotations, finalizers, phase };
  switch (resource.kind) {
    case "ConfigMap":
      // Patroni's own says a hundred times a minute how far the database is.
      return isOurs(object) ? { ...whole, data } : common;
    case "Job":
      return { ...common, ended: endOf(status) };
    case "Service":
      return withoutAddresses(whole);
    default:
      return { ...whole, ...(data === undefined ? {} : contents(data)) };
  }
}

function isOurs({ metadata: { labels = {} } }: KubeObject): boolean {
  return Object.entries(MANAGED_BY).every(([key, value]) => labels[key] === value);
}

function withoutHashes(owner: OwnerReference): unknown {
  return owner.kind === "ReplicaSet" ? { kind: owner.kind, name: withoutHash(owner.name) } : owner;
}

function endOf(status: unknown): readonly string[] {
  const { conditions = [] } = (status ?? {}) as {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
  return conditions.filter((each) => each.status === "True").map(({ type }) => type);
}

/** A Service's address is the next that is free, unless it has none. */
function withoutAddresses({ spec, ...rest }: { readonly spec?: unknown }): unknown {
  const {
    clusterIP,
    clusterIPs: _all,
    ...others
  } = (spec ?? {}) as {
    readonly clusterIP?: string;
    readonly clusterIPs?: unknown;
  };
  return { ...rest, spec: { ...others, clusterIP: clusterIP === "None" ? clusterIP : "<address>" } };
}

/** Flavors and Images count who uses them every half minute and at each start: a number that is late by design. */
function withoutCounts(status: unknown): unknown {
  const { usedBy: _usedBy, servers: _servers, ...rest } = (status ?? {}) as Readonly<Record<string, unknown>>;
  return rest;
}

/** What a core Secret holds, so that nobody can read it and yet it can be told whether it is a payload of Barbican's. */
function contents(data: NonNullable<CoreSecret["data"]>): { readonly data: unknown } {
  const told = Object.entries(data).map(([key, value]) => {
    const bytes = Buffer.from(value, "base64");
    return [key, `${contentOf(bytes)}, ${bytes.length} bytes`];
  });
  return { data: Object.fromEntries(told) };
}

export function contentOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
