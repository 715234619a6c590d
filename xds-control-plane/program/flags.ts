import { isIPv6 } from "node:net";
import { commonHelp, commonOptions, hostAndPort, readFlags, UsageError } from "#runtime/manager/flags.ts";
import type { GatewayProxies } from "../cluster-view/gateway-proxies.ts";

/** Where proxies connect to. */
export type Listen =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** What the program is told at its start. */
export interface Flags {
  readonly kubeconfig: string | undefined;
  readonly listen: Listen;
  /** The Workload API that gives us our identity; without it there is clear text, on this machine alone. */
  readonly workloadApi: string | undefined;
  readonly health: { readonly host: string; readonly port: number };
  /** Where people see what is served; nowhere where it is not said. */
  readonly debug: { readonly host: string; readonly port: number } | undefined;
  /** Who runs the Envoys of Gateways. */
  readonly gateways: GatewayProxies;
  readonly logLevel: string;
}

const HELP = `nephele xds-control-plane

  ${commonHelp.kubeconfig}
  --workload-api ADDRESS   unix:///PATH of the SPIRE agent: proxies are served by mutual TLS of SVIDs, and each gets what
                           its SPIFFE ID may have; without it they are served in clear text, on this machine alone
  --listen ADDRESS         where proxies connect (default 127.0.0.1:18000): HOST:PORT; without --workload-api
                           127.0.0.1:PORT, [::1]:PORT or unix:PATH
  --health-address H:P     serve /healthz, /readyz, /metrics (default 127.0.0.1:18001)
  --deployed-gateways      the operator runs the proxies of Gateways: say where each is reached, and that it is served when
                           one of its proxies is ready
  --debug-address H:P      serve /debug/proxies, what each class of proxies is served, on 127.0.0.1:PORT or [::1]:PORT
  ${commonHelp.logLevel}
`;

const options = {
  ...commonOptions,
  "workload-api": { type: "string" },
  listen: { type: "string", default: "127.0.0.1:18000" },
  "health-address": { type: "string", default: "127.0.0.1:18001" },
  "debug-address": { type: "string" },
  "deployed-gateways": { type: "boolean", default: false },
} as const;

/** @throws UsageError whose message is to be shown as it is */
export function parseFlags(argv: readonly string[]): Flags {
  const values = readFlags(argv, options, HELP);
  const { "workload-api": workloadApi } = values;
  const health = hostAndPort(values["health-address"]);
  if (health === undefined) throw new UsageError(`--health-address must be HOST:PORT\n\n${HELP}`);
  return {
    kubeconfig: values.kubeconfig,
    listen: listenOf(values.listen, workloadApi !== undefined),
    workloadApi,
    health,
    debug: debugOf(values["debug-address"]),
    gateways: values["deployed-gateways"] ? "deployed" : "elsewhere",
    logLevel: values["log-level"],
  };
}

/** It shows every class's configuration to whoever asks. */
function debugOf(text: string | undefined): Flags["debug"] {
  if (text === undefined) return undefined;
  const tcp = tcpOf(text);
  if (tcp !== undefined && isLoopback(tcp)) return tcp;
  throw new UsageError(`--debug-address must be an address of this machine alone, not ${text}\n\n${HELP}`);
}

function isLoopback({ host }: { readonly host: string }): boolean {
  return host === "127.0.0.1" || host === "::1";
}

/** In clear text nothing is served beyond this machine: whoever reaches it may have any class's configuration and keys. */
function listenOf(text: string, isSecured: boolean): Listen {
  const tcp = tcpOf(text);
  if (tcp !== undefined && (isSecured || isLoopback(tcp))) return { kind: "tcp", ...tcp };
  const [, path] = /^unix:(\/.+)$/.exec(text) ?? [];
  if (path !== undefined && !isSecured) return { kind: "unix", path };
  throw new UsageError(
    isSecured
      ? `--listen must be HOST:PORT with --workload-api, not ${text}\n\n${HELP}`
      : `--listen must be an address of this machine alone without --workload-api, not ${text}\n\n${HELP}`,
  );
}

/** An IPv6 address stands in brackets, and without them here. */
function tcpOf(text: string): { readonly host: string; readonly port: number } | undefined {
  const { host = "", port = 0 } = hostAndPort(text) ?? {};
  const [, bracketed] = /^\[(.+)\]$/.exec(host) ?? [];
  if (bracketed !== undefined) return isIPv6(bracketed) ? { host: bracketed, port } : undefined;
  return host === "" || /[:/]/.test(host) ? undefined : { host, port };
}
