import { availableParallelism, loadavg, totalmem } from "node:os";

/** What a page says of the machine that its numbers come from: cores, memory, and how busy it was with other things. */
export function machine(): string {
  const [, , load = 0] = loadavg();
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `${availableParallelism()} cores, ${memory} GiB of memory, load average over 15 minutes ${load.toFixed(0)}`;
}
