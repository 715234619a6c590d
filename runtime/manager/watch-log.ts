import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { InformerObserver } from "../watch/informers.ts";

/** Counts failures of watches, and says in the log what a person should know of them. */
export function logWatches(log: Logger, metrics: Metrics): InformerObserver {
  return (resource, notice) => {
    switch (notice.kind) {
      case "absent": {
        const { reason } = notice;
        return log.warn({ reason, resource }, "the API server does not serve this kind: what needs it waits");
      }
      case "served":
        return log.info({ resource }, "the API server serves this kind now");
      case "forbidden":
        return log.info({ reason: notice.reason, resource }, "a namespace may not be watched (yet, or any more)");
      case "failed":
        metrics.watchErrors.inc({ resource });
        return log.warn({ err: notice.error, resource }, "a watch failed and is opened again");
    }
  };
}
