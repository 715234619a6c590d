import type { Kubectl } from "./kubectl.ts";
import { until } from "./wait.ts";

const WITHIN_MS = 60_000;

/**
 * Waits until CRDs are served. `kubectl wait` alone fails at once on one that was made a moment ago: as long as nobody has
 * written its conditions, the API server says null for them.
 * @param which the CRDs, as `kubectl wait` takes them
 */
export async function untilEstablished(run: Kubectl, ...which: readonly string[]): Promise<void> {
  await until("custom resources that are served", WITHIN_MS, async () => {
    await run("wait", "--for=condition=Established", `--timeout=${WITHIN_MS / 1_000}s`, ...which);
    return true;
  });
}
