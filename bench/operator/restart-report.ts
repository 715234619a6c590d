/** One start of the operator, until it had made as many passes over Servers as there are. */
export interface Start {
  readonly what: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Resident memory five seconds later, and the highest until then, in bytes. */
  readonly resident: number;
  readonly highest: number;
  /** Until five seconds later. */
  readonly writes: number | undefined;
}

/** The page of `make bench-restart`. */
export function restartReport(machine: string, servers: number, starts: readonly Start[]): string {
  const mega = (bytes: number): string => (bytes / 1024 ** 2).toFixed(0);
  const rows = starts.map(({ what, seconds, cpuSeconds, resident, highest, writes }) =>
    [what, seconds.toFixed(1), cpuSeconds.toFixed(1), mega(resident), mega(highest), writes ?? "not known"].join(" | "),
  );
  return `# The operator with ${servers.toLocaleString("en")} Servers

Written by \`make bench-restart\`, on ${machine}. How long it takes until each Server was looked at after a start, with API server
and etcd on the same machine. The Servers wait for a Flavor that is not there, so neither KubeVirt nor CDI runs, and what a
Server's children take in memory is not in it. Memory is taken five seconds after the last Server was looked at.

| | all looked at after s | CPU s until then | resident MiB | highest MiB | writes |
| --- | --- | --- | --- | --- | --- |
${rows.map((row) => `| ${row} |`).join("\n")}
`;
}
