import { join } from "node:path";
import { checkout } from "#e2e/cluster/location.ts";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import type { Release } from "#e2e/cluster/release.ts";
import { type Bed, openBed } from "#e2e/harness/bed.ts";
import { untilReady } from "#e2e/harness/conditions.ts";
import { type NodeHandle, openNode } from "#e2e/node/handle.ts";
import { installNephele } from "#e2e/node/nephele.ts";
import { openstack, openstackAs } from "#e2e/node/openstack.ts";
import { coreSecrets, type Pod, pods } from "#operator/api/foreign.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import { clouds, projects, secrets } from "#operator/api/resources.ts";
import { type Condition, isTrue } from "#runtime/api/conditions.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";

export const MINUTES = 60_000;
/** The Project of the examples, and the Secret in it. */
export const team = "team-a";
export const dbPassword = { namespace: team, name: "db-password" };
/** An object of the release's namespace. */
export const at = (name: string) => ({ namespace: systemNamespace, name });

export const OPERATOR = "app.kubernetes.io/component=operator";
/** The label selector of a part's pods. */
export const partOf = (cloud: string, part: string): string =>
  `nephele.dev/cloud=${cloud},app.kubernetes.io/name=${part}`;

/** A node with Nephele installed by its chart, whose Cloud is Ready, and the examples in it. */
export interface CloudBed extends Bed {
  readonly node: NodeHandle;
  readonly release: Release;
  /** The chart's own Cloud. */
  cloud(): Promise<Cloud>;
  isReady(name: string): Promise<boolean>;
  podsOf(labels: string): Promise<readonly Pod[]>;
  /** Names of the pods, in order. */
  namesOf(labels: string): Promise<readonly string[]>;
  /** Names of those that are ready, in order. */
  readyOf(labels: string): Promise<readonly string[]>;
  /** Ends pods at once, without a word to what runs in them. */
  kill(labels: string): Promise<void>;
  /** What the core Secret holds that is kept in step with the example's Secret. */
  synced(): Promise<string>;
  /** Where the tenant's own client finds that Secret in Barbican. */
  reference(): Promise<string>;
}

export async function openCloudBed(stateDir: string): Promise<CloudBed> {
  const release = await installNephele(stateDir, (line) => process.stderr.write(`${line}\n`));
  const bed = await openBed(stateDir);
  const node = await openNode(stateDir);
  for (const file of ["00-namespace.yaml", "10-project.yaml", "40-secret.yaml"])
    await node.run("apply", "--server-side", "--force-conflicts", "-f", join(checkout, "examples", file));
  await untilReady(bed.kube, projects, { name: team });
  await untilReady(bed.kube, secrets, dbPassword);
  const podsOf = (labelSelector: string): Promise<readonly Pod[]> =>
    bed.kube.list(pods, { namespace: systemNamespace, labelSelector });
  const named = (found: readonly Pod[]): readonly string[] => found.map(({ metadata }) => metadata.name).sort();
  return {
    ...bed,
    node,
    release,
    cloud: async () => (await bed.kube.get(clouds, at("default"))) as Cloud,
    isReady: async (name) => isTrue((await bed.kube.get(clouds, at(name)))?.status?.conditions, "Ready"),
    podsOf,
    namesOf: async (labels) => named(await podsOf(labels)),
    readyOf: async (labels) =>
      named((await podsOf(labels)).filter(({ status }) => isTrue(status?.conditions as readonly Condition[], "Ready"))),
    kill: async (labels) => {
      const atOnce = ["--force", "--grace-period=0", "--wait=false"];
      await node.run("delete", "pods", "-n", systemNamespace, "-l", labels, ...atOnce);
    },
    synced: async () => {
      const { data = {} } = (await bed.kube.get(coreSecrets, dbPassword)) ?? {};
      return Buffer.from(data["password"] ?? "", "base64").toString();
    },
    reference: async () => {
      const { ok, text } = await openstack(node, team, "secret", "list", "-f", "value", "-c", "Secret href");
      if (!ok || !/^http\S+\n$/.test(text)) throw new Error(`not one secret in ${team}: ${text}`);
      return text.trim();
    },
  };
}

/** Who the administrator of a Cloud's Keystone is, as the stock client is told by its environment. */
export async function administratorOf(kube: KubeClient, name: string): Promise<Readonly<Record<string, string>>> {
  const { data = {} } = (await kube.get(coreSecrets, at(`${name}-administrator`))) ?? {};
  const value = (key: string): string => Buffer.from(data[key] ?? "", "base64").toString();
  return {
    OS_AUTH_URL: `http://${name}-keystone.${systemNamespace}.svc:5000/v3`,
    OS_USERNAME: value("username"),
    OS_PASSWORD: value("password"),
    OS_PROJECT_NAME: "admin",
    OS_USER_DOMAIN_NAME: "Default",
    OS_PROJECT_DOMAIN_NAME: "Default",
    OS_IDENTITY_API_VERSION: "3",
  };
}

/** The stock client as that administrator. Gives what it printed; throws what it said. */
export async function asAdministrator(
  { kube, node }: CloudBed,
  name: string,
  ...args: readonly string[]
): Promise<string> {
  const { ok, text } = await openstackAs(node, await administratorOf(kube, name), ...args, "-f", "value");
  if (!ok) throw new Error(text);
  return text.trim();
}

/** What that administrator sees: services with their endpoints, and users of the domain Default. */
export async function administratorsView(
  bed: CloudBed,
  name: string,
): Promise<{ readonly services: readonly string[]; readonly users: readonly string[] }> {
  const list = async (...args: readonly string[]): Promise<readonly string[]> =>
    (await asAdministrator(bed, name, ...args)).split("\n").sort();
  return {
    services: [
      ...(await list("service", "list", "-c", "Name", "-c", "Type")),
      ...(await list("endpoint", "list", "-c", "Service Name", "-c", "Interface", "-c", "Region")),
    ],
    users: await list("user", "list", "--domain", "default", "-c", "Name"),
  };
}

/** PostgreSQL's member that takes writes, as its pod, where exactly one says so and is ready. */
export async function primaryOf(bed: CloudBed, cloud: string): Promise<Pod["metadata"] | undefined> {
  const labels = `${partOf(cloud, "postgresql")},nephele.dev/database-role=primary`;
  const ready = await bed.readyOf(labels);
  const found = (await bed.podsOf(labels)).filter(({ metadata }) => ready.includes(metadata.name));
  return found.length === 1 ? found[0]?.metadata : undefined;
}
