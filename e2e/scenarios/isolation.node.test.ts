import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { unique } from "#e2e/harness/bed.ts";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { pod, service } from "#e2e/node/test-objects.ts";
import { pods, services } from "#operator/api/foreign.ts";
import { projects } from "#operator/api/resources.ts";
import type { Desired } from "#runtime/api/object.ts";
import { type CloudBed, MINUTES, OPERATOR, openCloudBed, partOf } from "./cloud-bed.ts";

/** What pods of tenants reach, on a node whose network enforces NetworkPolicies. */
const PORT = 8080;
const [here, there] = [unique("here"), unique("there")];

let bed: CloudBed;
beforeAll(async () => {
  bed = await openCloudBed(inject("nodeStateDir"));
  const probe = await bed.node.probeImage();
  await bed.node.importImages([probe]);
  for (const name of [here, there]) {
    await bed.kube.create(projects, {
      apiVersion: "nephele.dev/v1alpha1",
      kind: "Project",
      metadata: { name },
      spec: { domain: "Default", workloads: true, protected: false, onDelete: "Delete" },
    });
    await untilReady(bed.kube, projects, { name }, MINUTES);
    const at = { namespace: name, name: "probe" };
    const made = pod("probe", probe.reference, { port: PORT }) as Desired;
    await bed.kube.create(pods, { ...made, metadata: { ...made.metadata, ...at } });
    const ports = service("probe", { port: 80, targetPort: PORT }) as Pick<Desired, "spec">;
    await bed.kube.create(services, { apiVersion: "v1", kind: "Service", ...ports, metadata: at });
    await bed.node.run("wait", "--for=condition=Ready", "pod/probe", "-n", name, "--timeout=60s");
  }
}, 10 * MINUTES);
afterAll(async () => {
  if (bed === undefined) return;
  for (const name of [here, there]) await bed.kube.delete(projects, { name });
  for (const name of [here, there]) await untilGone(bed.kube, projects, { name }, 2 * MINUTES);
  await bed.close();
}, 5 * MINUTES);

/** What a pod of a Project gets from a URL, or why it gets nothing. */
const ask = async (project: string, url: string): Promise<string> =>
  bed.node
    .run("exec", "probe", "-n", project, "--", "/probe", "get", url)
    .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
const untilAnswer = async (url: string, expected: RegExp): Promise<void> => {
  let answer = "";
  const look = async (): Promise<boolean> => {
    answer = await ask(here, url);
    return expected.test(answer);
  };
  await eventually(`${url} to answer ${String(expected)}`, look, { seen: () => answer });
};
/** A packet that is dropped is not answered: nobody says that it is refused, or answers in another language. */
const DROPPED = /deadline exceeded|Client.Timeout exceeded|i\/o timeout/;
/** curl's 7 and 28 say that nobody listens or nobody answers; what is no HTTP is an answer too. */
const fromTheNode = async (url: string): Promise<string> => {
  const ask =
    'curl --silent --max-time 5 --output /dev/null "$1"; case $? in 7|28) echo silent;; *) echo answered;; esac';
  return (await bed.node.atNode("sh", ["-c", ask, "sh", url])).text.trim();
};
const addressOf = async (labels: string): Promise<string> => {
  const [first] = await bed.podsOf(labels);
  return first?.status?.podIP ?? "nowhere";
};
const platform = (name: string, port: number): string => `http://${name}.${systemNamespace}.svc:${port}/`;

describe("isolation, enforced", () => {
  test.each([
    ["a Service of their own namespace", async () => `http://probe.${here}/`, /^probe$/],
    ["Keystone", async () => `${platform("default-keystone", 5000)}v3`, /"version"/],
    ["Barbican", async () => platform("default-barbican", 9311), /"versions"/],
    ["another Project's Service", async () => `http://probe.${there}/`, DROPPED],
    ["PostgreSQL", async () => platform("default-postgresql", 5432), DROPPED],
    ["memcached", async () => platform("default-memcached", 11211), DROPPED],
    ["Patroni", async () => `http://${await addressOf(partOf("default", "postgresql"))}:8008/`, DROPPED],
    ["the operator's metrics", async () => `http://${await addressOf(OPERATOR)}:8080/metrics`, DROPPED],
  ])("pods of a Project that is Strict ask %s", async (_what, url, expected) => {
    const asked = await url();
    // The control: something does listen there, and speaks with the node, which no policy stops.
    expect(await fromTheNode(asked)).toBe("answered");
    await untilAnswer(asked, expected);
  });

  test(
    "the control: of Projects that are Open pods reach each other; PostgreSQL is still closed by its own policy",
    async () => {
      for (const name of [here, there]) {
        await bed.kube.mergePatch(projects, { name }, { spec: { isolation: "Open" } });
        await untilReady(bed.kube, projects, { name }, MINUTES);
      }
      await untilAnswer(`http://probe.${there}/`, /^probe$/);
      expect(await ask(here, platform("default-postgresql", 5432))).toMatch(DROPPED);
    },
    3 * MINUTES,
  );
});
