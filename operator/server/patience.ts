/** After this long it is asked why a root disk is not copied, or a guest that a node has does not start. */
export const LOOK_AFTER_MS = 30_000;
/** And then this often: what says so is not watched, and may be made, or spoken of, a moment after it was looked at. */
export const LOOK_POLL_MS = 10_000;
