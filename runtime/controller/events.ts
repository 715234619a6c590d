import { createHash } from "node:crypto";
import type { KubeObject } from "../api/object.ts";
import { defineResource, type Resource } from "../api/resource.ts";
import { microTimeText } from "../api/time.ts";
import { isApiError } from "../client/errors.ts";
import type { KubeClient } from "../client/kube-client.ts";
import type { Logger } from "../observe/log.ts";

/** events.k8s.io/v1 allows 1024 bytes in a note. */
const NOTE_LIMIT = 1000;
/** The same event within this time is counted in a series instead of being written again. */
const SERIES_MS = 10 * 60_000;
/** A series is brought up to date at most this often. */
const SERIES_WRITE_MS = 60_000;
const REMEMBERED = 2_000;

const events: Resource = defineResource({
  group: "events.k8s.io",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
});

export interface Happening {
  readonly object: KubeObject;
  readonly type: "Normal" | "Warning";
  /** CamelCase, what happened. */
  readonly reason: string;
  /** CamelCase, what was being done. */
  readonly action: string;
  readonly message: string;
}

interface Series {
  readonly name: string;
  readonly namespace: string;
  count: number;
  firstAt: number;
  writtenAt: number;
}

/** Writes events about objects. An event that cannot be written is logged and lost: it is never a reason to fail. */
export class EventRecorder {
  readonly #kube: KubeClient;
  readonly #log: Logger;
  readonly #reporter: { readonly controller: string; readonly instance: string };
  readonly #series = new Map<string, Series>();

  constructor(kube: KubeClient, log: Logger, reporter: { readonly controller: string; readonly instance: string }) {
    this.#kube = kube;
    this.#log = log;
    this.#reporter = reporter;
  }

  record(happening: Happening, now: Date): void {
    void this.#write(happening, now).catch((error: unknown) => {
      this.#log.warn({ err: error, reason: happening.reason }, "an event could not be written");
    });
  }

  async #write(happening: Happening, now: Date): Promise<void> {
    const { object, type, reason, action } = happening;
    const note = happening.message.slice(0, NOTE_LIMIT);
    const identity = createHash("sha256").update([object.metadata.uid, type, reason, note].join("\n")).digest("hex");
    const at = microTimeText(now);
    const known = this.#series.get(identity);
    if (known !== undefined && now.getTime() - known.firstAt < SERIES_MS) {
      known.count += 1;
      if (now.getTime() - known.writtenAt < SERIES_WRITE_MS) return;
      known.writtenAt = now.getTime();
      const series = { count: known.count, lastObservedTime: at };
      const found = await this.#kube.mergePatch(events, { namespace: known.namespace, name: known.name }, { series });
      if (found !== undefined) return;
    }
    // Events about cluster-scoped objects live in `default`, as everywhere in Kubernetes.
    const namespace = object.metadata.namespace ?? "default";
    const name = `${object.metadata.name.slice(0, 200)}.${identity.slice(0, 16)}.${now.getTime().toString(36)}`;
    this.#remember(identity, { name, namespace, count: 1, firstAt: now.getTime(), writtenAt: now.getTime() });
    try {
      await this.#kube.create(events, {
        apiVersion: "events.k8s.io/v1",
        kind: "Event",
        metadata: { name, namespace },
        eventTime: at,
        reportingController: this.#reporter.controller,
        reportingInstance: this.#reporter.instance,
        type,
        reason,
        action,
        note,
        regarding: {
          apiVersion: object.apiVersion,
          kind: object.kind,
          name: object.metadata.name,
          uid: object.metadata.uid,
          resourceVersion: object.metadata.resourceVersion,
          ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
        },
      });
    } catch (error) {
      // A namespace that is ending takes no new events: there is nobody left to read them.
      if (!isApiError(error, "Forbidden") && !isApiError(error, "NotFound")) throw error;
    }
  }

  #remember(identity: string, series: Series): void {
    this.#series.delete(identity);
    this.#series.set(identity, series);
    if (this.#series.size <= REMEMBERED) return;
    for (const oldest of this.#series.keys()) {
      this.#series.delete(oldest);
      return;
    }
  }
}
