import { afterAll, beforeAll, expect, test } from "vitest";
import { childrenOf } from "#operator/gateway/children.ts";
import { aGateway, aPlatform } from "#operator/gateway/fixtures.ts";
import { ACCEPTED, eventually, type Sender, uniqueName, untilRefused } from "../testing/api-server.ts";
import { type Manifest, merge, type Patch } from "../testing/rule-case.ts";
import { OPERATOR, openWorkbench, type Workbench } from "../testing/workbench.ts";

const verbs = ["create", "update", "delete"];
const RIGHTS = [
  { apiGroups: ["apps"], resources: ["deployments"], verbs },
  { apiGroups: [""], resources: ["serviceaccounts"], verbs },
];
const ALONE = "what is a Gateway's alone";
const IDENTITY = "a Gateway's proxies have its identity alone";
const UNPRIVILEGED = "a Gateway's proxies are one kind of container";

let bench: Workbench;
let namespace: string;
let senders: { readonly operator: Sender; readonly other: Sender };
let paths: { readonly deployments: string; readonly accounts: string };
type Who = keyof typeof senders;

beforeAll(async () => {
  bench = await openWorkbench();
  namespace = await bench.namespace();
  paths = {
    deployments: `/apis/apps/v1/namespaces/${namespace}/deployments`,
    accounts: `/api/v1/namespaces/${namespace}/serviceaccounts`,
  };
  senders = { operator: await bench.user(OPERATOR, RIGHTS), other: await bench.user("other", RIGHTS) };
  // Until the policy is at work.
  await untilRefused(() => senders.operator.judge("POST", paths.accounts, account({})));
});
afterAll(() => bench.close());

const owned = (by: Patch = {}): Patch => ({
  ownerReferences: [
    { apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", name: "edge", uid: "u", controller: true, ...by },
  ],
});
const account = (metadata: Patch) => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "edge-gateway", ...metadata },
});
/** The Deployment that the operator makes of the Gateway `edge`, with changes of its pods, and of the container there. */
function deployment(pod: Patch, container: Patch): Manifest {
  const platform = aPlatform({ userNamespaces: false });
  const made = childrenOf(aGateway({}, { name: "edge", namespace }), platform).at(-1) as unknown as Made;
  const { template } = made.spec;
  const containers = template.spec.containers.map((each) => merge(each, container));
  const spec = merge({ ...template.spec, containers }, pod);
  return { ...made, spec: { ...made.spec, template: { ...template, spec } } };
}
interface Made extends Manifest {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Patch[] } } };
}

const agent = { name: "spire-agent", hostPath: { path: "/run/nephele/spire-agent", type: "Directory" } };
const volumes = (...more: readonly Patch[]): Patch => ({ volumes: [{ name: "run", emptyDir: {} }, agent, ...more] });
const folder = (hostPath: Patch): Patch => ({
  volumes: [
    { name: "run", emptyDir: {} },
    { name: "spire-agent", hostPath },
  ],
});
const secretKeyRef = { name: "key", key: "tls.key" };

test.each<readonly [string, Who, Patch, string]>([
  ["the operator makes what is a Gateway's", "operator", owned(), ACCEPTED],
  ["it makes nothing that is nobody's", "operator", {}, ALONE],
  ["nor of another owner", "operator", owned({ kind: "Cloud" }), ALONE],
  ["nor with a name that others may have", "operator", owned({ name: "shop" }), ALONE],
  ["others are bound by their rights alone", "other", {}, ACCEPTED],
])("%s", async (_says, who, metadata, expected) => {
  expect(await senders[who].judge("POST", paths.accounts, account(metadata))).toContain(expected);
});

test.each<readonly [string, Patch, string]>([
  ["proxies are as the operator makes them: their Gateway's account", {}, ACCEPTED],
  ["and no other", { serviceAccountName: "admin" }, IDENTITY],
  ["who is nobody to the API server", { automountServiceAccountToken: true }, IDENTITY],
  ["which has to be said", { automountServiceAccountToken: null }, IDENTITY],
  ["they are not in their node's network", { hostNetwork: true, securityContext: { sysctls: null } }, IDENTITY],
  ["nor see its processes", { hostPID: true }, IDENTITY],
  ["nor its memory", { hostIPC: true }, IDENTITY],
  ["nor its files, whatever the volume is called", folder({ path: "/", type: "Directory" }), IDENTITY],
  ["nor those beside the agent's", folder({ path: "/run/nephele", type: "Directory" }), IDENTITY],
  ["nor make the folder", folder({ path: agent.hostPath.path, type: "DirectoryOrCreate" }), IDENTITY],
  ["nor have Secrets", volumes({ name: "key", secret: { secretName: "key" } }), IDENTITY],
  [
    "nor tokens",
    volumes({ name: "token", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }),
    IDENTITY,
  ],
  ["their user is not root", { securityContext: { runAsUser: 0 } }, UNPRIVILEGED],
  ["nor may be", { securityContext: { runAsNonRoot: null } }, UNPRIVILEGED],
  ["nor calls the kernel as it likes", { securityContext: { seccompProfile: { type: "Unconfined" } } }, UNPRIVILEGED],
  ["nothing is before them", { initContainers: [{ name: "first", image: "first" }] }, UNPRIVILEGED],
])("%s", async (_says, pod, expected) => {
  expect(await senders.operator.judge("POST", paths.deployments, deployment(pod, {}))).toContain(expected);
});

test.each<readonly [string, Patch]>([
  ["is privileged", { securityContext: { privileged: true, allowPrivilegeEscalation: null } }],
  ["may become it", { securityContext: { allowPrivilegeEscalation: null } }],
  ["is root", { securityContext: { runAsUser: 0 } }],
  ["may be root", { securityContext: { runAsNonRoot: false } }],
  ["keeps what it may by itself", { securityContext: { capabilities: { drop: null } } }],
  ["has more", { securityContext: { capabilities: { add: ["NET_ADMIN"] } } }],
  ["calls the kernel as it likes", { securityContext: { seccompProfile: { type: "Unconfined" } } }],
  ["sees all of it", { securityContext: { procMount: "Unmasked" } }],
  ["has a port of its node", { ports: [{ name: "health", containerPort: 19_002, hostPort: 19_002 }] }],
  ["reads a Secret", { env: [{ name: "KEY", valueFrom: { secretKeyRef } }] }],
  ["reads all of a Secret", { envFrom: [{ secretRef: { name: "key" } }] }],
])("no container of theirs %s", async (_says, container) => {
  expect(
    await senders.operator.judge("POST", paths.deployments, deployment({ hostUsers: false }, container)),
  ).toContain(UNPRIVILEGED);
});

test("others are bound by their rights alone", async () => {
  const open = deployment({ hostPID: true }, { securityContext: { capabilities: { add: ["NET_ADMIN"] } } });
  expect(await senders.other.judge("POST", paths.deployments, open)).toContain(ACCEPTED);
});

test("the operator makes nobody's its own by saying that it is a Gateway's, and deletes it neither", async () => {
  const name = uniqueName("rules");
  const path = await bench.create(paths.accounts, account({ name }));
  const now = await bench.admin.send("GET", path);
  expect(await senders.operator.judge("PUT", path, merge(now, { metadata: owned() }))).toContain(ALONE);
  expect(await senders.operator.judge("DELETE", path)).toContain(ALONE);
  expect(await senders.other.judge("DELETE", path)).toContain(ACCEPTED);
});

test("of a Project's account default the operator takes the token, and nothing else, and of no other account", async () => {
  const project = await bench.namespace({ labels: { "nephele.dev/project": uniqueName("p") } });
  const at = (where: string, name: string) => `/api/v1/namespaces/${where}/serviceaccounts/${name}`;
  const changed = async (path: string, change: Patch) =>
    senders.operator.judge("PUT", path, merge(await bench.admin.send("GET", path), change));
  const off: Patch = { automountServiceAccountToken: false };
  const ours = at(project, "default");
  // Kubernetes makes it a moment after the namespace.
  await eventually(
    () => changed(ours, off).catch((error: unknown) => String(error)),
    (verdict) => verdict === ACCEPTED,
  );
  expect(await changed(ours, off)).toBe(ACCEPTED);
  expect(await changed(ours, { automountServiceAccountToken: true })).toContain(ALONE);
  expect(await changed(ours, { ...off, imagePullSecrets: [{ name: "theirs" }] })).toContain(ALONE);
  expect(await changed(ours, { ...off, metadata: owned({ name: "other" }) })).toContain(ALONE);
  expect(await senders.operator.judge("DELETE", ours)).toContain(ALONE);
  await bench.create(`/api/v1/namespaces/${project}/serviceaccounts`, account({ name: "theirs" }));
  expect(await changed(at(project, "theirs"), off)).toContain(ALONE);
  expect(await changed(at(namespace, "default"), off)).toContain(ALONE);
});
