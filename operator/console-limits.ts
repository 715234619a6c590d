/** How long a connection to a console may be open: whoever was let in once is not in for ever. */
export const LONGEST_SESSION_MS = 8 * 3_600_000;
