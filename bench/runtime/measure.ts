import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Resource, resourceName } from "#runtime/api/resource.ts";
import { isApiError } from "#runtime/client/errors.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import type { Transport } from "#runtime/client/transport.ts";
import type { Bed } from "../bed.ts";
import { copyObjects } from "../copies.ts";
import { watchReady } from "../watch-ready.ts";
import { configMaps, makeSamples, namespace, removeSamples, sampleName, samples } from "./samples.ts";
import { type Contender, type Subject, start } from "./subject.ts";

export interface Bench {
  readonly bed: Bed;
  readonly kube: KubeClient;
  readonly transport: Transport;
}

/** Objects made while the controller runs, until the last is Ready. */
export interface Throughput {
  readonly objectsPerSecond: number;
  /** Processor milliseconds of the controller for each object, up to a second after the last one. */
  readonly cpuMsPerObject: number;
  readonly userAgent: string;
}

/** Resident bytes, settled and after a garbage collection. */
export interface Memory {
  readonly rss: number;
  readonly collectedRss: number;
}

/** A start with all objects in place, until each has been looked at. */
export interface Restart {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Bytes, five seconds later, at the highest until then, and after a garbage collection. */
  readonly rss: number;
  readonly peakRss: number;
  readonly collectedRss: number;
  readonly userAgent: string;
}

const SETTLE_MS = 5_000;
const SERVED_WITHIN_MS = 60_000;
/** An alarm: many times what any of it takes on a machine that does nothing else. */
const DEADLINE_MS = 30 * 60_000;
/** Made before the measuring begins: both programs have then opened their connections, and V8 has compiled. */
export const WARM_UP = 200;
let runs = 0;

/** Each run has a user agent of its own, so that its writes can be told apart in the audit log. */
function begin(
  bench: Bench,
  contender: Contender,
  workers: number,
  expect = 0,
): { subject: Subject; userAgent: string } {
  runs += 1;
  const userAgent = `${contender.name}/${runs}`;
  const logFile = join(bench.bed.logsDir, `${contender.name}.log`);
  const options = { kubeconfig: bench.bed.kubeconfig, logFile, userAgent, workers, expect };
  return { subject: start(contender, options), userAgent };
}

function allReady({ transport }: Bench, count: number): Promise<number> {
  return watchReady(transport, samples, namespace, count, DEADLINE_MS);
}

export async function throughput(
  bench: Bench,
  contender: Contender,
  options: { readonly workers: number; readonly objects: number },
): Promise<Throughput> {
  const { objects, workers } = options;
  const { subject, userAgent } = begin(bench, contender, workers);
  try {
    await subject.said("ready");
    await Promise.all([allReady(bench, WARM_UP), makeSamples(bench.kube, WARM_UP)]);
    await delay(1_000);
    const ready = allReady(bench, WARM_UP + objects);
    ready.catch(() => undefined);
    const [cpu, started] = [subject.cpuSeconds(), performance.now()];
    const [ended] = await Promise.all([ready, makeSamples(bench.kube, objects, WARM_UP)]);
    await delay(1_000);
    return {
      objectsPerSecond: (objects * 1000) / (ended - started),
      cpuMsPerObject: ((subject.cpuSeconds() - cpu) * 1000) / objects,
      userAgent,
    };
  } finally {
    await subject.stop();
    await removeSamples(bench.transport);
  }
}

/** Resident bytes with nothing to watch, settled and after a garbage collection. */
export async function emptyMemory(bench: Bench, contender: Contender): Promise<Memory> {
  const { subject } = begin(bench, contender, 10);
  try {
    await subject.said("ready");
    await delay(SETTLE_MS);
    return { rss: subject.memory().now, collectedRss: await subject.memoryCollected() };
  } finally {
    await subject.stop();
  }
}

/** Has a contender bring one object to Ready, and copies it with its ConfigMap until there are so many. They stay. */
export async function fill(bench: Bench, contender: Contender, objects: number): Promise<void> {
  const { subject } = begin(bench, contender, 10);
  try {
    await subject.said("ready");
    await Promise.all([allReady(bench, 1), makeSamples(bench.kube, 1)]);
  } finally {
    await subject.stop();
  }
  const key = { namespace, name: sampleName(0) };
  const [sample, child] = await Promise.all([bench.kube.get(samples, key), bench.kube.get(configMaps, key)]);
  if (sample === undefined || child === undefined) throw new Error("the Sample that is to be copied has gone");
  const originals = [
    { key: `/registry/${samples.group}/samples/${namespace}/${key.name}`, uid: sample.metadata.uid },
    { key: `/registry/configmaps/${namespace}/${key.name}`, uid: child.metadata.uid },
  ];
  await copyObjects(bench.bed.etcd, originals, key.name, objects - 1, (at) => sampleName(at + 1));
  for (const resource of [samples, configMaps]) await untilServed(bench.kube, resource, objects);
}

/**
 * Waits until the API server serves all copies. Many of them have one revision of etcd, which nothing that goes through
 * the API server has: who lists while its cache takes such a revision in gets a part of it, and never the rest.
 */
async function untilServed(kube: KubeClient, resource: Resource, count: number): Promise<void> {
  const end = Date.now() + SERVED_WITHIN_MS;
  for (;;) {
    let served = 0;
    try {
      served = (await kube.list(resource, { namespace })).length;
    } catch (error) {
      // Its cache is behind what etcd has.
      if (!isApiError(error, "Timeout")) throw error;
    }
    if (served >= count) return;
    if (Date.now() > end) throw new Error(`${served} of ${count} ${resourceName(resource)} are served`);
    await delay(100);
  }
}

export async function restart(bench: Bench, contender: Contender, objects: number): Promise<Restart> {
  const started = performance.now();
  const { subject, userAgent } = begin(bench, contender, 10, objects);
  try {
    const ended = await subject.said("seen");
    const cpuSeconds = subject.cpuSeconds();
    await delay(SETTLE_MS);
    const { now, peak } = subject.memory();
    return {
      seconds: (ended - started) / 1000,
      cpuSeconds,
      rss: now,
      peakRss: peak,
      collectedRss: await subject.memoryCollected(),
      userAgent,
    };
  } finally {
    await subject.stop();
  }
}
