import type { KubeObject } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import type { Transport } from "#runtime/client/transport.ts";
import { NotSyncedError } from "#runtime/watch/cache.ts";
import type { Informers } from "#runtime/watch/informers.ts";
import { offersCertificates } from "../cluster-view/grants.ts";
import {
  endpointSlices,
  type Gateway,
  gatewayClasses,
  gateways,
  grpcRoutes,
  httpRoutes,
  namespaces,
  type ReferenceGrant,
  referenceGrants,
  secrets,
  services,
  tlsRoutes,
} from "../cluster-view/kinds.ts";
import type { ClusterObjects } from "../cluster-view/objects.ts";
import { accessPolicies, backendTlsPolicies, configMaps, deniedIdentities } from "../cluster-view/policy-kinds.ts";
import { controllerName } from "../cluster-view/view.ts";
import { SecretsByName } from "./secrets-by-name.ts";

/** Kinds that are watched in the whole cluster. */
const everywhere = {
  gatewayClasses,
  gateways,
  httpRoutes,
  grpcRoutes,
  tlsRoutes,
  referenceGrants,
  services,
  endpointSlices,
  namespaces,
  accessPolicies,
  deniedIdentities,
  backendTlsPolicies,
} as const;

/** How long changes are gathered before the view is made anew, milliseconds: they come in bursts. */
const gatherMs = 20;
/** How soon a namespace whose Secrets are not listed yet is looked at again, milliseconds. */
const againMs = 100;

/** Where something is read that is not read everywhere: in the namespaces that these objects name. */
interface Source {
  readonly of: Resource;
  readonly namespace: (object: KubeObject) => string | undefined;
}

const ownNamespace = ({ metadata }: KubeObject): string | undefined => metadata.namespace;
/** Certificates are a Gateway's neighbours, or in a namespace that lets Gateways of others refer to them. */
const ofCertificates: readonly Source[] = [
  { of: gateways as Resource, namespace: ownNamespace },
  {
    of: referenceGrants as Resource,
    namespace: (object) => (offersCertificates(object as ReferenceGrant) ? object.metadata.namespace : undefined),
  },
];
const ofAuthorities: readonly Source[] = [{ of: backendTlsPolicies as Resource, namespace: ownNamespace }];

/**
 * Calls `onObjects` with all objects, first when every kind has been listed and then after changes. Secrets are watched in the
 * namespaces of Gateways, and in those that let Gateways refer to theirs, or one by one where such a namespace may not be read;
 * ConfigMaps in those of BackendTLSPolicies. Gives what to wait for once the signal has ended it.
 */
export function watchCluster(
  informers: Informers,
  transport: Transport,
  onObjects: (objects: ClusterObjects) => void,
  signal: AbortSignal,
): { stopped(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  const byName = new SecretsByName(transport, () => schedule(gatherMs));
  const look = (): void => {
    timer = undefined;
    if (signal.aborted) return;
    const objects = read(informers, byName);
    if (objects === undefined) schedule(againMs);
    else onObjects(objects);
  };
  const schedule = (ms: number): void => {
    timer ??= setTimeout(look, ms);
  };
  for (const resource of Object.values(everywhere)) informers.need(resource);
  for (const within of ofAuthorities) informers.need(configMaps, { within });
  for (const within of ofCertificates) informers.need(secrets, { within });
  for (const resource of [...Object.values(everywhere), secrets, configMaps]) {
    informers.onChange(resource as Resource, () => schedule(gatherMs));
  }
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  // A cluster without an object of these kinds has a view, too.
  schedule(gatherMs);
  return { stopped: () => byName.close() };
}

/** The Gateways that are ours to serve. */
function ownGateways(informers: Informers): readonly Gateway[] {
  const classes = informers.list(gatewayClasses).filter(({ spec }) => spec?.controllerName === controllerName);
  return informers
    .list(gateways)
    .filter(({ spec }) => classes.some(({ metadata }) => metadata.name === spec?.gatewayClassName));
}

/** The certificates of Gateways in namespaces that may not be read as a whole, `namespace/name`. */
function certificatesIn(namespaces: readonly string[], all: readonly Gateway[]): ReadonlySet<string> {
  const refs = all.flatMap(({ metadata, spec }) =>
    (spec?.listeners ?? []).flatMap(({ tls }) =>
      (tls?.certificateRefs ?? []).map(({ namespace = metadata.namespace ?? "", name }) => ({ namespace, name })),
    ),
  );
  const own = refs.filter(({ namespace }) => namespaces.includes(namespace));
  return new Set(own.map(({ namespace, name }) => `${namespace}/${name}`));
}

/**
 * What is read in the namespaces of some objects alone. One that we may not read has nothing for us, and nobody waits for it:
 * whoever makes a Gateway anywhere would hold up all others.
 */
function readWithin<T extends KubeObject>(
  informers: Informers,
  resource: Resource<T>,
  sources: readonly Source[],
): { readonly objects: readonly T[]; readonly forbidden: readonly string[] } {
  const named = [
    ...new Set(
      sources.flatMap(({ of, namespace }) => informers.list(of).map(namespace)).filter((each) => each !== undefined),
    ),
  ];
  const forbidden = named.filter((namespace) => informers.isForbidden(resource as Resource, namespace));
  const readable = named.filter((namespace) => !forbidden.includes(namespace));
  return { objects: readable.flatMap((namespace) => informers.list(resource, namespace)), forbidden };
}

/** All objects; undefined while something has not been listed. */
function read(informers: Informers, byName: SecretsByName): ClusterObjects | undefined {
  try {
    const list = <T extends KubeObject>(resource: Resource<T>): readonly T[] => informers.list(resource);
    const certificates = readWithin(informers, secrets, ofCertificates);
    const authorities = readWithin(informers, configMaps, ofAuthorities);
    const wanted = certificatesIn(certificates.forbidden, ownGateways(informers));
    const known = byName.want(wanted);
    // Its first answer is on its way: without it a listener that serves would be taken away for a moment.
    if (known.size < wanted.size) return undefined;
    const named = [...known].flatMap(([, { secret }]) => secret ?? []);
    const readByName = new Set([...known].flatMap(([name, { state }]) => (state === "readable" ? [name] : [])));
    return {
      gatewayClasses: list(gatewayClasses),
      gateways: list(gateways),
      httpRoutes: list(httpRoutes),
      grpcRoutes: list(grpcRoutes),
      tlsRoutes: list(tlsRoutes),
      referenceGrants: list(referenceGrants),
      services: list(services),
      endpointSlices: list(endpointSlices),
      namespaces: list(namespaces),
      secrets: [...certificates.objects, ...named],
      readByName,
      configMaps: authorities.objects,
      unreadableIn: new Set([...certificates.forbidden, ...authorities.forbidden]),
      accessPolicies: list(accessPolicies),
      deniedIdentities: list(deniedIdentities),
      backendTlsPolicies: list(backendTlsPolicies),
    };
  } catch (error) {
    if (error instanceof NotSyncedError) return undefined;
    throw error;
  }
}
