import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { adminLoginWith } from "#e2e/cluster/openstack/admin-session.ts";
import type { NodeHandle } from "#e2e/node/handle.ts";
import { partOf } from "#e2e/scenarios/cloud-bed.ts";
import { coreSecrets, pods } from "#operator/api/foreign.ts";
import { clouds } from "#operator/api/resources.ts";
import { type CloudClients, createCloudClients } from "#operator/clients/cloud-clients.ts";
import { type Condition, isTrue } from "#runtime/api/conditions.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { barbicanTold } from "../world/barbican.ts";
import { keystoneTold } from "../world/keystone.ts";
import type { Thing, Told } from "../world/world.ts";
import type { Ways } from "./ways.ts";

const at = (name: string) => ({ namespace: systemNamespace, name });
const DEFAULT_DOMAIN = "default";

/** The services of a Cloud, as a test speaks with them: past the operator's proxies. */
export interface Services {
  readonly identityUrl: string;
  /** With the operator's own login. Close them. */
  readonly clients: CloudClients;
}

export async function servicesOf(kube: KubeClient, ways: Ways, cloud: string): Promise<Services> {
  const identityUrl = `${await ways.to(`${cloud}-keystone.${systemNamespace}.svc:5000`)}/v3`;
  const keyManagerUrl = await ways.to(`${cloud}-barbican.${systemNamespace}.svc:9311`);
  const login = await valuesOf(kube, `${cloud}-operator`);
  const credentials = {
    username: login("username"),
    password: login("password"),
    userDomain: login("userDomain"),
  };
  return { identityUrl, clients: createCloudClients({ identityUrl, keyManagerUrl, region: "RegionOne", credentials }) };
}

/** All that is in a Cloud's Keystone, Barbican and PostgreSQL; nothing where there is no Cloud any more. */
export async function cloudTold(
  kube: KubeClient,
  node: NodeHandle,
  ways: Ways,
  cloud: string,
): Promise<readonly Told[]> {
  if ((await kube.get(clouds, at(cloud))) === undefined) return [];
  const { identityUrl, clients } = await servicesOf(kube, ways, cloud);
  try {
    const password = (await valuesOf(kube, `${cloud}-administrator`))("password");
    const admin = await adminLoginWith(identityUrl, password, "system");
    const keystone = await keystoneTold(admin, DEFAULT_DOMAIN);
    const things: Thing[] = [];
    const ids = new Map<string, string>();
    for (const { id, links: _links, ...is } of await admin.list("/services", "services")) {
      ids.set(id, `<service ${String(is["name"])}>`);
      things.push({ what: "Keystone service", name: String(is["name"]), is });
    }
    for (const { id: _id, links: _links, ...is } of await admin.list("/endpoints", "endpoints"))
      things.push({ what: "Keystone endpoint", name: `${String(is["interface"])} ${String(is["url"])}`, is });
    const barbican = await Promise.all(keystone.projectIds.map((id) => barbicanTold(clients, id)));
    return [keystone, { things, ids }, ...barbican, await databaseTold(kube, node, cloud)];
  } finally {
    await clients.close();
  }
}

async function valuesOf(kube: KubeClient, name: string): Promise<(key: string) => string> {
  const { data = {} } = (await kube.get(coreSecrets, at(name))) ?? {};
  return (key) => Buffer.from(data[key] ?? "", "base64").toString();
}

/** What a pod of each service says of its database: the roles that there are, and the schema's version. */
async function databaseTold(kube: KubeClient, node: NodeHandle, cloud: string): Promise<Told> {
  const ask = async (service: "keystone" | "barbican"): Promise<Thing> => {
    const found = await kube.list(pods, { namespace: systemNamespace, labelSelector: partOf(cloud, service) });
    const pod = found.find(({ status }) => isTrue(status?.conditions as readonly Condition[], "Ready"));
    if (pod === undefined) throw new Error(`no pod of ${service} is ready`);
    const program = [
      "import glob, psycopg2, re",
      `text = ''.join(open(name).read() for name in glob.glob('/etc/${service}/**/*.conf', recursive=True))`,
      "url = re.search(r'connection = (\\S+)', text)[1].replace('+psycopg2', '')",
      "cursor = psycopg2.connect(url).cursor()",
      "cursor.execute(\"SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname ~ '^(keystone|barbican)' ORDER BY 1\")",
      "roles = cursor.fetchall()",
      "cursor.execute('SELECT version_num FROM alembic_version ORDER BY 1')",
      "print(roles, cursor.fetchall())",
    ].join("\n");
    const said = await node.run("exec", pod.metadata.name, "-n", systemNamespace, "--", "python3", "-c", program);
    return { what: "PostgreSQL", name: service, is: said.trim() };
  };
  return { things: [await ask("keystone"), await ask("barbican")], ids: new Map() };
}
