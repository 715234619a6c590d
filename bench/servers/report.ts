import type { Writes } from "#e2e/proofs/writes.ts";
import { median } from "../median.ts";

/** What one run took; seconds from apply until the guest answers. */
export interface Pair {
  readonly server: number;
  /** Of these, until the VirtualMachine was there: from then on the two do the same. */
  readonly made: number;
  readonly bare: number;
  /** Of the operator, to the Server and what has its name. */
  readonly writes: number;
}

/** Servers that were applied at once, as many as the Project's quota lets. */
export interface Many {
  /** Seconds until each was ACTIVE. */
  readonly activeAfter: readonly number[];
  /** Seconds until each guest answered. */
  readonly upAfter: readonly number[];
  readonly writes: Writes;
  /** Bytes that are in use (kubelet's working set) when all have answered. */
  readonly memory: { readonly guests: number; readonly operator: number };
}

export interface Rest {
  readonly minutes: number;
  readonly writes: Writes;
}

/** The page of `make bench-servers`. */
export function serversReport(machine: string, pairs: readonly Pair[], many: Many, rest: Rest): string {
  const ratio = (median(pairs.map(({ server, bare }) => server / bare)) - 1) * 100;
  const [server, bare] = [median(pairs.map((pair) => pair.server)), median(pairs.map((pair) => pair.bare))];
  const difference = median(pairs.map((pair) => pair.server - pair.bare));
  const count = many.upAfter.length;
  const each = (writes: number): string => (writes / count).toFixed(2);
  const atOnce = `${count} Servers at once`;
  const mebibytes = (bytes: number): string => (bytes === 0 ? "not counted" : `${(bytes / 2 ** 20).toFixed(0)} MiB`);
  const rows = [
    ["Server, apply → guest answers, median", `${server.toFixed(1)} s`, ""],
    ["of it, until its VirtualMachine is there, median", `${median(pairs.map(({ made }) => made)).toFixed(1)} s`, ""],
    ["VirtualMachine alone, median", `${bare.toFixed(1)} s`, ""],
    ["Server over VirtualMachine, median of the runs' ratios", signed(ratio, "%"), "+3 %"],
    ["the same as a difference, median", signed(difference, "s"), ""],
    [`${atOnce}: last is ACTIVE`, `${Math.max(...many.activeAfter).toFixed(0)} s`, ""],
    [`${atOnce}: first guest answers`, `${Math.min(...many.upAfter).toFixed(0)} s`, ""],
    [`${atOnce}: last guest answers`, `${Math.max(...many.upAfter).toFixed(0)} s`, ""],
    [`${atOnce}: memory of each, with the machine around it`, mebibytes(many.memory.guests / count), ""],
    [`${atOnce}: memory of the operator, all its replicas`, mebibytes(many.memory.operator), ""],
    ["writes of the operator for a Server by itself, median", String(median(pairs.map(({ writes }) => writes))), "4"],
    [`writes of the operator until ACTIVE, each of ${count} at once`, each(own(many.writes)), ""],
    ["the same with those that count Servers, in Project, Flavor and Image", each(many.writes.total), ""],
    ["Events, each of them", each(many.writes.events), ""],
    [`writes at rest, ${count} Servers, ${rest.minutes} minutes`, String(rest.writes.total), "0"],
  ];
  const head = ["", "measured", "goal"];
  const table = [head, head.map(() => "---"), ...rows].map((line) => `| ${line.join(" | ")} |`).join("\n");
  const kinds = Object.entries(many.writes.byKind).map(([what, writes]) => `${what} ${each(writes)}`);
  const single = pairs.map((pair) => `${pair.server.toFixed(1)} / ${pair.bare.toFixed(1)}`);
  return `# Servers on the node

Written by \`make bench-servers\`, on ${machine}. The node (e2e/node) runs all of it as pods: KubeVirt, CDI, Keystone, Barbican,
PostgreSQL, and guests on an emulated processor.

${table}

${pairs.length} runs, interleaved: each boots a Server and the VirtualMachine that it becomes, applied by hand, one after the other
and every second time in the other order; both clone the same Image and have the same user data. Seconds, Server / VirtualMachine: ${single.join(", ")}.
A guest asks for its address once a second, and so answers up to a second earlier or later: what Nephele itself adds is the time until
the VirtualMachine is there.
The ${count} at once are as many as the Project's quota lets: none is refused. A Server is ACTIVE when its guest has power and an
address, and the guest answers when it has booted.

Writes are counted from the API server's audit log by the operator's user, Lease renewals left out: ${kinds.join(", ")}. A build
that takes longer than 30 s says what it waits for, which is a write more or two; many guests at once on few cores do.
`;
}

/** What others' objects say of how many Servers there are is written once for many, by the time. */
function own({ byKind }: Writes): number {
  return Object.entries(byKind)
    .filter(([what]) => !/ (projects|flavors|images)\.nephele\.dev/.test(what))
    .reduce((sum, [, writes]) => sum + writes, 0);
}

function signed(value: number, unit: string): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)} ${unit}`;
}
