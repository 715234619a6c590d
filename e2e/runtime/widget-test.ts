import { Agent } from "undici";
import { test as plainTest } from "vitest";
import { clusterLocation } from "#e2e/cluster/location.ts";
import { FaultProxy } from "#e2e/faults/proxy.ts";
import { openBed, unique } from "#e2e/harness/bed.ts";
import { type Connection, connect } from "#runtime/client/connection.ts";
import type { Controller } from "#runtime/controller/definition.ts";
import { Manager, type ManagerOptions } from "#runtime/manager/manager.ts";
import { createLogger } from "#runtime/observe/log.ts";
import { installWidgets, makeNamespace, namespaces, removeWidgets } from "./widgets.ts";

/** A manager that runs. */
interface Running {
  readonly manager: Manager;
  /** Stops it, as a signal would, and waits for its end. */
  readonly stop: () => Promise<void>;
}

type RunOptions = Partial<ManagerOptions> & { readonly connection?: Connection };

/**
 * A test of the runtime against the real API server. The Widgets' kinds and a namespace are the file's own; a test's
 * managers end with it.
 */
export const test = plainTest
  .extend("stateDir", { scope: "file" }, () => clusterLocation().stateDir)
  .extend("cluster", { scope: "file" }, async ({ stateDir }, { onCleanup }) => {
    const bed = await openBed(stateDir);
    const namespace = unique("runtime");
    await installWidgets(bed.kube);
    await makeNamespace(bed.kube, namespace);
    onCleanup(async () => {
      await removeWidgets(bed.kube);
      await bed.kube.delete(namespaces, { name: namespace });
      await bed.close();
    });
    return { ...bed, namespace };
  })
  .extend("kube", ({ cluster }) => cluster.kube)
  .extend("namespace", ({ cluster }) => cluster.namespace)
  /** Runs a manager of these controllers. */
  .extend("run", ({ cluster }, { onCleanup }) => {
    const running: Running[] = [];
    onCleanup(async () => {
      await Promise.all(running.map(({ stop }) => stop()));
    });
    return async (controllers: readonly Controller[], options: RunOptions = {}): Promise<Running> => {
      const connection = options.connection ?? (await connect({ kubeconfig: cluster.cluster.kubeconfigPath }));
      const signal = new AbortController();
      const manager = new Manager({
        userAgent: "nephele-tests",
        controllers: () => controllers,
        identity: unique("m"),
        log: createLogger({ level: "silent" }),
        ...options,
        connection,
      });
      const done = manager.run(signal.signal);
      const stop = async (): Promise<void> => {
        signal.abort();
        await done;
        await connection.close();
      };
      running.push({ manager, stop });
      return { manager, stop };
    };
  })
  /** A way to the API server through a proxy that can be told of faults; from a manager to the proxy in clear text. */
  .extend("proxied", async ({ cluster }, { onCleanup }) => {
    const direct = await connect({ kubeconfig: cluster.cluster.kubeconfigPath });
    const { dispatcher } = await direct.current();
    const proxy = new FaultProxy({ target: direct.server, dispatcher });
    const server = await proxy.start();
    const toProxy = new Agent({ bodyTimeout: 0, headersTimeout: 0, connections: 32 });
    onCleanup(async () => {
      await toProxy.destroy();
      await proxy.stop();
      await direct.close();
    });
    const connection: Connection = {
      ...direct,
      server,
      current: async () => ({ dispatcher: toProxy, headers: {} }),
    };
    return { proxy, connection };
  });
