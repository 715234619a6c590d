/** How often a Secret is compared with Barbican's list; what was deleted outside is made again within this and the list's age. */
export const POLL_MS = 5 * 60_000;
/** How old the list of a project may be that its Secrets share (docs/secret.md, "What it costs"). */
export const LISTING_MAX_AGE_MS = 4 * 60_000;
/** How often each version's ACL is read where the spec did not change: it costs a call a version. */
export const DEEP_CHECK_MS = 2 * 60 * 60_000;
/** Keystone tells nobody about new users: how often one that is waited for is asked after. */
export const USER_POLL_MS = 30_000;
/** How long an answer about a user is believed. */
export const USER_MAX_AGE_MS = 10 * 60_000;
/** Barbican's orders are done at once where it works without a queue; with one, this often is asked. */
export const ORDER_POLL_MS = 2_000;
/** A quota or a refusal may be lifted without a word to us. */
export const REFUSAL_POLL_MS = 60_000;
/** How often a project is looked through for what nobody owns any more. */
export const SWEEP_MS = 5 * 60_000;
/** How long something must have been seen without an owner before it is removed. */
export const SWEEP_GRACE_MS = 10 * 60_000;
/** Versions that stay where the spec has no rotation to say it: the current one and the one before. */
export const KEEP_WITHOUT_ROTATION = 2;
