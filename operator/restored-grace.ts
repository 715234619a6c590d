/**
 * How long nothing is removed because no object owns it, after a Cloud came back out of a backup: so long it may take until
 * tenants' objects are there again, in whatever order.
 */
export const RESTORED_GRACE_MS = 24 * 60 * 60_000;
