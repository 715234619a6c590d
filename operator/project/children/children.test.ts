import type { NetworkPolicySpec } from "kubernetes-types/networking/v1.d.ts";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { ServiceAccount } from "#operator/api/foreign.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import type { ProjectSpec } from "#operator/api/generated/project.ts";
import { aProject } from "../fixtures.ts";
import { cloudsSecret } from "./clouds-secret.ts";
import { confinedAccount, isConfined, releasedAccount } from "./default-account.ts";
import { hardLimits, limits } from "./limits.ts";
import { namespaceLabels, newNamespace } from "./namespace.ts";
import { type ImportersReach, networkPolicies } from "./network-policies.ts";
import { memberBindings, operatorBinding } from "./role-bindings.ts";

const dev = {
  user: "dev-1",
  domain: "Default",
  role: "member",
  kubernetes: { kind: "User", name: "dev@corp" },
} as const;
const ops = { group: "ops", domain: "corp", role: "reader", kubernetes: { kind: "Group", name: "corp:ops" } } as const;
const plain = { user: "dev-2", domain: "Default", role: "manager" } as const;

const bindings = (spec: Partial<ProjectSpec>): Record<string, unknown> =>
  Object.fromEntries(
    memberBindings(aProject(spec)).map((binding) => [
      binding.metadata.name,
      (binding["subjects"] as readonly { readonly name: string }[]).map(({ name }) => name),
    ]),
  );

describe("the RoleBindings of members", () => {
  test("give each role to those who have a name in Kubernetes", () => {
    expect(bindings({ members: [dev, ops, plain] })).toEqual({
      "nephele:project-member": ["dev@corp"],
      "nephele:project-reader": ["corp:ops"],
    });
  });

  test("name nobody twice, in one order", () => {
    const other = { ...dev, user: "dev-3", kubernetes: { kind: "User", name: "a@corp" } } as const;
    expect(bindings({ members: [dev, other, dev] })).toEqual({ "nephele:project-member": ["a@corp", "dev@corp"] });
  });

  test("let members run pods where the Project says so, and readers never", () => {
    expect(bindings({ members: [dev, ops], workloads: true })).toMatchObject({
      "nephele:project-workloads": ["dev@corp"],
    });
  });

  test("are none in a disabled Project", () => {
    expect(bindings({ members: [dev], workloads: true, enabled: false })).toEqual({});
  });

  test("never give anything to Kubernetes' own users and groups", () => {
    const everybody = { ...ops, kubernetes: { kind: "Group", name: "system:authenticated" } } as const;
    expect(bindings({ members: [everybody] })).toEqual({});
  });

  test("are beside that of the operator, which a finalizer holds", () => {
    expect(operatorBinding(aProject(), { namespace: "nephele-system", name: "nephele-operator" })).toMatchObject({
      metadata: { name: "nephele:project-operator", finalizers: ["nephele.dev/project"] },
      subjects: [{ kind: "ServiceAccount", name: "nephele-operator", namespace: "nephele-system" }],
    });
  });
});

test("the account default gives its pods no token, and is let go with nothing of ours", () => {
  const account = (said: object) => ({ ...confinedAccount(aProject()), ...said }) as unknown as ServiceAccount;
  expect(isConfined(account({}))).toBe(true);
  expect(isConfined(account({ automountServiceAccountToken: true }))).toBe(false);
  expect(isConfined(account({ automountServiceAccountToken: undefined }))).toBe(false);
  expect(Object.keys(releasedAccount(aProject()))).toEqual(["apiVersion", "kind", "metadata"]);
});

describe("the backstop", () => {
  test("has room for what Servers need beside their guests", () => {
    expect(hardLimits({ servers: 20, cores: 40, memory: "128Gi", storage: "1Ti", secrets: 200 })).toEqual({
      pods: "110",
      "requests.cpu": "110",
      "requests.memory": "284Gi",
      "requests.storage": "2148Gi",
    });
  });

  test("lets at least every guest twice through, however small they are", () => {
    expect(hardLimits({ memory: "1Gi" })).toEqual({ "requests.memory": "19Gi" });
  });

  test("is not there without a quota of guests", () => {
    expect(limits(aProject({ quota: { secrets: 5 } }))).toEqual([]);
  });
});

describe("isolation", () => {
  const platform = { system: "nephele-system", cdi: "cdi" };
  const home = { namespace: "clouds", name: "default" };
  const internet = { importers: "Internet", cloud: home } as const;

  test.each([
    [home, 1],
    [undefined, 0],
  ] as const)("where the Cloud that is deployed is %o, %i rule leads to its services", (cloud, count) => {
    const text = JSON.stringify(networkPolicies(aProject(), platform, { ...internet, cloud }));
    expect(text.split('"nephele.dev/cloud":"default"').length - 1).toBe(count);
    expect(text.split('"keystone","barbican"').length - 1).toBe(count);
    expect(text.split('"kubernetes.io/metadata.name":"clouds"').length - 1).toBe(count);
  });

  test("Strict lets CDI's own pods alone send disks from Project to Project", () => {
    const between = networkPolicies(aProject(), platform, internet).filter((policy) =>
      JSON.stringify(policy).includes('"nephele.dev/project","operator":"Exists"'),
    );
    expect(between).toMatchObject([
      { spec: { podSelector: { matchLabels: { "cdi.kubevirt.io": "cdi-clone-source" } }, policyTypes: ["Egress"] } },
      { spec: { podSelector: { matchLabels: { "cdi.kubevirt.io": "cdi-upload-server" } }, policyTypes: ["Ingress"] } },
    ]);
  });

  test("Strict closes ingress and egress for every pod", () => {
    const [isolation] = networkPolicies(aProject(), platform, internet);
    expect(isolation).toMatchObject({ spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } });
  });

  test("Strict lets only importers reach addresses outside", () => {
    const policies = networkPolicies(aProject(), platform, internet);
    const withBlocks = policies.filter((policy) => JSON.stringify(policy).includes("ipBlock"));
    expect(withBlocks).toMatchObject([{ spec: { podSelector: { matchLabels: { "cdi.kubevirt.io": "importer" } } } }]);
  });

  test.each([
    ["Internet", "10.0.0.0/8", true],
    ["Internet", "169.254.0.0/16", true],
    ["Internet", "fc00::/7", true],
    ["Internet", "64:ff9b::a00:0/104", true],
    ["Any", "10.0.0.0/8", false],
    ["Any", "169.254.0.0/16", true],
    ["Any", "64:ff9b::a00:0/104", false],
    ["Any", "64:ff9b::a9fe:0/112", true],
    ["Any", "fd00:ec2::254/128", true],
  ] as const)("where importers reach %s, %s is closed to them: %s", (reach, range, closed) => {
    const importers = networkPolicies(aProject(), platform, { ...internet, importers: reach }).find(
      ({ metadata: { name } }) => name === "nephele-importers",
    );
    expect(JSON.stringify(importers).includes(`"${range}"`)).toBe(closed);
  });

  const open = (importers: ImportersReach) =>
    networkPolicies(aProject({ isolation: "Open" }), platform, { ...internet, importers });

  test("Open bounds importers alone, to DNS and to what those of a Project that is Strict reach outside", () => {
    for (const importers of ["Internet", "Any"] as const) {
      const strict = networkPolicies(aProject(), platform, { ...internet, importers });
      expect(open(importers)).toEqual(strict.filter(({ metadata: { name } }) => name === "nephele-importers"));
      expect(open(importers)).toHaveLength(1);
    }
    const { podSelector, egress } = (open("Internet")[0]?.["spec"] ?? {}) as NetworkPolicySpec;
    expect(podSelector).toEqual({ matchLabels: { "cdi.kubevirt.io": "importer" } });
    expect(JSON.stringify(egress)).toContain('"169.254.0.0/16"');
    expect(egress?.map(({ ports }) => ports?.map(({ port }) => port))).toEqual([undefined, [53, 53]]);
  });
});

describe("the namespace", () => {
  test("that we make says so and consents to its Project", () => {
    expect(newNamespace(aProject({ protected: true }), "local").metadata).toEqual({
      name: "team-a",
      annotations: { "nephele.dev/project": "team-a", "nephele.dev/created-by": "local/team-a" },
      labels: {
        "nephele.dev/project": "team-a",
        "nephele.dev/protected": "true",
        "pod-security.kubernetes.io/enforce": "baseline",
      },
    });
  });

  test("keeps a stricter level of its owner", () => {
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    const metadata = { name: "team-a", uid: "n", resourceVersion: "1", creationTimestamp: "", labels };
    const desired = namespaceLabels(aProject(), { apiVersion: "v1", kind: "Namespace", metadata });
    expect(desired.metadata.labels).not.toHaveProperty("pod-security.kubernetes.io/enforce");
  });
});

describe("the core Secret clouds", () => {
  const endpoints = { identity: "https://out/v3", internal: { identity: "https://in/v3" } };
  const cloud = { spec: { region: "RegionOne" }, status: { endpoints } } as unknown as Cloud;
  const createdAt = new Date(0);
  const generation = {
    generation: 1,
    id: "ac1",
    name: "robot-1",
    userId: "r1",
    role: "member",
    projectId: "p1",
    createdAt,
    expiresAt: createdAt,
  };
  const valuesOf = (ca: string | undefined): Record<string, string> => {
    const desired = cloudsSecret({ project: aProject(), cloud, generation, secret: "s3cr3t", ca });
    const data = desired["data"] as Readonly<Record<string, string>>;
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
    );
  };

  test("holds a file with the addresses for people and for what runs inside", () => {
    const auth = { application_credential_id: "ac1", application_credential_secret: "s3cr3t" };
    expect(parse(valuesOf(undefined)["clouds.yaml"] ?? "")).toMatchObject({
      clouds: {
        "team-a": { interface: "public", auth: { auth_url: "https://out/v3", ...auth } },
        "team-a-internal": { interface: "internal", auth: { auth_url: "https://in/v3", ...auth } },
      },
    });
  });

  test("brings the authority and names its file where one is needed", () => {
    const values = valuesOf("PEM");
    expect(values["ca.crt"]).toBe("PEM");
    expect(values["clouds.yaml"]).toContain("cacert: /etc/openstack/ca.crt");
    expect(valuesOf(undefined)["clouds.yaml"]).not.toContain("cacert");
  });

  test("shows the secret in its data and nowhere else", () => {
    const { data: _data, ...rest } = cloudsSecret({
      project: aProject(),
      cloud,
      generation,
      secret: "s3cr3t",
      ca: undefined,
    });
    expect(JSON.stringify(rest)).not.toContain("s3cr3t");
  });
});
