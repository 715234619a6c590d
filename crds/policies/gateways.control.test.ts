import { afterAll, beforeAll, expect, test } from "vitest";
import { ACCEPTED, type Sender, uniqueName, untilRefused } from "../testing/api-server.ts";
import { merge, type Patch } from "../testing/rule-case.ts";
import { OPERATOR, openWorkbench, type Workbench } from "../testing/workbench.ts";

const verbs = ["create", "update", "delete"];
const RIGHTS = [
  { apiGroups: ["apps"], resources: ["deployments"], verbs },
  { apiGroups: [""], resources: ["serviceaccounts"], verbs },
];
const ALONE = "what is a Gateway's alone";
const IDENTITY = "a Gateway's proxies have its identity alone";

let bench: Workbench;
let senders: { readonly operator: Sender; readonly other: Sender };
let paths: { readonly deployments: string; readonly accounts: string };
type Who = keyof typeof senders;

beforeAll(async () => {
  bench = await openWorkbench();
  const namespace = await bench.namespace();
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
const deployment = (pod: Patch) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "edge-gateway", ...owned() },
  spec: {
    selector: { matchLabels: { app: "edge" } },
    template: {
      metadata: { labels: { app: "edge" } },
      spec: {
        serviceAccountName: "edge-gateway",
        containers: [{ name: "envoy", image: "envoy" }],
        volumes: [{ name: "spire-agent", hostPath: { path: "/run/agent", type: "Directory" } }],
        ...pod,
      },
    },
  },
});

test.each<readonly [string, Who, Patch, string]>([
  ["the operator makes what is a Gateway's", "operator", owned(), ACCEPTED],
  ["it makes nothing that is nobody's", "operator", {}, ALONE],
  ["nor of another owner", "operator", owned({ kind: "Cloud" }), ALONE],
  ["nor with a name that others may have", "operator", owned({ name: "shop" }), ALONE],
  ["others are bound by their rights alone", "other", {}, ACCEPTED],
])("%s", async (_says, who, metadata, expected) => {
  expect(await senders[who].judge("POST", paths.accounts, account(metadata))).toContain(expected);
});

test.each<readonly [string, Who, Patch, string]>([
  ["proxies are their Gateway's account", "operator", {}, ACCEPTED],
  ["and no other", "operator", { serviceAccountName: "admin" }, IDENTITY],
  ["they are not in their node's network", "operator", { hostNetwork: true }, IDENTITY],
  ["nor see its processes", "operator", { hostPID: true }, IDENTITY],
  ["nor its files", "operator", { volumes: [{ name: "all", hostPath: { path: "/", type: "Directory" } }] }, IDENTITY],
  ["nor Secrets", "operator", { volumes: [{ name: "key", secret: { secretName: "key" } }] }, IDENTITY],
  [
    "nor are they privileged",
    "operator",
    { containers: [{ name: "envoy", image: "envoy", securityContext: { privileged: true } }] },
    IDENTITY,
  ],
  ["others are bound by their rights alone", "other", { hostPID: true }, ACCEPTED],
])("%s", async (_says, who, pod, expected) => {
  expect(await senders[who].judge("POST", paths.deployments, deployment(pod))).toContain(expected);
});

test("the operator makes nobody's its own by saying that it is a Gateway's, and deletes it neither", async () => {
  const name = uniqueName("rules");
  const path = await bench.create(paths.accounts, account({ name }));
  const now = await bench.admin.send("GET", path);
  expect(await senders.operator.judge("PUT", path, merge(now, { metadata: owned() }))).toContain(ALONE);
  expect(await senders.operator.judge("DELETE", path)).toContain(ALONE);
  expect(await senders.other.judge("DELETE", path)).toContain(ACCEPTED);
});
