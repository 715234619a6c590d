/** For the tests of what KubeVirt's words are in Nova's: one row for each case. */
import { aMachine, anInstance, aVolume, CREATED } from "../fixtures.ts";
import type { Machine, NovaState } from "../states.ts";

export const at = (seconds: number): Date => new Date(Date.parse(CREATED) + seconds * 1000);

/** A machine that is to run and has its disk, but for what is said otherwise. */
export function seen(machine: Partial<Machine>): Machine {
  return {
    machine: aMachine("Always"),
    instance: undefined,
    volume: aVolume("Succeeded"),
    launched: false,
    lost: false,
    now: at(60),
    ...machine,
  };
}

/** A condition as KubeVirt and CDI write it. */
export const condition = (type: string, status: string, reason = "", message = "") => ({
  type,
  status,
  reason,
  message,
});

/** A guest of which KubeVirt says one thing. */
export const anInstanceSaying = (phase: string, ...said: Parameters<typeof condition>) =>
  anInstance(phase, { conditions: [condition(...said)] });

/** A case, and what Nova's words for it have in them. */
export interface Row {
  readonly name: string;
  readonly seen: Partial<Machine>;
  readonly is: Partial<NovaState>;
}
