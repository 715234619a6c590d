/** A time as Kubernetes writes it (metav1.Time): RFC 3339 in UTC, whole seconds. */
export function timeText(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, "Z");
}

/** A time as `coordination.k8s.io` and `events.k8s.io` write it (metav1.MicroTime). */
export function microTimeText(at: Date): string {
  return at.toISOString().replace("Z", "000Z");
}

/** A time without its fraction of a second, as it comes back after it was written. */
export function wholeSecond(at: Date): Date {
  return new Date(Math.floor(at.getTime() / 1000) * 1000);
}
