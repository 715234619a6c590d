import { pageOrigin, parseConsoleUrl } from "#operator/console-url.ts";
import { commonHelp, commonOptions, hostAndPort, readFlags, UsageError } from "#runtime/manager/flags.ts";

/** What the program is told at its start. */
export interface Flags {
  readonly kubeconfig: string | undefined;
  readonly listen: { readonly host: string; readonly port: number };
  readonly health: { readonly host: string; readonly port: number };
  /** Origins of pages that may connect. */
  readonly allowedOrigins: readonly string[];
  readonly logLevel: string;
}

const HELP = `nephele console-proxy

  --console-url URL        by which people reach this program (required), such as wss://consoles.example.org; pages of the same
                           host may connect
  --allow-origin ORIGIN    pages of this origin may connect too, such as https://dashboard.example.org; may be repeated
  ${commonHelp.kubeconfig}
  --listen HOST:PORT       where people connect, in clear text (default 127.0.0.1:6083)
  --health-address H:P     serve /healthz, /readyz, /metrics (default 127.0.0.1:8080)
  ${commonHelp.logLevel}
`;

const options = {
  ...commonOptions,
  "console-url": { type: "string" },
  "allow-origin": { type: "string", multiple: true },
  listen: { type: "string", default: "127.0.0.1:6083" },
  "health-address": { type: "string", default: "127.0.0.1:8080" },
} as const;

/** @throws UsageError whose message is to be shown as it is */
export function parseFlags(argv: readonly string[]): Flags {
  const values = readFlags(argv, options, HELP);
  const url = values["console-url"];
  if (url === undefined) throw new UsageError(`--console-url must be given\n\n${HELP}`);
  return {
    kubeconfig: values.kubeconfig,
    listen: address("--listen", values.listen),
    health: address("--health-address", values["health-address"]),
    allowedOrigins: [pageOrigin(parseConsoleUrl(url)), ...(values["allow-origin"] ?? []).map(originOf)],
    logLevel: values["log-level"],
  };
}

function address(flag: string, text: string): Flags["listen"] {
  const found = hostAndPort(text);
  if (found === undefined) throw new UsageError(`${flag} must be HOST:PORT, not ${text}\n\n${HELP}`);
  return found;
}

/** As browsers write it: without a slash at the end, and without the scheme's own port. */
function originOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.origin !== text)
    throw new UsageError(`--allow-origin must be an origin such as https://dashboard.example.org, not ${text}`);
  return url.origin;
}
