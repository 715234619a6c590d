import { access } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { delimiter, join } from "node:path";
import { plainKubeconfig, SERVICE_ACCOUNT_FOLDER, serviceAccount } from "./kubeconfig.ts";

/** What a TLS connection to the API server is opened with, and the headers by which a request says who asks. */
export interface Credentials {
  readonly tls: Pick<RequestOptions, "ca" | "cert" | "key" | "servername" | "rejectUnauthorized">;
  readonly headers: Readonly<Record<string, string>>;
}

/** One API server, and credentials for it that may change under us. */
export interface CredentialSource {
  readonly server: string;
  read(): Promise<Credentials>;
}

/**
 * Finds the API server and the credentials as kubectl does: the file that is given, KUBECONFIG, the home folder's, the
 * pod's service account. Plain ones are read here; what needs a program or a provider, or several files merged, is
 * client-node's, which takes half a second and 80 MiB to load (docs/adr/0041).
 * @throws Error when a kubeconfig cannot be read or names no cluster, or there is none
 */
export async function credentialSource(kubeconfig?: string): Promise<CredentialSource> {
  const named = (process.env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  if (kubeconfig === undefined && named.length > 1) return byClientNode();
  // A pod's user may have no entry that os.homedir could find.
  const home = join(process.env["HOME"] ?? "/", ".kube", "config");
  const file = kubeconfig ?? named[0] ?? ((await isThere(home)) ? home : undefined);
  if (file !== undefined) return (await plainKubeconfig(file)) ?? byClientNode(file);
  if (await isThere(join(SERVICE_ACCOUNT_FOLDER, "token"))) return serviceAccount();
  throw new Error(`no cluster is named: set KUBECONFIG, write ${home}, or run in a pod with a service account`);
}

/** By exec plugins, OIDC and whatever else @kubernetes/client-node knows. */
async function byClientNode(file?: string): Promise<CredentialSource> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  if (file === undefined) config.loadFromDefault();
  else config.loadFromFile(file);
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new Error("the kubeconfig names no current cluster: set current-context, or KUBECONFIG to another file");
  return {
    server: cluster.server,
    read: async () => {
      const applied: RequestOptions = {};
      await config.applyToHTTPSOptions(applied);
      const { ca, cert, key, servername, rejectUnauthorized } = applied;
      const basic =
        typeof applied.auth === "string" ? `Basic ${Buffer.from(applied.auth).toString("base64")}` : undefined;
      const headers = Object.entries(applied.headers ?? {}).map(([name, value]) => [name, String(value)] as const);
      return {
        tls: {
          ...(ca === undefined ? {} : { ca }),
          ...(cert === undefined ? {} : { cert }),
          ...(key === undefined ? {} : { key }),
          ...(servername === undefined ? {} : { servername }),
          ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
        },
        headers: { ...Object.fromEntries(headers), ...(basic === undefined ? {} : { Authorization: basic }) },
      };
    },
  };
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
