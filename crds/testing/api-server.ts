import { setTimeout as sleep } from "node:timers/promises";
import { readClusterFile } from "#e2e/cluster/cluster-file.ts";
import { clusterLocation } from "#e2e/cluster/location.ts";
import { connect } from "#runtime/client/connection.ts";
import { ApiError } from "#runtime/client/errors.ts";
import { createTransport } from "#runtime/client/transport.ts";
import type { Manifest } from "./rule-case.ts";

/** Who sends a request. Without one, the cluster's administrator. */
export interface User {
  readonly user: string;
  readonly groups?: readonly string[];
}

/** Says what the API server thinks of a write: `accepted`, or the message of its refusal. */
export type Verdict = string;
export const ACCEPTED: Verdict = "accepted";

type Method = "POST" | "PUT" | "DELETE" | "GET";
type Query = Readonly<Record<string, string>>;

export interface Sender {
  /** Sends and gives the answer. @throws ApiError */
  send(method: Method, path: string, body?: unknown): Promise<Answer>;
  /** Sends as a dry run, which passes all of admission and validation and stores nothing. */
  judge(method: Method, path: string, body?: unknown, query?: Query): Promise<Verdict>;
  close(): Promise<void>;
}

export interface Answer extends Manifest {
  readonly metadata: Manifest["metadata"] & { readonly resourceVersion: string; readonly deletionTimestamp?: string };
}

/**
 * A connection to the API server of the local cluster as one user.
 * @throws Error when the local cluster is not running; vitest's set-up starts it
 */
export async function senderAs(who?: User): Promise<Sender> {
  const { stateDir } = clusterLocation();
  const kubeconfig = readClusterFile(stateDir)?.kubeconfigPath;
  if (kubeconfig === undefined)
    throw new Error(`no cluster runs with its state in ${stateDir}: CLUSTER=control make up`);
  const connection = await connect({ kubeconfig, ...(who === undefined ? {} : { impersonate: who }) });
  const transport = createTransport(connection, { userAgent: "nephele-rules-test" });
  const send = (method: Method, path: string, body: unknown, query: Query): Promise<unknown> =>
    transport.send({
      method,
      path,
      verb: method,
      resource: path,
      subject: "",
      query,
      ...(body === undefined ? {} : { body }),
    });
  const make = async (path: string, body: Manifest): Promise<Answer> => {
    const made = (await send("POST", path, paused(body), {})) as Answer;
    const seen = async (): Promise<Answer> =>
      (await send("GET", `${path}/${made.metadata.name}`, undefined, {})) as Answer;
    return (await untilSeen(seen)) ?? made;
  };
  return {
    send: async (method, path, body) =>
      method === "POST" && isOurs(body as Manifest)
        ? make(path, body as Manifest)
        : ((await send(method, path, body, {})) as Answer),
    async judge(method, path, body, query = {}) {
      try {
        await send(method, path, body, { ...query, dryRun: "All" });
        return ACCEPTED;
      } catch (error) {
        if (error instanceof ApiError && error.status >= 400 && error.status < 500) return error.message;
        throw error;
      }
    },
    close: () => connection.close(),
  };
}

function isOurs(object: Manifest): boolean {
  return object.apiVersion.startsWith("nephele.dev/");
}

/** Objects of ours are made paused: the rules are judged, and no project comes to be in Keystone. */
function paused(object: Manifest): Manifest {
  const { annotations } = object.metadata as { readonly annotations?: Readonly<Record<string, string>> };
  return { ...object, metadata: { ...object.metadata, annotations: { ...annotations, "nephele.dev/paused": "true" } } };
}

/** The object once the operator has said that it leaves it alone, so that it does not change between our reads and writes. */
async function untilSeen(read: () => Promise<Answer>): Promise<Answer | undefined> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const object = await read();
    // The operator's kinds have a status from the first moment; the others are nothing to it.
    if (object["status"] === undefined) return object;
    const { conditions = [] } = (object["status"] ?? {}) as {
      readonly conditions?: readonly { readonly reason: string }[];
    };
    if (conditions.some(({ reason }) => reason === "Paused")) return object;
    await sleep(20);
  }
  return undefined;
}

/** Asks until the verdict is as wanted, or gives the last one: policies and rights take effect a moment after they are made. */
export async function eventually(ask: () => Promise<Verdict>, wanted: (verdict: Verdict) => boolean): Promise<Verdict> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const verdict = await ask();
    if (wanted(verdict) || Date.now() > deadline) return verdict;
    await sleep(100);
  }
}

/** Asks until a policy that was just made is at work, and gives what it says. */
export async function untilRefused(ask: () => Promise<Verdict>): Promise<Verdict> {
  const verdict = await eventually(ask, (each) => each !== ACCEPTED);
  if (verdict === ACCEPTED) throw new Error("no policy refuses it after 20 s");
  return verdict;
}

/** A name that no other test uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${Math.random().toString(36).slice(2, 10)}`;
}
