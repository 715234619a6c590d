import type { ServerScope } from "./scope.ts";

/** Most disks are copied, and most guests have started, before this. */
const LOOK_AFTER_MS = 30_000;
/** What says why is not watched, and may be made, or spoken of, a moment after it was looked at. */
const LOOK_POLL_MS = 10_000;

/** Whether something has lasted for so long that it is asked why. */
export function hasLasted(since: string, now: Date): boolean {
  return now.getTime() - Date.parse(since) >= LOOK_AFTER_MS;
}

/** The same, where a pass comes back to look, or to look again. */
export function isTimeToLook(scope: ServerScope, since: string): boolean {
  const { now } = scope.context;
  const isTime = hasLasted(since, now);
  scope.lookAgainMs = isTime ? LOOK_POLL_MS : Date.parse(since) + LOOK_AFTER_MS - now.getTime();
  return isTime;
}
