import type { Service } from "./services.ts";
import { services } from "./services.ts";

/** The moment of a kill: right after a service has carried out the n-th write of a phase, counted from 1. */
export interface KillPoint {
  readonly phase: string;
  readonly service: Service;
  readonly write: number;
}

/** How many writes of each service a phase makes. */
export type Counts = Readonly<Record<Service, number>>;

/** Every point there is. */
export function allPoints(counts: ReadonlyMap<string, Counts>): readonly KillPoint[] {
  return [...counts].flatMap(([phase, count]) =>
    services.flatMap((service) =>
      Array.from({ length: count[service] }, (_, at): KillPoint => ({ phase, service, write: at + 1 })),
    ),
  );
}

/**
 * Points as lives: a life goes through all phases, and in each the operator is killed once at most. So a life is as
 * good for three points as for one, since each phase begins from the same state whatever was survived before.
 */
export function livesOf(points: readonly KillPoint[]): readonly (readonly KillPoint[])[] {
  const lives: KillPoint[][] = [];
  for (const point of points) {
    const free = lives.find((life) => life.every(({ phase }) => phase !== point.phase));
    if (free === undefined) lives.push([point]);
    else free.push(point);
  }
  return lives;
}

/** The points of a phase after which nobody was killed yet. */
export class PointsLeft {
  readonly #phase: string;
  /** By service: the writes in words, and undefined where there was a kill. */
  readonly #writes: Readonly<Record<Service, (string | undefined)[]>>;

  /** @param repeats whether writes that read alike are a point each, or the first of them alone is */
  constructor(phase: string, writes: Readonly<Record<Service, readonly string[]>>, repeats = true) {
    const points = (service: Service): (string | undefined)[] =>
      writes[service].map((words, at, all) => (repeats || all.indexOf(words) === at ? words : undefined));
    this.#phase = phase;
    this.#writes = { kubernetes: points("kubernetes"), keystone: points("keystone"), barbican: points("barbican") };
  }

  has(service: Service, words: string): boolean {
    return this.#writes[service].includes(words);
  }

  /** The first of such writes that is left, which it is no more; undefined where none is. */
  take(service: Service, words: string): KillPoint | undefined {
    const at = this.#writes[service].indexOf(words);
    if (at < 0) return undefined;
    this.#writes[service][at] = undefined;
    return { phase: this.#phase, service, write: at + 1 };
  }

  get points(): readonly KillPoint[] {
    return services.flatMap((service) =>
      this.#writes[service].flatMap((words, at) =>
        words === undefined ? [] : [{ phase: this.#phase, service, write: at + 1 }],
      ),
    );
  }
}
