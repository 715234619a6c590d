import { request } from "undici";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { openstackAs } from "#e2e/node/openstack.ts";
import { administratorOf, type CloudBed, MINUTES, partOf } from "./cloud-bed.ts";

/** An administrator of a Project in Keystone, who chooses where Barbican keeps what the Project stores. */
export interface StoreChooser {
  /** From now on: what is stored stays where it is. */
  prefer(store: string): Promise<void>;
  close(): void;
}

interface Listed {
  readonly secret_stores: readonly { readonly name: string; readonly secret_store_ref: string }[];
}

export async function openStoreChooser(bed: CloudBed, cloud: string, project: string): Promise<StoreChooser> {
  const { kube, node } = bed;
  const admin = await administratorOf(kube, cloud);
  const said = async (env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> => {
    const { ok, text } = await openstackAs(node, env, ...args);
    if (!ok) throw new Error(text);
    return text.trim();
  };
  const inProject = ["--project", project, "--project-domain", "Default"];
  await said(admin, "role", "add", "--user", "admin", "--user-domain", "Default", ...inProject, "admin");
  const scoped = { ...admin, OS_PROJECT_NAME: project };
  const headers = { "x-auth-token": await said(scoped, "token", "issue", "-f", "value", "-c", "id") };
  const service = ["get", `service/${cloud}-barbican`, "-n", systemNamespace, "-o", "jsonpath={.spec.clusterIP}"];
  const way = await node.reach(`${(await node.run(...service)).trim()}:9311`);
  const call = async (method: "GET" | "POST", path: string, expected: number): Promise<string> => {
    const { statusCode, body } = await request(`http://127.0.0.1:${way.port}${path}`, { method, headers });
    const text = await body.text();
    if (statusCode !== expected) throw new Error(`${method} ${path} answered ${statusCode}: ${text}`);
    return text;
  };
  return {
    prefer: async (store) => {
      const { secret_stores: listed } = JSON.parse(await call("GET", "/v1/secret-stores", 200)) as Listed;
      const ref = listed.find(({ name }) => name === store)?.secret_store_ref;
      if (ref === undefined) throw new Error(`Barbican lists no store ${store}`);
      await call("POST", `${new URL(ref).pathname}/preferred`, 204);
    },
    close: () => way.close(),
  };
}

/** By which of Barbican's plugins a secret was encrypted, as its database says. */
export async function pluginOf(bed: CloudBed, cloud: string, secretId: string): Promise<string> {
  const [pod = ""] = await bed.readyOf(partOf(cloud, "barbican"));
  const ask = [
    "import glob, psycopg2, re, sys",
    "text = open(glob.glob('/etc/barbican/barbican.conf.d/*')[0]).read()",
    "url = re.search(r'connection = (\\S+)', text)[1].replace('+psycopg2', '')",
    "cursor = psycopg2.connect(url).cursor()",
    "by = 'SELECT plugin_name FROM kek_data JOIN encrypted_data ON kek_data.id = kek_id WHERE secret_id = %s'",
    "cursor.execute(by, sys.argv[1:])",
    "print(*(name for name, in cursor.fetchall()))",
  ].join("\n");
  const program = ["--", "python3", "-c", ask, secretId];
  return (await bed.node.run("exec", pod, "-n", systemNamespace, ...program)).trim();
}

/** Replaces Barbican's pods, each drained as in any rollout, and waits until the former are gone. Gives the new ones. */
export async function rollBarbican(bed: CloudBed, cloud: string): Promise<readonly string[]> {
  const labels = partOf(cloud, "barbican");
  const former = await bed.namesOf(labels);
  await bed.node.run("rollout", "restart", `deployment/${cloud}-barbican-2026-2`, "-n", systemNamespace);
  return eventually(
    "other pods of Barbican",
    async () => {
      const [all, ready] = [await bed.namesOf(labels), await bed.readyOf(labels)];
      return ready.length === 2 && all.length === 2 && !all.some((pod) => former.includes(pod)) && ready;
    },
    { withinMs: 5 * MINUTES },
  );
}
