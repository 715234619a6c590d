import { commonHelp, hostAndPort, readFlags, standaloneOptions, UsageError } from "#runtime/manager/flags.ts";
import { type SpiffeId, spiffeId } from "#spiffe/spiffe-id.ts";

/** Where proxies ask: this pod's own by a socket, others by mutual TLS. */
export type Listen =
  | { readonly kind: "unix"; readonly path: string }
  | {
      readonly kind: "mtls";
      readonly host: string;
      readonly port: number;
      /** The Workload API that gives us our identity. */
      readonly workloadApi: string;
      /** Who may ask. */
      readonly callers: readonly SpiffeId[];
    };

/** What the program is told at its start. */
export interface Flags {
  /** The file of the bundle. */
  readonly bundle: string;
  readonly listen: Listen;
  readonly health: { readonly host: string; readonly port: number };
  readonly logLevel: string;
}

const HELP = `nephele authorization

  --bundle FILE            bundle.tar.gz as \`opa build -t wasm -e ENTRYPOINT\` writes it, in the volume of a ConfigMap or Secret
                           (required); it is read anew when it becomes another
  --listen ADDRESS         where proxies ask (required): unix:/PATH, or with --workload-api HOST:PORT
  --workload-api ADDRESS   unix:///PATH of the SPIRE agent: proxies ask by mutual TLS of SVIDs
  --caller ID              SPIFFE ID that may ask, with --workload-api; may be repeated
  --health-address H:P     serve /healthz, /readyz, /metrics (default 127.0.0.1:8080)
  ${commonHelp.logLevel}
`;

const options = {
  ...standaloneOptions,
  bundle: { type: "string" },
  listen: { type: "string" },
  "workload-api": { type: "string" },
  caller: { type: "string", multiple: true },
  "health-address": { type: "string", default: "127.0.0.1:8080" },
} as const;

/** @throws UsageError whose message is to be shown as it is */
export function parseFlags(argv: readonly string[]): Flags {
  const values = readFlags(argv, options, HELP);
  if (values.bundle === undefined) throw wrong("--bundle must be given");
  if (values.listen === undefined) throw wrong("--listen must be given");
  const health = hostAndPort(values["health-address"]);
  if (health === undefined) throw wrong(`--health-address must be HOST:PORT, not ${values["health-address"]}`);
  return {
    bundle: values.bundle,
    listen: listenOf(values.listen, values["workload-api"], values.caller ?? []),
    health,
    logLevel: values["log-level"],
  };
}

/** There is no clear text over a network, not of this machine either: whoever asks learns what is allowed, and shows tokens. */
function listenOf(text: string, workloadApi: string | undefined, callers: readonly string[]): Listen {
  if (workloadApi === undefined) {
    const [, path] = /^unix:(\/.+)$/.exec(text) ?? [];
    if (path === undefined) throw wrong(`--listen must be unix:/PATH without --workload-api, not ${text}`);
    if (callers.length > 0)
      throw wrong("--caller goes with --workload-api: who reaches a socket is a matter of its folder");
    return { kind: "unix", path };
  }
  const address = hostAndPort(text);
  if (address === undefined) throw wrong(`--listen must be HOST:PORT with --workload-api, not ${text}`);
  if (callers.length === 0) throw wrong("--caller must be given with --workload-api: nobody else may ask");
  return { kind: "mtls", ...address, workloadApi, callers: callers.map(callerOf) };
}

function callerOf(text: string): SpiffeId {
  try {
    return spiffeId(text);
  } catch (error) {
    throw wrong(`--caller must be a SPIFFE ID: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function wrong(problem: string): UsageError {
  return new UsageError(`${problem}\n\n${HELP}`);
}
