import { commonHelp, commonOptions, hostAndPort, readFlags, UsageError } from "#runtime/manager/flags.ts";

/** What the program is told at its start. */
export interface Flags {
  readonly kubeconfig: string | undefined;
  readonly listen: string;
  readonly health: { readonly host: string; readonly port: number };
  readonly logLevel: string;
}

const HELP = `nephele xds-control-plane

  ${commonHelp.kubeconfig}
  --listen ADDRESS         where proxies connect: 127.0.0.1:PORT, [::1]:PORT or unix:PATH (default 127.0.0.1:18000);
                           others would be served in clear text: a sidecar in front ends mutual TLS
  --health-address H:P     serve /healthz, /readyz, /metrics (default 127.0.0.1:18001)
  ${commonHelp.logLevel}
`;

const options = {
  ...commonOptions,
  listen: { type: "string", default: "127.0.0.1:18000" },
  "health-address": { type: "string", default: "127.0.0.1:18001" },
} as const;

/** @throws UsageError whose message is to be shown as it is */
export function parseFlags(argv: readonly string[]): Flags {
  const values = readFlags(argv, options, HELP);
  const { listen } = values;
  if (!/^(127\.0\.0\.1:\d{1,5}|\[::1\]:\d{1,5}|unix:\/.+)$/.test(listen)) {
    throw new UsageError(`--listen must be an address of this machine alone, not ${listen}\n\n${HELP}`);
  }
  const health = hostAndPort(values["health-address"]);
  if (health === undefined) throw new UsageError(`--health-address must be HOST:PORT\n\n${HELP}`);
  return {
    kubeconfig: values.kubeconfig,
    listen,
    health,
    logLevel: values["log-level"],
  };
}
