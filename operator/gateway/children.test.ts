import { join } from "node:path";
import type { ServiceSpec } from "kubernetes-types/core/v1.d.ts";
import type { NetworkPolicySpec } from "kubernetes-types/networking/v1.d.ts";
import { describe, expect, test } from "vitest";
import { HEALTH_PORT } from "#operator/envoy/bootstrap.ts";
import { childrenOf } from "./children.ts";
import { aGateway, aPlatform } from "./fixtures.ts";
import { infrastructureOf } from "./infrastructure.ts";
import { nameProblem } from "./names.ts";
import { portsOf } from "./ports.ts";

const golden = (name: string): string => join(import.meta.dirname, "golden", `${name}.golden.json`);
const text = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** What is made, by the name of its golden file. `vitest run -u` writes them anew; look at what has changed. */
const made = {
  web: childrenOf(aGateway(), aPlatform()),
  "web-labelled": childrenOf(
    aGateway({
      infrastructure: {
        labels: { team: "edge", "gateway.networking.k8s.io/gateway-name": "another" },
        annotations: { "example.org/pool": "internal" },
      },
    }),
    aPlatform({ replicas: 1, serviceType: "ClusterIP", userNamespaces: false }),
  ),
};

describe("what runs a Gateway's proxies", () => {
  test.each(Object.entries(made))("%s", async (name, children) => {
    await expect(text(children)).toMatchFileSnapshot(golden(name));
  });

  test("a drain of nodes takes one pod at a time, and the only one there is, too: fewer replicas leave nothing behind", () => {
    const budgets = Object.values(made).map((children) =>
      children.filter(({ kind }) => kind === "PodDisruptionBudget").map((each) => each["spec"]),
    );
    expect(budgets).toEqual([
      [expect.objectContaining({ maxUnavailable: 1 })],
      [expect.objectContaining({ maxUnavailable: 1 })],
    ]);
  });

  test("a load balancer's callers keep their addresses, by which they are counted; a port of any node leads to proxies of all", () => {
    const policies = (["LoadBalancer", "NodePort", "ClusterIP"] as const).map((serviceType) => {
      const service = childrenOf(aGateway(), aPlatform({ serviceType })).find(({ kind }) => kind === "Service");
      return (service?.["spec"] as ServiceSpec | undefined)?.externalTrafficPolicy ?? "every node";
    });
    expect(policies).toEqual(["Local", "every node", "every node"]);
  });

  test("who they are is made first, and the pods last", () => {
    expect(made.web[0]?.kind).toBe("ServiceAccount");
    expect(made.web.at(-1)?.kind).toBe("Deployment");
  });
});

describe("what a Gateway wants on all that is made of it", () => {
  const marks = {
    team: "edge",
    "example.org/pool": "internal",
    "mesh.nephele.dev/enabled": "true",
    "nephele.dev/content": "00000000",
    "app.kubernetes.io/name": "shop",
    "deployment.kubernetes.io/revision": "7",
    "gateway.networking.k8s.io/gateway-name": "another",
    "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
    "k8s.v1.cni.cncf.io/networks": "storage",
    "io.kubernetes.cri-o.userns-mode": "host",
    "notnephele.dev/mine": "yes",
  };
  const plain = { team: "edge", "example.org/pool": "internal", "notnephele.dev/mine": "yes" };

  test("is there but for marks of Nephele, of Kubernetes and of what makes pods; how its load balancer is to be made is the Service's", () => {
    expect(infrastructureOf(aGateway({ infrastructure: { labels: marks, annotations: marks } }))).toEqual({
      labels: plain,
      annotations: plain,
      serviceAnnotations: { "service.beta.kubernetes.io/azure-load-balancer-internal": "true" },
    });
  });

  test("makes its Service no member of the mesh, and gives nothing that Kubernetes writes another value", () => {
    const marked = childrenOf(aGateway({ infrastructure: { labels: marks, annotations: marks } }), aPlatform());
    for (const made of marked) {
      expect(made.metadata.labels).not.toHaveProperty(["mesh.nephele.dev/enabled"]);
      expect(made.metadata.annotations).not.toHaveProperty(["mesh.nephele.dev/enabled"]);
      expect(made.metadata.annotations).not.toHaveProperty(["deployment.kubernetes.io/revision"]);
      expect(made.metadata.labels).toMatchObject({ team: "edge", "gateway.networking.k8s.io/gateway-name": "web" });
    }
  });
});

test("proxies may call pods, and nothing else by whatever address", () => {
  const [policy] = made.web.filter(({ kind }) => kind === "NetworkPolicy");
  const spec = policy?.["spec"] as NetworkPolicySpec | undefined;
  expect(spec?.egress?.map(({ to }) => to?.map(Object.keys))).toEqual([
    [["namespaceSelector"]],
    [["namespaceSelector"]],
  ]);
});

describe("ports", () => {
  const listeners = (...all: readonly (readonly [string, number])[]) =>
    aGateway({ listeners: all.map(([protocol, port], at) => ({ name: `l${at}`, port, protocol })) });

  test.each([
    ["each once, in order", listeners(["HTTPS", 443], ["HTTP", 80], ["HTTPS", 443]), [80, 443]],
    ["none of a protocol that is not served", listeners(["UDP", 53], ["TLS", 8443]), [8443]],
    ["none that is the proxies' own", listeners(["HTTP", HEALTH_PORT], ["HTTP", 81]), [81]],
    ["none without listeners", aGateway({ listeners: [] }), []],
  ])("%s", (_name, gateway, expected) => {
    expect(portsOf(gateway)).toEqual(expected);
  });
});

test.each([
  ["edge", true],
  ["e".repeat(55), true],
  ["e".repeat(56), false],
  ["edge.example.org", false],
  ["1st", false],
])("a Gateway named %s can be run: %s", (name, fine) => {
  expect(nameProblem(name) === undefined).toBe(fine);
});
