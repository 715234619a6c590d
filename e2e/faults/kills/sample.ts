import type { KillPoint } from "./lives.ts";
import type { Run } from "./run.ts";
import type { Service } from "./services.ts";

/** A kill point by the write's words, which stay true when another write comes before it. */
export interface NamedPoint {
  readonly phase: string;
  readonly service: Service;
  /** The first write that reads so. */
  readonly write: string;
}

/** @throws Error where the phase, undisturbed, has no such write */
export function pointOf(run: Run, { phase, service, write }: NamedPoint): KillPoint {
  const writes = run.phases.get(phase)?.writes[service] ?? [];
  const at = writes.indexOf(write);
  if (at < 0) throw new Error(`${phase} makes no write "${write}" to ${service}; it makes: ${writes.join(", ")}`);
  return { phase, service, write: at + 1 };
}
