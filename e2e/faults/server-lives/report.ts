/** A Server's life during which the operator was killed. */
export interface KilledLife {
  readonly name: string;
  /** The phase that the Server was in at each kill. */
  readonly killedIn: readonly string[];
  /** Empty: each phase ended as in the life that nobody disturbed. */
  readonly differences: readonly string[];
}

export interface Killed {
  readonly kills: number;
  readonly lives: readonly KilledLife[];
  /** What was in the namespace after all of them were deleted, and was not before. */
  readonly leftovers: readonly string[];
  /** The control: an orphan that was planted was among the leftovers. */
  readonly plantedSeen: boolean;
}

/**
 * The report as Markdown.
 * @param aimed phases in which the kills were to fall; the lives had no others but their creation
 */
export function reportText({ kills, lives, leftovers, plantedSeen }: Killed, aimed: readonly string[] = []): string {
  const phases = [...new Set(lives.flatMap(({ killedIn }) => killedIn))];
  const rows = phases.map((phase) => {
    const hit = lives.filter(({ killedIn }) => killedIn.includes(phase));
    const times = hit.flatMap(({ killedIn }) => killedIn.filter((one) => one === phase)).length;
    const other = hit.filter(({ differences }) => differences.some((text) => text.startsWith(`${phase}:`)));
    return `| ${phase} | ${times} | ${other.length === 0 ? "same" : "**another**"} |`;
  });
  const told = lives.flatMap(({ name, differences }) => differences.map((text) => `- ${name}: ${text}`));
  return [
    "# The operator killed while Servers live",
    "",
    "Written by `make chaos-servers` (e2e/faults/server-lives). On the node, with guests that boot: Servers with a file out of Barbican",
    "are made, stopped, started, paused, let go on, rebooted soft and hard, resized and reverted, resized and confirmed, rebuilt and",
    "deleted, several at a time, while the operator that leads is killed (SIGKILL, all of its pod) again and again, each time after a",
    "random time at work. The end of each phase, the Server's status and what the guest says (how often its disk was booted, its name,",
    "its file), is compared with a life that nobody disturbed.",
    "",
    ...(aimed.length === 0
      ? []
      : [`Here the lives are made, go through ${aimed.join(", ")} alone, and are killed when one is in these.`, ""]),
    `${kills} kills, ${lives.length} lives, ${lives.filter(({ differences }) => differences.length === 0).length} with the same end in each phase. ` +
      `Left over after all were deleted: ${leftovers.length === 0 ? "nothing" : leftovers.join(", ")}. ` +
      `An orphan that was planted was ${plantedSeen ? "" : "**not** "}seen.`,
    "",
    "| phase in which a Server was at a kill | times | end |",
    "| --- | --- | --- |",
    ...rows,
    ...(told.length === 0 ? [] : ["", ...told]),
    "",
  ].join("\n");
}
