import type { Metrics } from "../observe/metrics.ts";
import { type ServingHttp, serveHttp } from "./serve-http.ts";

export interface HealthOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly metrics: Pick<Metrics, "registry">;
  /** Undefined when ready; else what is missing, for the person who asks. */
  readonly notReady: () => string | undefined;
  /** What is wrong although it is ready, for the person who asks. */
  readonly remark?: () => string | undefined;
  /** Brings gauges up to date before they are read. */
  readonly beforeMetrics: () => void;
}

/** Serves /healthz, /readyz and /metrics. Gives the port and a way to stop. */
export function serveHealth(options: HealthOptions): Promise<ServingHttp> {
  return serveHttp(options, (request, response) => {
    const answer = (status: number, text: string, type = "text/plain; charset=utf-8"): void => {
      response.writeHead(status, { "content-type": type }).end(text);
    };
    switch (request.url) {
      case "/healthz":
        return answer(200, "ok\n");
      case "/readyz": {
        const missing = options.notReady();
        if (missing !== undefined) return answer(503, `${missing}\n`);
        const remark = options.remark?.();
        return answer(200, remark === undefined ? "ok\n" : `ok, but ${remark}\n`);
      }
      case "/metrics":
        options.beforeMetrics();
        options.metrics.registry.metrics().then(
          (text) => answer(200, text, options.metrics.registry.contentType),
          (error: unknown) => answer(500, `${String(error)}\n`),
        );
        return;
      default:
        return answer(404, "there is /healthz, /readyz and /metrics\n");
    }
  });
}
