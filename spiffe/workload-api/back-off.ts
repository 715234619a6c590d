const firstMs = 100;
const longestMs = 10_000;

/**
 * How long to wait before the n-th try after a failure, from 1: twice as long each time, up to ten seconds, and of that a
 * random part, so that not all workloads of a node come to a restarted agent at once.
 *
 * @param random gives a number from 0 to 1
 */
export function backOffMs(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(longestMs, firstMs * 2 ** (failures - 1));
  return ceiling / 2 + (random() * ceiling) / 2;
}
