import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { dirname, isAbsolute, join } from "node:path";
import { parse } from "yaml";
import type { CredentialSource } from "./credentials.ts";

/** Fields of a kubeconfig (Kubernetes documentation, "kubeconfig (v1)") that are read here. */
interface Cluster {
  readonly server: string;
  readonly "certificate-authority"?: string;
  readonly "certificate-authority-data"?: string;
  readonly "insecure-skip-tls-verify"?: boolean;
  readonly "tls-server-name"?: string;
}

interface User {
  readonly "client-certificate"?: string;
  readonly "client-certificate-data"?: string;
  readonly "client-key"?: string;
  readonly "client-key-data"?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
}

const CLUSTER_FIELDS: Readonly<Record<keyof Cluster, true>> = {
  server: true,
  "certificate-authority": true,
  "certificate-authority-data": true,
  "insecure-skip-tls-verify": true,
  "tls-server-name": true,
};
const USER_FIELDS: Readonly<Record<keyof User, true>> = {
  "client-certificate": true,
  "client-certificate-data": true,
  "client-key": true,
  "client-key-data": true,
  token: true,
  tokenFile: true,
  username: true,
  password: true,
};

interface Kubeconfig {
  readonly "current-context"?: string;
  readonly contexts?: readonly Named<{ readonly context?: { readonly cluster?: string; readonly user?: string } }>[];
  readonly clusters?: readonly Named<{ readonly cluster?: Cluster }>[];
  readonly users?: readonly Named<{ readonly user?: User }>[];
}

type Named<T> = T & { readonly name: string };

/**
 * Certificates, tokens and passwords of a kubeconfig's current context: what stands in it or in files that it names, which
 * are read anew each time. Undefined where the context needs more than that: a program, a provider, a proxy.
 * @param path of the kubeconfig; files that it names are beside it
 * @throws Error when it is none, or has no current context, or one whose cluster is not there
 */
export async function plainKubeconfig(path: string): Promise<CredentialSource | undefined> {
  const config = kubeconfigOf(path, await readFile(path, "utf8"));
  const context = named(config.contexts, config["current-context"])?.context;
  const cluster = named(config.clusters, context?.cluster)?.cluster;
  if (cluster?.server === undefined)
    throw new Error(
      `${path} names no current cluster: set current-context to a context whose cluster is there, or KUBECONFIG to another file`,
    );
  const user = named(config.users, context?.user)?.user ?? {};
  if (!onlyHas(cluster, CLUSTER_FIELDS) || !onlyHas(user, USER_FIELDS)) return undefined;

  const at = (file: string): string => (isAbsolute(file) ? file : join(dirname(path), file));
  /** What is embedded goes before a file that is named, as it does for kubectl. */
  const content = async (data = "", file = ""): Promise<Buffer | undefined> => {
    if (data !== "") return Buffer.from(data, "base64");
    return file === "" ? undefined : readFile(at(file));
  };
  return {
    server: cluster.server,
    read: async () => {
      const [ca, cert, key] = await Promise.all([
        content(cluster["certificate-authority-data"], cluster["certificate-authority"]),
        content(user["client-certificate-data"], user["client-certificate"]),
        content(user["client-key-data"], user["client-key"]),
      ]);
      const servername = cluster["tls-server-name"] ?? "";
      const tls = {
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
        ...(servername === "" ? {} : { servername }),
        ...(cluster["insecure-skip-tls-verify"] === true ? { rejectUnauthorized: false } : {}),
      };
      const { tokenFile = "" } = user;
      const token = tokenFile === "" ? user.token : (await readFile(at(tokenFile), "utf8")).trim();
      return { tls, headers: authorization(token, user) };
    },
  };
}

function kubeconfigOf(path: string, text: string): Kubeconfig {
  const value = yamlOf(path, text);
  if (typeof value !== "object" || value === null) throw new Error(`${path} is no kubeconfig: it holds no object`);
  return value;
}

/** The parser's own words quote the text, which holds keys. */
function yamlOf(path: string, text: string): unknown {
  try {
    return parse(text);
  } catch {
    throw new Error(`${path} is no kubeconfig: it is not YAML`);
  }
}

function named<T>(list: readonly Named<T>[] | undefined, wanted: string | undefined): T | undefined {
  return Array.isArray(list) ? (list as readonly Named<T>[]).find(({ name }) => name === wanted) : undefined;
}

function authorization(token: string | undefined, { username, password }: User): Readonly<Record<string, string>> {
  if (token !== undefined && token !== "") return { Authorization: `Bearer ${token}` };
  if (username === undefined || username === "") return {};
  return { Authorization: `Basic ${Buffer.from(`${username}:${password ?? ""}`).toString("base64")}` };
}

function onlyHas(value: object, fields: Readonly<Record<string, true>>): boolean {
  return Object.keys(value).every((field) => fields[field]);
}

/** Where kubelet mounts a pod's service account. */
export const SERVICE_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

/** A pod's service account, whose token kubelet renews under us. @throws Error outside a pod */
export function serviceAccount(folder = SERVICE_ACCOUNT_FOLDER, env = process.env): CredentialSource {
  const [host, port] = [env["KUBERNETES_SERVICE_HOST"], env["KUBERNETES_SERVICE_PORT"]];
  if (host === undefined || port === undefined)
    throw new Error("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, as they are in a pod");
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    read: async () => {
      const [ca, token] = await Promise.all([
        readFile(join(folder, "ca.crt")),
        readFile(join(folder, "token"), "utf8"),
      ]);
      return { tls: { ca }, headers: { Authorization: `Bearer ${token.trim()}` } };
    },
  };
}
