import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject } from "../api/object.ts";
import { apiVersionOf, type Resource, resourceName, resourcePath } from "../api/resource.ts";
import { ApiError, apiErrorOf, isApiError } from "../client/errors.ts";
import { stripNoise } from "../client/strip.ts";
import type { ApiRequest, Transport } from "../client/transport.ts";

/** Where a reflector puts what it sees. */
export interface Sink {
  replace(objects: readonly KubeObject[], version: number): void;
  upsert(object: KubeObject): void;
  remove(object: KubeObject, version: number): void;
}

export interface ReflectorOptions {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly metadataOnly?: boolean;
  readonly labelSelector?: string;
  /** `metadata.name=NAME`: RBAC's `resourceNames` let a watch of one object through by it. */
  readonly fieldSelector?: string;
  readonly sink: Sink;
  /** The longest pause after failures that follow each other, milliseconds; 20 s if not said. */
  readonly mostBackoffMs?: number;
  /** Told of each failure; the reflector goes on by itself. */
  readonly onError: (error: Error) => void;
  /** Told whenever the API server said something: an event, a bookmark, the end of a list. */
  readonly onAlive: () => void;
}

interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: KubeObject & { readonly code?: number; readonly message?: string };
}

/** The server ends a watch after this long, chosen anew each time so that many watches do not end together. */
const WATCH_SECONDS = { least: 240, spread: 240 };
/** Past the server's own end the connection is dead and we cut it. A healthy silent watch is never cut. */
const DEADLINE_GRACE_MS = 15_000;
const BACKOFF_MS = { first: 200, most: 20_000 };
const INITIAL_EVENTS_END = "k8s.io/initial-events-end";
const PAGE = 500;

/**
 * Keeps a sink equal to a kind's objects at the API server until the signal ends it. It takes the first state as a
 * stream where the server can (KEP-3157, WatchList), else by paged lists; goes on from bookmarks; starts anew when its
 * version has been compacted away (410); backs off, with jitter, from everything else. It never gives up.
 */
export async function reflect(transport: Transport, options: ReflectorOptions, signal: AbortSignal): Promise<void> {
  const { resource } = options;
  let version: string | undefined;
  let streamed = true;
  let failures = 0;

  const seen = (at: string | undefined): void => {
    if (at !== undefined) version = at;
    failures = 0;
    options.onAlive();
  };

  while (!signal.aborted) {
    try {
      if (version === undefined && !streamed) seen(await listInto(transport, options, signal));
      await follow(transport, options, signal, version, seen);
    } catch (error) {
      if (signal.aborted) return;
      if (isApiError(error, "Expired") || isApiError(error, "NotFound")) version = undefined;
      else if (version === undefined && streamed && (isApiError(error, "Invalid") || isStatus(error, 400))) {
        // This server (or this kind's, where it is aggregated) does not stream initial state.
        streamed = false;
        continue;
      }
      options.onError(error instanceof Error ? error : new Error(`watch ${resourceName(resource)}: ${String(error)}`));
      failures += 1;
      const most = Math.min(options.mostBackoffMs ?? BACKOFF_MS.most, BACKOFF_MS.first * 2 ** Math.min(failures, 16));
      await sleep(most * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
    }
  }
}

/** One watch, from `version` or with the initial state streamed first. Returns when the server ends it. */
async function follow(
  transport: Transport,
  options: ReflectorOptions,
  signal: AbortSignal,
  version: string | undefined,
  seen: (version: string | undefined) => void,
): Promise<void> {
  const seconds = Math.round(WATCH_SECONDS.least + Math.random() * WATCH_SECONDS.spread);
  const request = {
    ...requestOf(options, "watch", {
      watch: true,
      allowWatchBookmarks: true,
      timeoutSeconds: seconds,
      resourceVersion: version,
      ...(version === undefined ? { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" } : {}),
    }),
    signal,
    deadlineMs: seconds * 1000 + DEADLINE_GRACE_MS,
  };
  // Until the initial state is whole, what arrives is held back: a half list must not look like deletions.
  let initial: Map<string, KubeObject> | undefined = version === undefined ? new Map() : undefined;
  for await (const line of transport.lines(request)) {
    const { type, object } = line as WatchEvent;
    if (type === "ERROR") throw apiErrorOf(`watch ${request.resource}`, object.code ?? 500, JSON.stringify(object));
    const at = object.metadata.resourceVersion;
    if (type === "BOOKMARK") {
      if (initial !== undefined && object.metadata.annotations?.[INITIAL_EVENTS_END] === "true") {
        options.sink.replace([...initial.values()], Number(at));
        initial = undefined;
      }
      if (initial === undefined) seen(at);
      continue;
    }
    const clean = stripNoise(withType(options, object));
    if (initial !== undefined) {
      if (type === "DELETED") initial.delete(clean.metadata.uid);
      else initial.set(clean.metadata.uid, clean);
      options.onAlive();
    } else {
      if (type === "DELETED") options.sink.remove(clean, Number(at));
      else options.sink.upsert(clean);
      seen(at);
    }
  }
}

/** All pages of one consistent list; gives its version. */
async function listInto(transport: Transport, options: ReflectorOptions, signal: AbortSignal): Promise<string> {
  const objects: KubeObject[] = [];
  let next: string | undefined;
  let version = "0";
  do {
    const page = (await transport.send({ ...requestOf(options, "list", { limit: PAGE, continue: next }), signal })) as {
      readonly items?: readonly KubeObject[];
      readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
    };
    for (const item of page.items ?? []) objects.push(stripNoise(withType(options, item)));
    version = page.metadata.resourceVersion;
    next = page.metadata.continue === "" ? undefined : page.metadata.continue;
  } while (next !== undefined);
  options.sink.replace(objects, Number(version));
  return version;
}

function requestOf(
  options: ReflectorOptions,
  verb: "list" | "watch",
  query: NonNullable<ApiRequest["query"]>,
): ApiRequest {
  const partial = verb === "list" ? "PartialObjectMetadataList" : "PartialObjectMetadata";
  return {
    method: "GET",
    verb,
    resource: resourceName(options.resource),
    subject: options.namespace ?? "",
    path: resourcePath(options.resource, options.namespace),
    query: { ...query, labelSelector: options.labelSelector, fieldSelector: options.fieldSelector },
    ...(options.metadataOnly === true ? { accept: `application/json;as=${partial};g=meta.k8s.io;v=v1` } : {}),
  };
}

/** Items of lists name no kind, and metadata-only objects name PartialObjectMetadata. */
function withType(options: ReflectorOptions, object: KubeObject): KubeObject {
  if (options.metadataOnly !== true && object.kind !== undefined) return object;
  return { ...object, apiVersion: apiVersionOf(options.resource), kind: options.resource.kind };
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof ApiError && error.status === status;
}
