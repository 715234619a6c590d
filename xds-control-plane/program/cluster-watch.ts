import type { KubeObject } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import type { Transport } from "#runtime/client/transport.ts";
import type { Logger } from "#runtime/observe/log.ts";
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
import type { ClusterObjects, ReadByName } from "../cluster-view/objects.ts";
import {
  accessPolicies,
  backendTlsPolicies,
  configMaps,
  deniedIdentities,
  edgePolicies,
} from "../cluster-view/policy-kinds.ts";
import { controllerName } from "../cluster-view/view.ts";
import { type ByName, certificatesByName, WholeGateways } from "./certificates-by-name.ts";
import { type Known, SecretsByName } from "./secrets-by-name.ts";

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
  edgePolicies,
  backendTlsPolicies,
} as const;

/** How long changes are gathered before the view is made anew, milliseconds: they come in bursts. */
const gatherMs = 20;
/** How soon a namespace whose Secrets are not listed yet is looked at again, milliseconds. */
const againMs = 100;
/**
 * How long the first view waits for certificates that are read one by one, milliseconds: at a start nothing is known of what
 * served before. Later nothing waits for them.
 */
const firstAnswersMs = 5_000;
/** What may be another answer soon: one that failed is asked for again. */
const mayCome: readonly ReadByName[] = ["awaited", "failed"];

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
  log: Logger,
  onObjects: (objects: ClusterObjects) => void,
  signal: AbortSignal,
): { stopped(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  const byName = new SecretsByName(transport, {
    onChange: () => schedule(gatherMs),
    onFailure: (secret, error) => log.info({ secret, reason: error.message }, "a certificate is not read"),
  });
  const whole = new WholeGateways();
  // Once there was a view nothing waits any more.
  let waitsUntil: number | undefined;
  const look = (): void => {
    timer = undefined;
    if (signal.aborted) return;
    const objects = read(informers, byName, whole);
    const isAwaited = objects !== undefined && [...objects.byName.values()].some((state) => mayCome.includes(state));
    if (isAwaited) waitsUntil ??= Date.now() + firstAnswersMs;
    if (objects === undefined || (isAwaited && Date.now() < (waitsUntil ?? 0))) {
      schedule(againMs);
      return;
    }
    waitsUntil = 0;
    onObjects(objects);
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

/** What is known of the certificates that are read one by one. */
function statesOf({ wanted, excess }: ByName, known: ReadonlyMap<string, Known>): ReadonlyMap<string, ReadByName> {
  const states = new Map<string, ReadByName>([...excess].map((name) => [name, "excess"]));
  for (const names of wanted.values()) for (const name of names) states.set(name, "awaited");
  for (const [name, { state }] of known) states.set(name, state);
  return states;
}

/** All objects; undefined while something has not been listed. */
function read(informers: Informers, byName: SecretsByName, whole: WholeGateways): ClusterObjects | undefined {
  try {
    const list = <T extends KubeObject>(resource: Resource<T>): readonly T[] => informers.list(resource);
    const certificates = readWithin(informers, secrets, ofCertificates);
    const authorities = readWithin(informers, configMaps, ofAuthorities);
    const grants = list(referenceGrants);
    const asked = certificatesByName(ownGateways(informers), new Set(certificates.forbidden), grants);
    const known = byName.want(whole.names(asked));
    const seen = whole.seen(asked, new Set(known.keys()));
    const named = [...known.values()].flatMap(({ secret }) => secret ?? []);
    return {
      gatewayClasses: list(gatewayClasses),
      gateways: list(gateways).map((gateway) => seen.get(gateway) ?? gateway),
      httpRoutes: list(httpRoutes),
      grpcRoutes: list(grpcRoutes),
      tlsRoutes: list(tlsRoutes),
      referenceGrants: grants,
      services: list(services),
      endpointSlices: list(endpointSlices),
      namespaces: list(namespaces),
      secrets: [...certificates.objects, ...named],
      byName: statesOf(asked, known),
      configMaps: authorities.objects,
      unreadableIn: new Set([...certificates.forbidden, ...authorities.forbidden]),
      accessPolicies: list(accessPolicies),
      deniedIdentities: list(deniedIdentities),
      edgePolicies: list(edgePolicies),
      backendTlsPolicies: list(backendTlsPolicies),
    };
  } catch (error) {
    if (error instanceof NotSyncedError) return undefined;
    throw error;
  }
}
