import { parseArgs } from "node:util";

/** What the program is told at its start. */
export interface Flags {
  readonly kubeconfig: string | undefined;
  readonly listen: string;
  readonly health: { readonly host: string; readonly port: number };
  readonly logLevel: string;
}

const HELP = `nephele xds-control-plane

  --kubeconfig FILE      default: KUBECONFIG, ~/.kube/config, or the pod's service account
  --listen ADDRESS       where proxies connect: 127.0.0.1:PORT, [::1]:PORT or unix:PATH (default 127.0.0.1:18000);
                         others would be served in clear text: a sidecar in front ends mutual TLS
  --health-address H:P   serve /healthz, /readyz, /metrics (default 127.0.0.1:18001)
  --log-level LEVEL      debug, info, warn, error (default info)
`;

/** A wrong command line, with what would be right. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** @throws UsageError whose message is to be shown as it is */
export function parseFlags(argv: readonly string[]): Flags {
  const { values } = read(argv);
  if (values.help === true) throw new UsageError(HELP);
  const { listen } = values;
  if (!/^(127\.0\.0\.1:\d{1,5}|\[::1\]:\d{1,5}|unix:\/.+)$/.test(listen)) {
    throw new UsageError(`--listen must be an address of this machine alone, not ${listen}\n\n${HELP}`);
  }
  const health = /^(.+):(\d{1,5})$/.exec(values["health-address"]);
  if (health === null) throw new UsageError(`--health-address must be HOST:PORT\n\n${HELP}`);
  const levels = ["debug", "info", "warn", "error"];
  if (!levels.includes(values["log-level"])) throw new UsageError(`--log-level must be one of ${levels.join(", ")}`);
  return {
    kubeconfig: values.kubeconfig,
    listen,
    health: { host: health[1] ?? "", port: Number(health[2]) },
    logLevel: values["log-level"],
  };
}

function read(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        kubeconfig: { type: "string" },
        listen: { type: "string", default: "127.0.0.1:18000" },
        "health-address": { type: "string", default: "127.0.0.1:18001" },
        "log-level": { type: "string", default: "info" },
        help: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
  }
}
