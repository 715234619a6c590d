import { Agent, request } from "undici";
import { inParallel } from "../in-parallel.ts";
import { cpuSecondsOfAll } from "../usage.ts";

/** How a service is reached: straight, or through its caller's sidecar and its own. */
export const ways = ["bare", "mesh"] as const;
export type Way = (typeof ways)[number];

/** What is asked of a service. An answer with another status than 200 ends the measurement. */
export interface Question {
  /** As the page calls it. */
  readonly name: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The processes on the way of a request, by what they are; a service has several. */
export const parts = ["service", "its sidecar", "caller's sidecar"] as const;
export type Pids = Readonly<Record<(typeof parts)[number], readonly number[]>>;

export interface Size {
  /** Requests one after another, each way. */
  readonly alone: number;
  /** Requests for the throughput, each way, and how many of them are underway. */
  readonly together: number;
  readonly atOnce: number;
}

/** One run of one question. */
export interface Measured {
  /** Of each request that went alone, milliseconds. */
  readonly milliseconds: Readonly<Record<Way, readonly number[]>>;
  /** Of those that went together: requests a second, and processor milliseconds a thousand requests. */
  readonly perSecond: Readonly<Record<Way, number>>;
  readonly cpuMs: Readonly<Record<Way, Readonly<Record<(typeof parts)[number], number>>>>;
}

/**
 * Asks both ways, interleaved: request by request where each goes alone, one way after the other where they go together.
 *
 * @param first the way that begins; another each run
 * @throws Error where an answer is another than expected
 */
export async function measure(
  question: Question,
  origins: Readonly<Record<Way, string>>,
  pids: Pids,
  { alone, together, atOnce }: Size,
  first: Way,
): Promise<Measured> {
  const agent = new Agent({ connections: atOnce });
  const ask = (way: Way): Promise<void> => askOnce(agent, origins[way], question);
  const order = first === "bare" ? ways : ways.toReversed();
  const milliseconds: Record<Way, number[]> = { bare: [], mesh: [] };
  const perSecond: Record<Way, number> = { bare: 0, mesh: 0 };
  const cpuMs = { bare: noCpu(), mesh: noCpu() };
  try {
    for (let at = 0; at < alone; at += 1) {
      for (const way of at % 2 === 0 ? order : order.toReversed()) {
        const since = performance.now();
        await ask(way);
        milliseconds[way].push(performance.now() - since);
      }
    }
    for (const way of order) {
      const [since, before] = [performance.now(), cpuOf(pids)];
      await inParallel(together, atOnce, () => ask(way));
      perSecond[way] = (together * 1000) / (performance.now() - since);
      const after = cpuOf(pids);
      for (const part of parts) cpuMs[way][part] = ((after[part] - before[part]) * 1_000_000) / together;
    }
    return { milliseconds, perSecond, cpuMs };
  } finally {
    await agent.destroy();
  }
}

async function askOnce(agent: Agent, origin: string, { name, path, headers }: Question): Promise<void> {
  const { statusCode, body } = await request(`${origin}${path}`, { headers, dispatcher: agent });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`${name}: ${statusCode} instead of 200: ${text.slice(0, 300)}`);
}

function noCpu(): Record<(typeof parts)[number], number> {
  return { service: 0, "its sidecar": 0, "caller's sidecar": 0 };
}

/** Seconds. */
function cpuOf(pids: Pids): Readonly<Record<(typeof parts)[number], number>> {
  const cpu = noCpu();
  for (const part of parts) cpu[part] = cpuSecondsOfAll(pids[part]);
  return cpu;
}
