import { openCluster } from "#e2e/cluster/handle.ts";
import { consoleUrl } from "#e2e/cluster/operator.ts";
import { untilReady } from "#e2e/harness/conditions.ts";
import { at, connectTo } from "#e2e/harness/console.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import type { RemoteConsole, RemoteConsoleSpec } from "#operator/api/generated/remoteconsole.ts";
import { remoteConsoles } from "#operator/api/resources.ts";
import { type RunningProgram, startProgram } from "#operator/console-proxy/program.ts";
import { pageOrigin } from "#operator/console-url.ts";
import { type Connection, connect } from "#runtime/client/connection.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { createLogger } from "#runtime/observe/log.ts";

/** The core Secret of a namespace's URLs. */
export const CONSOLES = "nephele-consoles";

/** The console proxy as its pod runs it: with its service account's rights alone. */
export interface ConsoleProxy {
  readonly port: number;
  /** All that it has logged. */
  log(): string;
  /** Tries a URL that was issued, at this proxy. */
  connect(url: string, options?: { readonly origin?: string }): ReturnType<typeof connectTo>;
  close(): Promise<void>;
}

export async function startConsoleProxy(): Promise<ConsoleProxy> {
  const kubeconfig = await openCluster().kubeconfigFor("system:serviceaccount:nephele-system:nephele-console", [
    "system:serviceaccounts",
    "system:serviceaccounts:nephele-system",
    "system:authenticated",
  ]);
  const connection: Connection = await connect({ kubeconfig });
  const stop = new AbortController();
  const said: string[] = [];
  const destination = { write: (line: string) => void said.push(line) };
  const loopback = { host: "127.0.0.1", port: 0 };
  const program: RunningProgram = await startProgram(
    {
      connection,
      log: createLogger({ level: "debug", destination }),
      listen: loopback,
      health: loopback,
      allowedOrigins: [pageOrigin(consoleUrl)],
    },
    stop.signal,
  );
  const ready = `http://127.0.0.1:${program.healthPort}/readyz`;
  await eventually("the console proxy to be ready", async () => (await fetch(ready)).ok);
  return {
    port: program.port,
    log: () => said.join(""),
    connect: (url, options) => connectTo(at(url, `127.0.0.1:${program.port}`), options),
    close: async () => {
      stop.abort();
      await program.ended;
      await connection.close();
    },
  };
}

/** RemoteConsoles of one namespace. */
export interface Consoles {
  make(
    name: string,
    spec: Pick<RemoteConsoleSpec, "serverRef" | "protocol"> &
      Partial<Pick<RemoteConsoleSpec, "expiresAfter" | "ttlSecondsAfterFinished">>,
  ): Promise<RemoteConsole>;
  /** Makes one and waits for its URL. */
  issued(name: string, server: string, protocol?: RemoteConsoleSpec["protocol"]): Promise<string>;
  /** The URL in the core Secret; undefined where there is none. */
  url(name: string): Promise<string | undefined>;
  /** Each URL that was read so far. */
  issuedUrls(): ReadonlySet<string>;
}

export function consolesIn(kube: KubeClient, namespace: string): Consoles {
  const key = (name: string) => ({ namespace, name });
  const urls = new Set<string>();
  const consoles: Consoles = {
    make: (name, spec) =>
      kube.apply(
        remoteConsoles,
        { apiVersion: "nephele.dev/v1alpha1", kind: "RemoteConsole", metadata: key(name), spec: { ...spec } },
        { fieldOwner: "test" },
      ),
    issued: async (name, server, protocol = "serial") => {
      await consoles.make(name, { serverRef: { name: server }, protocol });
      await untilReady(kube, remoteConsoles, key(name));
      const url = await consoles.url(name);
      if (url === undefined) throw new Error(`RemoteConsole ${name} is Ready, and its URL is not in ${CONSOLES}`);
      return url;
    },
    url: async (name) => {
      const text = (await kube.get(coreSecrets, key(CONSOLES)))?.data?.[name];
      if (text === undefined) return undefined;
      const url = Buffer.from(text, "base64").toString();
      urls.add(url);
      return url;
    },
    issuedUrls: () => urls,
  };
  return consoles;
}
