import { median } from "../median.ts";
import { quantile } from "../quantile.ts";
import type { Measured, Way } from "./measure.ts";

/** What a question showed, run by run. */
export interface Answered {
  readonly name: string;
  readonly runs: readonly Measured[];
}

export interface MeshReport {
  readonly machine: string;
  readonly questions: readonly Answered[];
  /** Resident bytes of the sidecars, in the end. */
  readonly resident: { readonly ofService: number; readonly ofCaller: number };
  /** Requests that went alone, and together, each way in a run; and how many of the latter were underway. */
  readonly alone: number;
  readonly together: number;
  readonly atOnce: number;
}

const goals = { p50: 0.3, p99: 1, throughput: 0.95 } as const;

/** docs/bench-mesh.md. */
export function meshReport({ machine, questions, resident, alone, together, atOnce }: MeshReport): string {
  const head = ["", ...questions.map(({ name }) => name), "goal"];
  const row = (what: string, of: (runs: readonly Measured[]) => string, goal = ""): readonly string[] => [
    what,
    ...questions.map(({ runs }) => of(runs)),
    goal,
  ];
  const cpu = (way: Way, part: keyof Measured["cpuMs"][Way]) => (runs: readonly Measured[]) =>
    `${median(runs.map(({ cpuMs }) => cpuMs[way][part])).toFixed(0)} ms`;
  const rows = [
    row("one after another, bare, p50", (runs) => ms(typical(runs, (run) => quantile(run.milliseconds.bare, 0.5)))),
    row("the same, p99", (runs) => ms(typical(runs, (run) => quantile(run.milliseconds.bare, 0.99)))),
    row("added by the mesh, p50", (runs) => atMost(added(runs, 0.5), goals.p50), `at most ${goals.p50} ms`),
    row("added by the mesh, p99", (runs) => atMost(added(runs, 0.99), goals.p99), `at most ${goals.p99} ms`),
    row("requests a second, bare", (runs) => typical(runs, ({ perSecond }) => perSecond.bare).toFixed(0)),
    row("through the mesh", (runs) => share(typical(runs, throughput)), `at least ${goals.throughput * 100} %`),
    row("CPU a thousand requests: the service, bare", cpu("bare", "service")),
    row("the service, through the mesh", cpu("mesh", "service")),
    row("its sidecar", cpu("mesh", "its sidecar")),
    row("its caller's sidecar", cpu("mesh", "caller's sidecar")),
  ];
  const table = [head, head.map(() => "---"), ...rows].map((line) => `| ${line.join(" | ")} |`).join("\n");
  const mib = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
  return `# What the mesh costs

Written by \`make bench-mesh\`, on ${machine}.

Keystone and Barbican as the local cluster runs them (two uWSGI workers each), asked by a caller straight, and through two
sidecars: Envoys with SVIDs of a real SPIRE, configured from a Service and an AccessPolicy by the control plane; mutual TLS (1.3)
between them, access by SPIFFE ID, access logs. The caller, the sidecars, the services, PostgreSQL and memcached share the machine.

${table}

Resident memory: the service's sidecar ${mib(resident.ofService)}, its caller's ${mib(resident.ofCaller)}.

Runs: ${questions[0]?.runs.length ?? 0}. Numbers are medians of the runs, and of differences and ratios within a run. In a run ${alone} requests each way
go one after another, bare and mesh in turn; what a quantile is higher by is what the mesh adds to it. Then ${together} each way,
${atOnce} of them underway at a time: there the cores are the limit, so what the sidecars cost is taken from the services. A p99 of so few
requests is of a few; one added that is below zero says that the services vary by more than the mesh adds.
A load average far above the number of cores says that other programs took part of the machine: then milliseconds are the machine's
more than the mesh's, and processor time is what to read.

## Where it falls short, and why

- **Two sidecars take more processor time than the goal has.** What a request costs them is above, and it passes both one after the
  other: that alone is more than 0.3 ms. By \`perf record\` of both (versions of Keystone, which cost the least) some 70 % of it is
  Envoy's own code, 25 % the kernel. Tried: without access logs it is 13 µs less a request of 500.
- **What takes long costs the sidecars more**, too: about twice the processor time of a short request. That is not their idle time, of which
  they have 3 ms a second; caches that went cold meanwhile are a guess, not shown.
- uWSGI closes a connection after each answer, so that the service's sidecar opens one for each request, as the bare caller does.
  In a Cloud's pods that is a unix socket.

Not measured here: the edge, with the check of tokens, and what tokens for services cost without bcrypt.
`;
}

function typical(runs: readonly Measured[], of: (run: Measured) => number): number {
  return median(runs.map(of));
}

/** What a quantile is higher by through the mesh. */
function added(runs: readonly Measured[], share: number): number {
  return typical(runs, ({ milliseconds }) => quantile(milliseconds.mesh, share) - quantile(milliseconds.bare, share));
}

function throughput({ perSecond }: Measured): number {
  return perSecond.mesh / perSecond.bare;
}

function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}

function atMost(value: number, goal: number): string {
  return `${ms(value)} – ${value <= goal ? "met" : "missed"}`;
}

function share(value: number): string {
  return `${(value * 100).toFixed(1)} % – ${value >= goals.throughput ? "met" : "missed"}`;
}
