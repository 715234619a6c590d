import { timeText } from "#runtime/api/time.ts";
import type { KeyName } from "../names.ts";
import type { CloudScope } from "../scope.ts";

/** What became of one kind of key or login in a pass. */
export interface Rotated {
  readonly said: string;
  readonly pollAfterMs: number;
}

/** How long until a time, a second at least. */
export function untilMs(at: Date, { now }: CloudScope): number {
  return Math.max(1_000, at.getTime() - now.getTime());
}

/** Says in status when a kind of key or login rotates next, and gives that as text. */
export function noteNext(scope: CloudScope, name: KeyName, at: Date): string {
  const nextRotation = timeText(at);
  scope.keys = scope.keys?.map((key) => (key.name === name ? { ...key, nextRotation } : key));
  return nextRotation;
}
