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
