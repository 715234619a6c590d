import { hostname } from "node:os";
import { parseArgs } from "node:util";

/** What the operator is told at its start. */
export interface Flags {
  readonly kubeconfig: string | undefined;
  /** Names of the controllers to run; undefined is all of them. */
  readonly controllers: readonly string[] | undefined;
  /** Tells our things in Keystone and Barbican from those of another installation that uses the same cloud. */
  readonly installationId: string;
  /** Where the operator's own objects live: its lease, its key. */
  readonly namespace: string;
  readonly identity: string;
  /** How long until every object is looked at again where nothing was heard, in milliseconds; undefined is the runtime's. */
  readonly resyncMs: number | undefined;
  readonly leaderElect: boolean;
  readonly health: { readonly host: string; readonly port: number } | undefined;
  readonly logLevel: string;
  readonly platform: {
    /** Before the names of the images of a Cloud's services. */
    readonly imageRegistry: string;
    readonly userNamespaces: boolean;
  };
}

const HELP = `nephele operator

  --installation-id ID     tells our things in Keystone and Barbican from another installation's (required);
                           3 to 20 of a-z, 0-9 and -, and never changed once used
  --kubeconfig FILE        default: KUBECONFIG, ~/.kube/config, or the pod's service account
  --controllers A,B        run only these (default: all); processes with disjoint sets share the work
  --namespace NS           where the lease lives (default nephele-system)
  --identity NAME          this process in leases and events (default: host name and process id)
  --resync SECONDS         look at every object again after this long where nothing was heard (default 600)
  --no-leader-elect        work at once: for a process that is alone
  --health-address H:P     serve /healthz, /readyz, /metrics (default 127.0.0.1:8080; "off" for none)
  --image-registry PREFIX  before the names of the images of a Cloud's services (default docker.io/nephele)
  --no-user-namespaces     give pods of a Cloud no user namespace: for nodes that have none
  --log-level LEVEL        debug, info, warn, error (default info)
`;

/** A wrong command line, with what would be right. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** @throws UsageError whose message is to be shown as it is */
export function parseFlags(argv: readonly string[]): Flags {
  const { values } = parse(argv);
  if (values.help === true) throw new UsageError(HELP);
  const id = values["installation-id"];
  if (id === undefined || !/^[a-z0-9][a-z0-9-]{1,18}[a-z0-9]$/.test(id)) {
    throw new UsageError(`--installation-id must be given: 3 to 20 of a-z, 0-9 and -\n\n${HELP}`);
  }
  const { resync } = values;
  if (resync !== undefined && !/^[1-9]\d{0,4}$/.test(resync))
    throw new UsageError(`--resync must be seconds, 1 to 99999, not ${resync}`);
  const levels = ["debug", "info", "warn", "error"];
  if (!levels.includes(values["log-level"])) throw new UsageError(`--log-level must be one of ${levels.join(", ")}`);
  return {
    kubeconfig: values.kubeconfig,
    controllers: values.controllers?.split(",").filter((name) => name !== ""),
    installationId: id,
    namespace: values.namespace,
    identity: values.identity ?? `${hostname()}-${process.pid}`,
    resyncMs: resync === undefined ? undefined : Number(resync) * 1000,
    leaderElect: !values["no-leader-elect"],
    health: parseAddress(values["health-address"]),
    logLevel: values["log-level"],
    platform: {
      imageRegistry: values["image-registry"].replace(/\/+$/, ""),
      userNamespaces: !values["no-user-namespaces"],
    },
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        "installation-id": { type: "string" },
        kubeconfig: { type: "string" },
        controllers: { type: "string" },
        namespace: { type: "string", default: "nephele-system" },
        identity: { type: "string" },
        resync: { type: "string" },
        "no-leader-elect": { type: "boolean", default: false },
        "health-address": { type: "string", default: "127.0.0.1:8080" },
        "image-registry": { type: "string", default: "docker.io/nephele" },
        "no-user-namespaces": { type: "boolean", default: false },
        "log-level": { type: "string", default: "info" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
  }
}

function parseAddress(text: string): Flags["health"] {
  if (text === "off") return undefined;
  const match = /^(.+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port > 65_535) {
    throw new UsageError(`--health-address must be host:port or "off", not ${text}`);
  }
  return { host: match[1], port };
}
