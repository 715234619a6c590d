import { isObjectName } from "#runtime/api/object.ts";
import { isGranted } from "../cluster-view/grants.ts";
import type { Gateway, ReferenceGrant } from "../cluster-view/kinds.ts";
import { endsTls } from "../cluster-view/listeners.ts";

/**
 * Certificates that are read one by one for a Gateway, and for all Gateways of a namespace, at most. Each is a watch at the API
 * server, and whoever writes a Gateway may name 4,096.
 */
export const mostByName = { gateway: 32, namespace: 64 } as const;

/** What Gateways need read by name, `namespace/name`. */
export interface ByName {
  readonly wanted: ReadonlyMap<Gateway, ReadonlySet<string>>;
  /** What is past a bound, and that no Gateway has within it. */
  readonly excess: ReadonlySet<string>;
}

/**
 * The certificates of Gateways in namespaces whose core Secrets may not be read as a whole, as far as the Gateways may refer to
 * them. Older Gateways go first: one that is made later takes nothing from them.
 */
export function certificatesByName(
  gateways: readonly Gateway[],
  unreadable: ReadonlySet<string>,
  grants: readonly ReferenceGrant[],
): ByName {
  const wanted = new Map<Gateway, ReadonlySet<string>>();
  const ofNamespace = new Map<string, Set<string>>();
  const named = new Set<string>();
  for (const gateway of gateways.toSorted(byAge)) {
    const namespace = gateway.metadata.namespace ?? "";
    const inNamespace = ofNamespace.get(namespace) ?? new Set();
    ofNamespace.set(namespace, inNamespace);
    const own = new Set<string>();
    for (const name of certificatesOf(gateway, unreadable, grants)) {
      named.add(name);
      const isFull = inNamespace.size >= mostByName.namespace && !inNamespace.has(name);
      if (own.size >= mostByName.gateway || isFull) continue;
      own.add(name);
      inNamespace.add(name);
    }
    wanted.set(gateway, own);
  }
  return { wanted, excess: named.difference(new Set([...ofNamespace.values()].flatMap((each) => [...each]))) };
}

function certificatesOf(
  { metadata, spec }: Gateway,
  unreadable: ReadonlySet<string>,
  grants: readonly ReferenceGrant[],
): ReadonlySet<string> {
  const own = metadata.namespace ?? "";
  const from = { group: "gateway.networking.k8s.io", kind: "Gateway", namespace: own };
  const refs = (spec?.listeners ?? []).filter(endsTls).flatMap(({ tls }) => tls?.certificateRefs ?? []);
  const names = refs.flatMap(({ group = "", kind = "Secret", namespace = own, name }) => {
    const isRead = group === "" && kind === "Secret" && unreadable.has(namespace) && isObjectName(name);
    return isRead && isGranted(grants, from, { group, kind, namespace, name }) ? [`${namespace}/${name}`] : [];
  });
  return new Set(names);
}

function byAge({ metadata: some }: Gateway, { metadata: other }: Gateway): number {
  const text = ({ creationTimestamp, namespace = "", name }: Gateway["metadata"]): string =>
    `${creationTimestamp} ${namespace}/${name}`;
  return text(some) < text(other) ? -1 : 1;
}

/** A Gateway whose certificates were all answered for, and their names. */
interface Whole {
  readonly gateway: Gateway;
  readonly names: ReadonlySet<string>;
}

/**
 * Gateways as they were when all their certificates had been answered for. One that is changed to names whose first answer is on
 * its way is seen as it was till then: else a listener that serves would be taken away for a moment. Nothing else waits for it.
 */
export class WholeGateways {
  #whole: ReadonlyMap<string, Whole> = new Map();

  /** The names of what is to be read: for the Gateways as they are, and for those that are seen as they were. */
  names({ wanted }: ByName): ReadonlySet<string> {
    const before = [...wanted.keys()].flatMap(({ metadata }) => [...(this.#whole.get(metadata.uid)?.names ?? [])]);
    return new Set([...[...wanted.values()].flatMap((names) => [...names]), ...before]);
  }

  /**
   * The Gateways as they are to be seen, by those that there are; a new one is seen at once, without what is not answered for.
   *
   * @param known the names for which there was an answer, whatever it was
   */
  seen({ wanted }: ByName, known: ReadonlySet<string>): ReadonlyMap<Gateway, Gateway> {
    const seen = new Map<Gateway, Gateway>();
    const whole = new Map<string, Whole>();
    for (const [gateway, names] of wanted) {
      const { uid } = gateway.metadata;
      const before = this.#whole.get(uid);
      const isWhole = names.isSubsetOf(known);
      const now = isWhole ? { gateway, names } : before;
      if (now !== undefined) whole.set(uid, now);
      seen.set(gateway, isWhole || before === undefined ? gateway : asBefore(gateway, before.gateway));
    }
    this.#whole = whole;
    return seen;
  }
}

/** What was asked of it before. Its status is today's, and is of the generation that is seen. */
function asBefore(gateway: Gateway, { spec, metadata: { generation } }: Gateway): Gateway {
  const metadata = { ...gateway.metadata, ...(generation === undefined ? {} : { generation }) };
  return { ...gateway, metadata, ...(spec === undefined ? {} : { spec }) };
}
