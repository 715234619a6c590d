import { median } from "../median.ts";
import { quantile } from "../quantile.ts";

/** What requests of one kind took in a run. */
export interface Timed {
  /** Of each that went alone. */
  readonly milliseconds: readonly number[];
  /** When several were underway. */
  readonly perSecond: number;
}

/** A run: each store in turn. */
export type Run = Readonly<Record<"software" | "token", { readonly store: Timed; readonly read: Timed }>>;

/** What became of requests while a token did not answer, in milliseconds. */
export interface Failure {
  readonly what: string;
  /** From the fault to the first answer that says so. */
  readonly untilSaid: number;
  /** The longest that anybody waited for an answer, with the store in the token and beside it. */
  readonly longest: number;
  readonly longestBeside: number;
  /** From the end of the fault to the last answer that says so. */
  readonly untilWell: number;
  /** How many were refused, of how many; and of the other store's. */
  readonly refused: number;
  readonly asked: number;
  readonly refusedBeside: number;
  readonly askedBeside: number;
}

export interface StoresReport {
  readonly machine: string;
  readonly runs: readonly Run[];
  readonly alone: number;
  readonly together: number;
  readonly atOnce: number;
  readonly failures: readonly Failure[];
}

/** docs/reports/pkcs11.md. */
export function storesReport({ machine, runs, alone, together, atOnce, failures }: StoresReport): string {
  const typical = (of: (run: Run) => number): number => median(runs.map(of));
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  const row = (
    what: string,
    of: (run: Run, store: "software" | "token") => number,
    text: (value: number) => string,
  ) => {
    const ratio = typical((run) => of(run, "token") / of(run, "software"));
    const values = (["software", "token"] as const).map((store) => text(typical((run) => of(run, store))));
    return [what, ...values, `${(ratio * 100).toFixed(0)} %`];
  };
  const rows = (["store", "read"] as const).flatMap((kind) => [
    row(
      `${kind}: requests a second, ${atOnce} at once`,
      (run, store) => run[store][kind].perSecond,
      (value) => value.toFixed(0),
    ),
    row(`${kind}: p50, one after another`, (run, store) => quantile(run[store][kind].milliseconds, 0.5), ms),
    row(`${kind}: p99, one after another`, (run, store) => quantile(run[store][kind].milliseconds, 0.99), ms),
  ]);
  return `# Secrets by keys of the cluster and in a PKCS#11 token

Written by \`make bench-stores\`, on ${machine}.

One Barbican with the files of a Cloud's pods (two uWSGI workers), with both stores: \`SimpleCrypto\`, and \`PKCS11\` in a token of SoftHSM2's. Two
projects, each of which prefers one. A secret is stored in one request with its payload, and read by its payload. Keystone, PostgreSQL,
memcached and the client share the machine. SoftHSM2 computes in Barbican's own process: an HSM adds its network and its own time to each
request, some 2 to 4 calls of it.

${table(["", "SimpleCrypto", "PKCS#11", "ratio"], rows)}

Runs: ${runs.length}, both stores in turn in each; numbers are medians of the runs, ratios within a run. In a run ${alone} requests of a kind go one after
another, then ${together} with ${atOnce} underway. A load average far above the number of cores says that other programs took part of the machine, now more and now
less: then times and ratios are the machine's, and what is the stores' is only who was answered, and how.

## When the token does not answer

Six clients store and read all the time, three in each store. Nobody was answered anything but 200, 201, or a 503 that names the store.

${table(
  ["", "until it was said", "longest answer", "longest beside it", "refused", "refused beside it", "well again after"],
  failures.map((each) => [
    each.what,
    ms(each.untilSaid),
    ms(each.longest),
    ms(each.longestBeside),
    `${each.refused} of ${each.asked}`,
    `${each.refusedBeside} of ${each.askedBeside}`,
    ms(each.untilWell),
  ]),
)}

A request waits ten seconds for a library that hangs, and keeps a worker meanwhile, so others wait behind it once; those that come later are refused at once.
A token that failed is tried again five seconds later at the soonest: that is most of the last column.
`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((line) => `| ${line.join(" | ")} |`).join("\n");
}
