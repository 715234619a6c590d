/** One outage that was lived through; those that were not end the run. */
export interface Outage {
  /** What was away. */
  readonly what: string;
  /** For how long, in seconds. */
  readonly away: number;
  /** What the operator said meanwhile, of the Cloud and of a new object. */
  readonly said: string;
  /** From its return until all that was asked for meanwhile was done, in seconds. */
  readonly recovered: number;
}

const HEAD = `# Services away

Written by \`make chaos-outages\` (e2e/faults/outages). While something is away, an object of each kind is made, one changed and
one deleted, and a Project and a Secret that nobody touches are looked at five times a second. Each row stands for all of this:
what was good stayed Ready all the time; what could not be done was waited for, with the name of what is away; after its
return all of it came about without anybody's help; then each Keystone project, robot user and Barbican secret belonged to
one object and each object had its own, so nothing was made twice and nothing of what was deleted was left; and the operator
is the process that it was before. The local cluster's parts are the real ones, but for the node, which is played.
`;

/** The report as Markdown. */
export function reportText(outages: readonly Outage[]): string {
  const rows = outages.map(
    ({ what, away, said, recovered }) => `| ${what} | ${away.toFixed(0)} s | ${said} | ${recovered.toFixed(1)} s |`,
  );
  return [
    HEAD,
    "| away | for | said meanwhile | from its return until all was done |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}
