import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { openCluster } from "#e2e/cluster/handle.ts";
import { consoleUrl, operatorProcess } from "#e2e/cluster/operator.ts";
import { untilReady } from "#e2e/harness/conditions.ts";
import { at, connectTo } from "#e2e/harness/console.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import type { RemoteConsole, RemoteConsoleSpec } from "#operator/api/generated/remoteconsole.ts";
import { remoteConsoles } from "#operator/api/resources.ts";
import { type RunningProgram, startProgram } from "#operator/console-proxy/program.ts";
import { consoleAddressOf } from "#operator/console-token.ts";
import { pageOrigin } from "#operator/console-url.ts";
import { type Connection, connect } from "#runtime/client/connection.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { createLogger } from "#runtime/observe/log.ts";
import type { GuestBed, Tenant } from "./guest-bed.ts";

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
  readonly namespace: string;
  at(name: string): { readonly namespace: string; readonly name: string };
  make(
    name: string,
    spec: Pick<RemoteConsoleSpec, "serverRef" | "protocol"> &
      Partial<Pick<RemoteConsoleSpec, "expiresAfter" | "ttlSecondsAfterFinished">>,
  ): Promise<RemoteConsole>;
  /** One that is there. */
  get(name: string): Promise<RemoteConsole>;
  untilPhase(name: string, phase: string): Promise<RemoteConsole>;
  /** Makes one and waits for its URL. */
  issued(name: string, server: string, protocol?: RemoteConsoleSpec["protocol"]): Promise<string>;
  /** The URL in the core Secret; undefined where there is none. */
  url(name: string): Promise<string | undefined>;
  /** Each URL that was read so far. */
  issuedUrls(): ReadonlySet<string>;
}

/** @param urls gets each URL that is read */
export function consolesIn(kube: KubeClient, namespace: string, urls: Set<string> = new Set()): Consoles {
  const key = (name: string) => ({ namespace, name });
  const consoles: Consoles = {
    namespace,
    at: key,
    get: async (name) => {
      const found = await kube.get(remoteConsoles, key(name));
      if (found === undefined) throw new Error(`there is no RemoteConsole ${name}`);
      return found;
    },
    untilPhase: (name, phase) =>
      eventually(`RemoteConsole ${name} to be ${phase}`, async () => {
        const found = await kube.get(remoteConsoles, key(name));
        return found?.status?.phase === phase ? found : undefined;
      }),
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

/** The spec of one for a serial console. */
export const serial = (server = "web-1") => ({ serverRef: { name: server }, protocol: "serial" }) as const;

/** The token in a URL that was issued on the local cluster. */
export const tokenOf = (url: string): string => consoleAddressOf(url.slice(consoleUrl.length))?.token ?? "";

/**
 * A Project with a Server web-1 that runs, and a console proxy. Guests are played, so KubeVirt has no console to open: a URL
 * that is let in comes as far as virt-api, which is real, and is told so by 502. Consoles of real guests are in
 * console.node.test.ts.
 */
export interface ConsoleBed {
  /** The Project's. */
  readonly consoles: Consoles;
  readonly proxy: ConsoleProxy;
  /** The spec of a Server that can run in the Project. */
  serverSpec(): object;
  /** The same in a Project of its own. */
  elsewhere(): Promise<Consoles>;
  /** Fails where the proxy lets a URL in, or refuses it in other words than all. */
  refused(url: string, options?: { readonly origin?: string }): Promise<void>;
  /** The operator's log, of all that it has done since the cluster is up. */
  operatorLog(): string;
  /** Those tokens that stand in a text, of all URLs that were read so far. */
  tokensIn(text: string): readonly string[];
  /** Ends the proxy; Projects are the guests' own. */
  close(): Promise<void>;
}

export async function openConsoleBed(guests: GuestBed, project: Tenant): Promise<ConsoleBed> {
  const flavor = await guests.flavor("small");
  const urls = new Set<string>();
  const serverSpec = () => ({ flavorRef: { name: flavor }, imageRef: { name: "debian" } });
  const consolesOf = async (tenant: Tenant): Promise<Consoles> => {
    await tenant.activeImage("debian");
    await tenant.runningServer("web-1", serverSpec());
    return consolesIn(guests.kube, tenant.name, urls);
  };
  const consoles = await consolesOf(project);
  const proxy = await startConsoleProxy();
  return {
    consoles,
    proxy,
    serverSpec,
    elsewhere: async () => consolesOf(await guests.tenant()),
    refused: async (url, options) => {
      const text = expect.stringContaining("this URL opens no console");
      expect(await proxy.connect(url, options)).toMatchObject({ kind: "refused", status: 403, text });
    },
    operatorLog: () => readFileSync(join(guests.cluster.logsDir, `${operatorProcess}.log`), "utf8"),
    tokensIn: (text) => [...urls].map(tokenOf).filter((token) => text.includes(token)),
    close: () => proxy.close(),
  };
}
