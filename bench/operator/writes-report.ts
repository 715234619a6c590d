import type { AuditEvent } from "#e2e/proofs/audit-log.ts";
import { countWrites } from "#e2e/proofs/writes.ts";

export const OPERATOR = {
  user: "system:serviceaccount:nephele-system:nephele-operator",
  userAgent: /^nephele-operator\//,
} as const;

/** runtime/manager/manager.ts: 10 minutes, and up to a tenth more. */
export const RESYNC_MINUTES = 11;

/** What the operator did for one kind's objects, from the first request for them until all were Ready. */
export interface Made {
  readonly kind: string;
  readonly objects: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly events: readonly AuditEvent[];
}

/** A time in which nothing was changed. */
export interface Rest {
  readonly minutes: number;
  /** Passes by controller. */
  readonly passes: Readonly<Record<string, number>>;
  readonly cpuSeconds: number;
  readonly rss: number;
  readonly events: readonly AuditEvent[];
}

/** Who counts what uses it, in its status: of many changes at once that is one write. */
const COUNTS = /^\w+ (projects|flavors|images)\.nephele\.dev\/status$/;

/** The page of `make bench-writes`. */
export function writesReport(machine: string, made: readonly Made[], rest: Rest): string {
  const rows = made.map((one) => {
    const { total, events, byKind } = countWrites(one.events, OPERATOR);
    const each = (count: number): string => (count / one.objects).toFixed(2);
    const kinds = Object.entries(byKind).map(([what, count]) => `${what} ${each(count)}`);
    const counting = Object.entries(byKind).flatMap(([what, count]) => (COUNTS.test(what) ? [count] : []));
    const counts = counting.reduce((sum, count) => sum + count, 0);
    const cpu = ((one.cpuSeconds * 1000) / one.objects).toFixed(1);
    const rate = (one.objects / one.seconds).toFixed(1);
    return [one.kind, one.objects, each(total - counts), each(counts), each(events), kinds.join("<br>"), cpu, rate];
  });
  const head = [
    "",
    "objects",
    "own writes each",
    "counts each",
    "Events each",
    "writes by verb and kind, each",
    "CPU ms each",
    "Ready/s",
  ];
  const table = [head, head.map(() => "---"), ...rows].map((line) => `| ${line.join(" | ")} |`).join("\n");
  const { total, byKind } = countWrites(rest.events, OPERATOR);
  const passes = Object.entries(rest.passes)
    .filter(([, count]) => count > 0)
    .map(([controller, count]) => `${controller} ${count.toLocaleString("en")}`);
  return `# Writes of the operator

Written by \`make bench-writes\`, on ${machine}. The whole local cluster ran beside: API server, etcd, KubeVirt's and CDI's
controllers, Keystone, Barbican, PostgreSQL. Writes are counted from the API server's audit log, by the operator's user; Lease
renewals are left out, Events stand apart.

## Until Ready

${table}

Secrets (generated passphrases) are made 24 at once and wait for Barbican, whose rate dominates: a Secret takes four requests
to it, and it answers about 100 POST/s at best on two cores that do nothing else. Servers are made a few at a time, each with a
root disk that is cloned from an Image; the node is played (e2e/scenarios/guest-bed.ts), KubeVirt's and CDI's controllers are
real. Counts are the status of a Project, a Flavor and an Image, which say how much of them is used: the slower objects come, the
more of them are written. The goal is 4 writes of its own a Server, or fewer; one more is a status that says what a build waits for when it takes longer than 30 s.

## At rest

${rest.minutes} minutes${rest.minutes > RESYNC_MINUTES ? ", longer than one resync (10 minutes, ± 10 %)," : ""} with all of these objects there and nothing changed:
**${total} writes**${
    total === 0
      ? ""
      : ` (${Object.entries(byKind)
          .map(([what, count]) => `${what} ${count}`)
          .join(", ")})`
  }. Passes in that time: ${passes.join(", ")}. ${rest.cpuSeconds.toFixed(1)} CPU seconds; resident at the end
${(rest.rss / 1024 / 1024).toFixed(0)} MiB.
`;
}
