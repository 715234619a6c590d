import type { Bed } from "#e2e/harness/bed.ts";
import type { ProxiedOperator } from "./proxied-operator.ts";
import type { World } from "./world/world.ts";

/** All that the tests make has this in its name or namespace. */
export const PREFIX = "kill-";

/** Where an operator lives through the lives of objects. */
export interface LifeBed extends Pick<Bed, "kube">, ProxiedOperator {
  /** A name for a life that no other life of the bed has or had; all are of one length. */
  nextLife(): string;
  /** Waits until the operator has nothing to do: no request under way, no object in a queue, no write meanwhile. */
  quiet(): Promise<void>;
  /** Notes which contents of the life's core Secrets are of this phase, so that {@link world} tells it of them later. */
  remember(life: string, phase: string): Promise<void>;
  /** All that is there. @param life what the things of this life are called; the same for all lives in the result */
  world(life: string): Promise<World>;
}

/** Gives a name to each life. */
export function lifeNames(): () => string {
  let lives = 0;
  return () => {
    lives += 1;
    return `${PREFIX}${String(lives).padStart(3, "0")}`;
  };
}
