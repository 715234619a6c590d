import { cpuSeconds, memory } from "../usage.ts";
import { type Load, startLoad } from "./client.ts";
import { type Contender, type Ours, type Side, start } from "./contenders.ts";
import { type Given, given, world } from "./world.ts";

/** One kind of change, many times. */
export interface Changes {
  /** Processor milliseconds of the control plane a change. */
  readonly cpuMs: number;
  /** From each change to the last stream's acknowledgement of it, milliseconds. */
  readonly untilLastMs: readonly number[];
  /** What a stream was sent for a change. */
  readonly bytes: number;
}

/** One start of a control plane with its streams. */
export interface Run {
  readonly syncSeconds: number;
  readonly syncCpuSeconds: number;
  /** Resident bytes before the first stream, and at the highest. */
  readonly idle: number;
  readonly peak: number;
  readonly changes: Readonly<Record<string, Changes>>;
}

export interface Size {
  readonly streams: number;
  readonly services: number;
}

/** A kind of change: what each stream is to be sent because of it. */
export interface ChangeKind {
  readonly name: string;
  readonly times: number;
  readonly kind: "cluster" | "endpoint";
  readonly resources: number;
}

/** Done before it is counted, so that V8 has compiled and Go's heap has grown. */
const warmUp = 3;

/** Nothing comes for so long between changes, so that they are not merged by a debounce and each stands for itself. */
const quietMs = 150;

/** Starts a side with nothing compiled or kept, has it serve, and measures each kind of change in turn. */
export async function measure(
  side: Side,
  { streams, services }: Size,
  kinds: readonly ChangeKind[],
  ours: Ours,
): Promise<Run> {
  const contender = await start(side, ours);
  const load = await startLoad();
  try {
    await contender.change(world(services));
    const [idle, cpu, since] = [memory(contender.pid).now, cpuSeconds(contender.pid), now()];
    const synced = await load.open(contender.port, streams, services);
    await load.settle(quietMs);
    const syncCpuSeconds = cpuSeconds(contender.pid) - cpu;
    const changes: Record<string, Changes> = {};
    for (const each of kinds) changes[each.name] = await changing(contender, load, each, streams);
    const { peak } = memory(contender.pid);
    return { syncSeconds: (synced.at - since) / 1000, syncCpuSeconds, idle, peak, changes };
  } finally {
    await load.close();
    await contender.close();
  }
}

/** Another at each change, so that each is one. */
let value = 1000;

function changed({ kind, resources }: ChangeKind): readonly Given[] {
  value += 1;
  return Array.from({ length: resources }, (_, at) => given(kind, at, value));
}

async function changing(contender: Contender, load: Load, each: ChangeKind, streams: number): Promise<Changes> {
  const untilLastMs: number[] = [];
  let [cpu, bytes] = [0, 0];
  for (let time = 0; time < warmUp + each.times; time += 1) {
    if (time === warmUp) {
      cpu = cpuSeconds(contender.pid);
      bytes = 0;
    }
    let began = 0;
    const seen = await load.expect(each.kind, each.resources, () => {
      const put = changed(each);
      began = now();
      return contender.change(put);
    });
    if (time >= warmUp) untilLastMs.push(seen.at - began);
    bytes += (await load.settle(quietMs)).bytes;
  }
  return {
    cpuMs: ((cpuSeconds(contender.pid) - cpu) * 1000) / each.times,
    untilLastMs,
    bytes: bytes / each.times / streams,
  };
}

/** Milliseconds since 1970, with their fractions: the client's clock too. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
