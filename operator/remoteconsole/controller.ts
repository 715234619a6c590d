import { coreSecrets } from "#operator/api/foreign.ts";
import type { Project } from "#operator/api/generated/project.ts";
import type { RemoteConsole } from "#operator/api/generated/remoteconsole.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { projects, remoteConsoles, servers } from "#operator/api/resources.ts";
import { consoleUrl, hashOf, newToken } from "#operator/console-token.ts";
import { durationMs } from "#runtime/api/duration.ts";
import { keyOf, keyText } from "#runtime/api/object.ts";
import { timeText } from "#runtime/api/time.ts";
import {
  type Controller,
  defineController,
  index,
  type ReconcileContext,
  watch,
} from "#runtime/controller/definition.ts";
import { invalid, type Outcome, settled } from "#runtime/controller/outcome.ts";
import { CONSOLES_SECRET, mayStay, type NewUrl, secretChange } from "./children.ts";
import { type Decision, decide } from "./decide.ts";
import { deletionTime, type Given, outcomeOf, statusOf } from "./status.ts";

/** From a namespace to the Project that has taken it. */
const PROJECT_BY_NAMESPACE = "remoteconsole:project-by-namespace";
/** From a Server to the RemoteConsoles that name it. */
const CONSOLES_OF_SERVER = "remoteconsole:server";
/** From a namespace to its RemoteConsoles whose URLs wait for their connection. */
const OPEN_URLS = "remoteconsole:open-urls";

export interface RemoteConsoleDependencies {
  /** Scheme, host and port by which people reach the console proxy; undefined where there is none. */
  readonly consoleOrigin: string | undefined;
}

/** What the steps of one pass share. */
interface Scope {
  readonly context: ReconcileContext<RemoteConsole>;
  readonly deps: RemoteConsoleDependencies;
  readonly namespace: string;
  readonly decision: Decision;
  /** Set when the URL that was made in this pass is in the Secret. */
  given?: Given;
  /** Whether the URL was taken out of the Secret in this pass. */
  isTakenAway: boolean;
}

export function remoteConsoleController(deps: RemoteConsoleDependencies): Controller {
  return defineController<RemoteConsole, Scope>({
    name: "remoteconsole",
    reconciles: remoteConsoles,
    watches: [
      // What the console proxy says is in the status alone, whose changes wake nobody by themselves.
      watch(remoteConsoles, (request) => (wasJustUsed(request) ? [keyOf(request)] : [])),
      watch(servers, (server, cache) =>
        cache.byIndex(remoteConsoles, CONSOLES_OF_SERVER, keyText(keyOf(server))).map(keyOf),
      ),
      watch(projects, ({ status }, cache) =>
        status?.namespace === undefined ? [] : cache.list(remoteConsoles, status.namespace).map(keyOf),
      ),
    ],
    indexes: [
      index<Project>(projects, PROJECT_BY_NAMESPACE, ({ status }) =>
        status?.namespace === undefined ? [] : [status.namespace],
      ),
      index<RemoteConsole>(remoteConsoles, CONSOLES_OF_SERVER, ({ metadata, spec }) => [
        keyText({ namespace: metadata.namespace ?? "", name: spec.serverRef.name }),
      ]),
      index<RemoteConsole>(remoteConsoles, OPEN_URLS, (request) =>
        request.status?.tokenHash !== undefined && mayStay(request) ? [request.metadata.namespace ?? ""] : [],
      ),
    ],
    scope: (context) => scopeOf(context, deps),
    steps: [giveUrl, takeUrlAway, deleteFinished, report],
    // Or its owner could keep a connection against the administrator.
    evenPaused: ({ metadata }, cache) =>
      cache.byIndex(projects, PROJECT_BY_NAMESPACE, metadata.namespace ?? "")[0]?.spec.enabled === false,
    status: ({ context, decision, ...done }) => statusOf(context.object, decision, done, context.now),
  });
}

function wasJustUsed({ status }: RemoteConsole): boolean {
  return status?.usedAt !== undefined && status.phase === "Issued";
}

function scopeOf(context: ReconcileContext<RemoteConsole>, deps: RemoteConsoleDependencies): Scope {
  const { object: request, cache, now } = context;
  const namespace = request.metadata.namespace ?? "";
  const project = cache.byIndex(projects, PROJECT_BY_NAMESPACE, namespace)[0];
  const server: Server | undefined = cache.get(servers, { namespace, name: request.spec.serverRef.name });
  const openUrls = cache.byIndex(remoteConsoles, OPEN_URLS, namespace).length;
  const decision = decide(request, { project, server, openUrls, hasProxy: deps.consoleOrigin !== undefined, now });
  return { context, deps, namespace, decision, isTakenAway: false };
}

/**
 * A URL is put into the Secret, and then what is known of it into the status. A pass that was cut between the two makes another,
 * and the first is good for nothing.
 */
async function giveUrl(scope: Scope): Promise<Outcome> {
  const { context, deps, namespace, decision } = scope;
  const { object: request, now } = context;
  if (decision.kind !== "issue" || deps.consoleOrigin === undefined) return settled();
  const token = newToken();
  const url = consoleUrl(deps.consoleOrigin, { namespace, name: request.metadata.name, token });
  const outcome = await writeSecret(scope, { request, url });
  if (outcome.kind !== "settled") return outcome;
  const expiresAt = timeText(new Date(now.getTime() + durationMs(request.spec.expiresAfter)));
  scope.given = { serverUID: decision.serverUID, tokenHash: hashOf(token), expiresAt };
  const { name } = request.spec.serverRef;
  context.event(
    "Normal",
    "Issued",
    `The URL of the ${request.spec.protocol} console of Server ${name} is good until ${expiresAt}`,
  );
  return settled();
}

/** A URL that is good no more does not stay in the Secret. */
async function takeUrlAway(scope: Scope): Promise<Outcome> {
  const { context, decision } = scope;
  const isOver = decision.kind === "used" || decision.kind === "over";
  if (!isOver || context.object.status?.secret === undefined) return settled();
  const outcome = await writeSecret(scope);
  if (outcome.kind !== "settled") return outcome;
  scope.isTakenAway = true;
  if (decision.kind === "over") context.event("Normal", decision.phase, decision.why);
  return settled();
}

/** One that is finished goes after its time, as a Job does: nothing else bounds how many there are. */
async function deleteFinished({ context, decision }: Scope): Promise<Outcome> {
  const { object: request, kube, now } = context;
  const at = deletionTime(request, decision, now);
  if (at === undefined || at > now) return settled();
  const { uid, resourceVersion } = request.metadata;
  await kube.delete(remoteConsoles, keyOf(request), { uid, resourceVersion });
  return settled();
}

async function report({ context, decision, given }: Scope): Promise<Outcome> {
  const now: Decision = given === undefined ? decision : { kind: "issued", expiresAt: new Date(given.expiresAt) };
  return outcomeOf(context.object, now, context.now);
}

/** Makes the Secret what {@link secretChange} says. One that changed meanwhile is a Conflict, and the pass comes again. */
async function writeSecret({ context, namespace }: Scope, added?: NewUrl): Promise<Outcome> {
  const { kube, cache, object: request } = context;
  const key = { namespace, name: CONSOLES_SECRET };
  const current = await kube.get(coreSecrets, key);
  // After the Secret: what is in it belongs to an object that was known before.
  const given = cache
    .list(remoteConsoles, namespace)
    .filter((each) => mayStay(each) && each.metadata.uid !== request.metadata.uid);
  const change = secretChange(namespace, current, given, added);
  switch (change.kind) {
    case "none":
      return settled();
    case "create":
      await kube.create(coreSecrets, change.object);
      return settled();
    case "patch":
      await kube.mergePatch(coreSecrets, key, change.patch);
      return settled();
    case "delete":
      await kube.delete(coreSecrets, key, change);
      return settled();
    case "foreign":
      return invalid("metadata.namespace", `core Secret ${keyText(key)} exists and is not the operator's: delete it`, {
        pollAfterMs: 60_000,
      });
    default:
      return change satisfies never;
  }
}
