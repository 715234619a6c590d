import {
  deployments,
  type Namespace,
  namespaces,
  networkPolicies,
  podDisruptionBudgets,
  serviceAccounts,
  services,
} from "#operator/api/foreign.ts";
import {
  CONTROLLER_NAME,
  childName,
  GATEWAY_LABEL,
  type Gateway,
  gatewayClasses,
  gateways,
} from "#operator/api/gateway-api.ts";
import { MANAGED_SELECTOR } from "#operator/api/marks.ts";
import { SpireError } from "#operator/clients/spire/spire-error.ts";
import type { Registrar } from "#operator/registration/registrar.ts";
import { type Desired, isDeleting, type KubeObject, keyOf, type ObjectKey } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { alreadyApplied } from "#runtime/client/applied.ts";
import { type Controller, defineController, type ReconcileContext, watch } from "#runtime/controller/definition.ts";
import { invalid, type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { childrenOf, serviceAccount } from "./children.ts";
import { ENTRIES, entriesOf, identifiedAmong } from "./identities.ts";
import { nameProblem } from "./names.ts";
import { ownershipOf } from "./ownership.ts";
import type { GatewayPlatform } from "./platform.ts";
import { portsOf } from "./ports.ts";

export interface GatewayDeps {
  readonly platform: GatewayPlatform;
  /** Where the proxies are registered. */
  readonly registrar: Pick<Registrar, "register">;
}

/** The kinds that are made of a Gateway, in the order in which they are taken away. */
const kinds = [deployments, services, podDisruptionBudgets, networkPolicies, serviceAccounts] as readonly Resource[];

/** Pods that are on their way out renew by an entry that is needed no more, milliseconds. */
const GRACE_MS = 600_000;
/** What others changed at SPIRE's server is corrected, and what nobody needs taken away, milliseconds. */
const LOOK_AGAIN_MS = 60_000;
const TRY_AGAIN_MS = 10_000;

/** How what we make is watched that no other controller watches. */
const MADE = {
  labelSelector: MANAGED_SELECTOR,
  within: { of: gateways as Resource, namespace: ({ metadata }: KubeObject) => metadata.namespace },
} as const;

interface Scope extends ReconcileContext<Gateway> {
  readonly deps: GatewayDeps;
}

/**
 * Runs the proxies of each Gateway of our classes. All that it makes is the Gateway's, and is collected with it. It says nothing
 * in the Gateway's status: the control plane does, which sees what is made here as everybody does, by the Service.
 */
export function gatewayControllers(deps: GatewayDeps): readonly Controller[] {
  const installation = { name: deps.platform.xds.namespace };
  return [
    defineController<Gateway, Scope>({
      name: "gateway",
      reconciles: gateways,
      observesOnly: true,
      watches: [
        watch(gatewayClasses, ({ metadata }, cache) =>
          cache
            .list(gateways)
            .filter(({ spec }) => spec?.gatewayClassName === metadata.name)
            .map(keyOf),
        ),
        ...[deployments, podDisruptionBudgets, serviceAccounts].map((resource) =>
          watch<KubeObject>(resource as Resource, gatewayOf, MADE),
        ),
        // As other controllers watch them.
        watch(services, gatewayOf),
        watch(networkPolicies, gatewayOf, { labelSelector: MANAGED_SELECTOR }),
      ],
      scope: (context) => ({ ...context, deps }),
      steps: [leaveOthers, checkNames, ensureAccount, register, ensureChildren],
    }),
    // The entries of Gateways that are gone, whose own passes are over, and it may be their class. They are the installation's,
    // and are looked at by its namespace, which is always there.
    defineController<Namespace, ReconcileContext<Namespace>>({
      name: "gateway-identities",
      reconciles: namespaces,
      observesOnly: true,
      watches: [
        watch(gateways, () => [installation]),
        watch(gatewayClasses, () => [installation]),
        watch<KubeObject>(serviceAccounts as Resource, () => [installation], MADE),
      ],
      scope: (context) => context,
      steps: [
        async ({ object, cache, now }) => {
          if (object.metadata.name !== installation.name) return settled();
          const problem = await registerAll(deps, cache, now, { afresh: false });
          return settled({ pollAfterMs: problem === undefined ? LOOK_AGAIN_MS : TRY_AGAIN_MS });
        },
      ],
    }),
  ];
}

/** The Gateway that an object was made of: by its label. */
function gatewayOf({ metadata: { namespace, labels } }: KubeObject): readonly ObjectKey[] {
  const name = labels?.[GATEWAY_LABEL];
  return name === undefined || namespace === undefined ? [] : [{ namespace, name }];
}

/**
 * Of a Gateway that another's class has, nothing of ours stays. A class that is not there says nothing: who deletes it by
 * mistake does not take all Gateways away.
 */
async function leaveOthers({ object, cache, kube }: Scope): Promise<Outcome> {
  const named = cache.get(gatewayClasses, { name: object.spec?.gatewayClassName ?? "" });
  if (named === undefined) return waiting(`GatewayClass ${object.spec?.gatewayClassName}`);
  if (isDeleting(object)) return waiting("all that was made of it to be collected");
  if (named.spec?.controllerName === CONTROLLER_NAME) return settled();
  const key = { namespace: object.metadata.namespace ?? "", name: childName(object.metadata.name) };
  for (const resource of kinds) {
    const current = cache.get(resource, key);
    if (current !== undefined && ownershipOf(current, object) === "ours")
      await kube.delete(resource, key, { uid: current.metadata.uid });
  }
  return waiting("another controller, whose class it has");
}

async function checkNames({ object, event }: Scope): Promise<Outcome> {
  const problem = nameProblem(object.metadata.name);
  if (problem === undefined)
    return portsOf(object).length > 0 ? settled() : waiting("a listener of HTTP, HTTPS or TLS");
  event("Warning", "InvalidName", `no proxies are run: ${problem}`);
  return invalid("metadata.name", problem);
}

/** First, so that nobody is registered whose account is somebody else's. */
function ensureAccount(scope: Scope): Promise<Outcome> {
  return ensure(scope, serviceAccount(scope.object));
}

/** Before the Deployment: so no pod starts before its identity is there. */
async function register({ object, cache, now, deps, event }: Scope): Promise<Outcome> {
  const { namespace = "", name } = object.metadata;
  const isKnown = cache.get(deployments, { namespace, name: childName(name) }) !== undefined;
  const problem = await registerAll(deps, cache, now, { afresh: !isKnown, also: object });
  // What is there goes on with what SPIRE has issued.
  if (problem === undefined || isKnown) return settled();
  event("Warning", "NotRegistered", `no proxies are run before they are registered: ${problem}`);
  return waiting(problem, { pollAfterMs: TRY_AGAIN_MS });
}

/**
 * Enters all Gateways' proxies with SPIRE; says why it could not.
 *
 * @param also one whose account the cache may not have yet
 */
async function registerAll(
  { platform, registrar }: GatewayDeps,
  cache: CacheReader,
  now: Date,
  { afresh, also }: { readonly afresh: boolean; readonly also?: Gateway },
): Promise<string | undefined> {
  const known = identifiedAmong(cache.list(gateways), cache.list(gatewayClasses), cache.list(serviceAccounts));
  const isNew = also !== undefined && !known.some(({ metadata }) => metadata.uid === also.metadata.uid);
  const wanted = entriesOf(platform.trustDomain, isNew ? [...known, also] : known);
  try {
    await registrar.register({ owner: ENTRIES, wanted, now, graceMs: GRACE_MS, afresh });
    return undefined;
  } catch (error) {
    if (!(error instanceof SpireError)) throw error;
    return error.message;
  }
}

async function ensureChildren(scope: Scope): Promise<Outcome> {
  const { object, cache, deps } = scope;
  // The first is there: the account.
  const children = childrenOf(object, deps.platform).slice(1);
  for (const desired of children) {
    const outcome = await ensure(scope, desired);
    if (outcome.kind !== "settled") return outcome;
  }
  const made = cache.get(deployments, keyOf(children.at(-1) as Desired));
  const failure = made?.status?.conditions?.find(({ type, status }) => type === "ReplicaFailure" && status === "True");
  if (failure?.message !== undefined) scope.event("Warning", "ProxiesNotMade", failure.message);
  return settled();
}

async function ensure({ object, cache, kube, fieldOwner, event }: Scope, desired: Desired): Promise<Outcome> {
  const resource = kinds.find(({ kind }) => kind === desired.kind);
  if (resource === undefined) throw new Error(`nothing is known of the kind ${desired.kind}`);
  const key = keyOf(desired);
  // What others made has none of our labels, and is not in the cache.
  const current = cache.get(resource, key) ?? (await kube.get(resource, key));
  const label = `${desired.kind} ${desired.metadata.name}`;
  switch (ownershipOf(current, object)) {
    case "former":
      return waiting(`${label} of an earlier Gateway to go`);
    case "foreign": {
      const problem = `${label} is there and not of this Gateway: delete it, or name the Gateway otherwise`;
      event("Warning", "NameTaken", problem);
      // What is not ours wakes nobody when it goes.
      return invalid("metadata.name", problem, { pollAfterMs: TRY_AGAIN_MS });
    }
    case "ours":
      if (alreadyApplied(current, desired)) return settled();
      break;
    case "free":
  }
  // Force: what the Gateway says of these fields counts, whoever changed them by hand.
  await kube.apply(resource, desired, { fieldOwner: fieldOwner("children"), force: true });
  return settled();
}
