/** What is made, or started, of a Server or an Image mostly is before this. */
const LOOK_AFTER_MS = 30_000;
/** What says why is not watched, and may be made, or spoken of, a moment after it was looked at. */
const LOOK_POLL_MS = 10_000;

/** A pass that comes back to look why something does not come to an end. */
interface Looking {
  readonly context: { readonly now: Date };
  lookAgainMs?: number;
}

/** Whether something has lasted for so long that it is asked why. */
export function hasLasted(since: string, now: Date, afterMs = LOOK_AFTER_MS): boolean {
  return now.getTime() - Date.parse(since) >= afterMs;
}

/** The same, where a pass comes back to look, or to look again. */
export function isTimeToLook(pass: Looking, since: string, afterMs = LOOK_AFTER_MS): boolean {
  const { now } = pass.context;
  const isTime = hasLasted(since, now, afterMs);
  pass.lookAgainMs = isTime ? LOOK_POLL_MS : Date.parse(since) + afterMs - now.getTime();
  return isTime;
}
