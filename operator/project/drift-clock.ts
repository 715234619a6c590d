import type { Project } from "#operator/api/generated/project.ts";
import { COMPARE_AT } from "#operator/api/marks.ts";

const SECOND = 1_000;

/** How often Keystone and Barbican are asked about a Project in which nothing happens. */
export interface DriftPeriod {
  /** Where there are few Projects. */
  readonly leastMs: number;
  /** Where there are very many. */
  readonly mostMs: number;
}

export const DRIFT_PERIOD: DriftPeriod = { leastMs: 120 * SECOND, mostMs: 3_600 * SECOND };

/**
 * How many Projects are compared each second, all together. A comparison is four small requests (project, roles,
 * credentials, quota) of about 10 ms of CPU each in the services, so Projects at rest cost 12 requests and an eighth of
 * a core a second at most, however many there are: 360 are compared every two minutes, 10,000 every 56.
 */
const CHECKS_PER_SECOND = 3;

/** The period for this many Projects, in milliseconds: as short as the budget of requests allows. */
export function driftPeriodMs(projects: number, { leastMs, mostMs }: DriftPeriod): number {
  return Math.min(mostMs, Math.max(leastMs, (projects / CHECKS_PER_SECOND) * SECOND));
}

interface Checked {
  readonly uid: string;
  readonly generation: number | undefined;
  readonly asked: string | undefined;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
  readonly periodMs: number;
}

/**
 * Remembers when each Project is next to be compared with Keystone and Barbican, so that a pass that was woken by a
 * Server does not ask them again. A restart forgets it, and then asks once.
 */
export class DriftClock {
  readonly #checked = new Map<string, Checked>();

  /** Milliseconds until the next comparison; 0 where it is due: time, spec or object are others. */
  remainingMs(project: Project, now: Date): number {
    const last = this.#checked.get(project.metadata.name);
    const { uid, generation, annotations } = project.metadata;
    if (last?.uid !== uid || last.generation !== generation || last.asked !== annotations?.[COMPARE_AT]) return 0;
    const remaining = last.dueAt - now.getTime();
    // The queue comes back up to a tenth early.
    return remaining <= last.periodMs / 8 ? 0 : remaining;
  }

  /** Notes a comparison; the next one comes after `periodMs`. */
  compared(project: Project, now: Date, periodMs: number): void {
    const { name, uid, generation, annotations } = project.metadata;
    const asked = annotations?.[COMPARE_AT];
    this.#checked.set(name, { uid, generation, asked, dueAt: now.getTime() + periodMs, periodMs });
  }

  /** Makes the next pass compare: something outside is known to be wrong, or the Project goes. */
  forget(project: Project): void {
    this.#checked.delete(project.metadata.name);
  }
}
