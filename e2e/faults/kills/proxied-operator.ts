import { eventually } from "#e2e/harness/eventually.ts";
import type { OperatorProcess } from "#e2e/harness/operator-process.ts";
import type { FaultProxy, Write } from "../proxy.ts";
import { isUncounted, type Service, services } from "./services.ts";

/** An alarm: how long an operator may take to work. Beside a Cloud, or other work, little of the machine may be left to it. */
export const START_MS = 180_000;

/** An operator that speaks with each service through a proxy, and is killed and started again. */
export interface ProxiedOperator {
  readonly proxies: Readonly<Record<Service, FaultProxy>>;
  /** Kills the operator, lets what it had sent be carried out, and lets later calls pass again. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** The writes since {@link forgetWrites}. */
  writes(): Readonly<Record<Service, readonly Write[]>>;
  forgetWrites(): void;
}

/** @param run starts the operator's process and waits until it works */
export function proxiedOperator(
  proxies: Readonly<Record<Service, FaultProxy>>,
  run: () => Promise<OperatorProcess>,
): ProxiedOperator & {
  /** Waits until there is no request under way, no object in a queue, and no write meanwhile. */
  idle(): Promise<void>;
} {
  let operator: OperatorProcess | undefined;
  const writes: ProxiedOperator["writes"] = () => ({
    kubernetes: [...proxies.kubernetes.writes],
    keystone: [...proxies.keystone.writes],
    barbican: [...proxies.barbican.writes],
  });
  const forgetWrites = (): void => {
    for (const service of services) proxies[service].release();
  };
  return {
    proxies,
    writes,
    forgetWrites,
    start: async () => {
      operator = await run();
    },
    kill: async () => {
      await operator?.kill();
      operator = undefined;
      await eventually("what the operator had sent to be carried out", async () =>
        services.every((service) => underWay(service, proxies[service]) === 0),
      );
      forgetWrites();
    },
    idle: async () => {
      let before: string | undefined;
      await eventually("the operator to have nothing to do", async () => {
        const busy = services.some((service) => underWay(service, proxies[service]) > 0);
        const waiting = busy || (await queued(operator?.healthPort)) > 0;
        const now = waiting ? undefined : JSON.stringify(writes());
        const same = now !== undefined && now === before;
        before = now;
        return same;
      });
    },
  };
}

/** Requests that are not watches and that count for something. */
function underWay(service: Service, proxy: FaultProxy): number {
  const uncounted = isUncounted(service);
  return proxy.underWay.filter(({ method, path }) => !path.includes("watch=") && !uncounted(method, path)).length;
}

/** Objects in the operator's queues, by its metrics. */
async function queued(port: number | undefined): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const depths = [...text.matchAll(/^nephele_workqueue_depth\{[^}]*\} (\d+)$/gm)].map(([, depth]) => Number(depth));
  if (depths.length === 0) throw new Error("the operator's metrics tell no depth of its queues");
  return depths.reduce((sum, depth) => sum + depth, 0);
}
