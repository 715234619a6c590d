import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { openStack, operatorClients } from "#e2e/clients/operator-clients.ts";
import { checkout } from "#e2e/cluster/location.ts";
import { openStackManifests } from "#e2e/cluster/openstack/manifests.ts";
import { createTestDomain, type TestDomain } from "#e2e/cluster/openstack/test-domain.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import type { Project, ProjectSpec } from "#operator/api/generated/project.ts";
import { clouds, projects } from "#operator/api/resources.ts";
import { type CloudClients, createCloudAccess } from "#operator/clients/cloud-access.ts";
import { createCloudClientsCache } from "#operator/clients/cloud-clients.ts";
import { cloudController } from "#operator/cloud/controller.ts";
import { projectController } from "#operator/project/controller.ts";
import { COMPARE_AT } from "#operator/project/drift-clock.ts";
import type { Desired } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { connect } from "#runtime/client/connection.ts";
import { Manager } from "#runtime/manager/manager.ts";
import { createLogger } from "#runtime/observe/log.ts";

export const CLOUD = { namespace: "nephele-system", name: "default" } as const;
export const OPERATOR = { namespace: "nephele-system", name: "nephele-operator" } as const;

/** The local cluster with the controllers of Cloud and Project at work, and a Keystone domain of the test file's own. */
export interface ProjectBed extends Bed {
  readonly cloud: CloudClients;
  readonly domain: TestDomain;
  /** Applies a Project of the file's domain, unprotected and removed with all it has unless `spec` says otherwise. */
  apply(name: string, spec?: Partial<ProjectSpec>): Promise<Project>;
  /** Applies and waits until it is Ready. */
  ready(name: string, spec?: Partial<ProjectSpec>): Promise<Project>;
  /** Has the Project compared with what is outside, now. */
  compare(name: string): Promise<void>;
  /** Reasons and messages of the events about a Project. */
  events(name: string): Promise<readonly string[]>;
}

/**
 * Opens the bed. The controllers run in this process as the operator's own account, with no right but those of
 * charts/nephele/rbac.
 */
export async function openProjectBed(): Promise<ProjectBed> {
  const bed = await openBed();
  const kubectl = (...args: readonly string[]): string =>
    execFileSync(bed.cluster.kubectl, ["--kubeconfig", bed.cluster.kubeconfigPath, ...args], { encoding: "utf8" });
  kubectl("apply", "-f", join(checkout, "charts/nephele/rbac"));
  for (const manifest of openStackManifests(openStack())) await applyManifest(bed, manifest);
  const domain = await createTestDomain(openStack(), "t-project");
  const stop = new AbortController();
  const controllers = await startControllers(bed, stop.signal);
  await untilReady(bed.kube, clouds, CLOUD);
  const cloud = operatorClients();

  const apply = (name: string, spec: Partial<ProjectSpec> = {}): Promise<Project> =>
    bed.kube.apply(
      projects,
      {
        apiVersion: "nephele.dev/v1alpha1",
        kind: "Project",
        metadata: { name },
        spec: { cloudRef: CLOUD, domain: domain.name, protected: false, onDelete: "Delete", ...spec },
      },
      { fieldOwner: "test", force: true },
    );
  return {
    ...bed,
    cloud,
    domain,
    apply,
    ready: async (name, spec) => {
      await apply(name, spec);
      return untilReady(bed.kube, projects, { name });
    },
    compare: async (name) => {
      const annotations = { [COMPARE_AT]: unique("now") };
      await bed.kube.mergePatch(projects, { name }, { metadata: { annotations } });
    },
    events: async (name) => {
      const listed = JSON.parse(kubectl("get", "events.events.k8s.io", "-n", "default", "-o", "json")) as {
        readonly items: readonly {
          readonly regarding: { name: string };
          readonly reason: string;
          readonly note: string;
        }[];
      };
      return listed.items
        .filter(({ regarding }) => regarding.name === name)
        .map(({ reason, note }) => `${reason}: ${note}`);
    },
    close: async () => {
      for (const { metadata } of await bed.kube.list(projects)) {
        if (metadata.name.startsWith("t-project-")) await bed.kube.delete(projects, { name: metadata.name });
      }
      await eventually("the test's Projects to be gone", async () => {
        const left = await bed.kube.list(projects);
        return left.every(({ metadata }) => !metadata.name.startsWith("t-project-"));
      });
      stop.abort();
      await controllers.ended;
      await domain.remove();
      await cloud.close();
      await bed.close();
    },
  };
}

async function startControllers(bed: Bed, signal: AbortSignal): Promise<{ readonly ended: Promise<void> }> {
  const user = `system:serviceaccount:${OPERATOR.namespace}:${OPERATOR.name}`;
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${OPERATOR.namespace}`, "system:authenticated"];
  const connection = await connect({ kubeconfig: bed.cluster.kubeconfigPath, impersonate: { user, groups } });
  const manager = new Manager({
    connection,
    userAgent: "nephele-operator/test",
    identity: unique("operator"),
    log: createLogger({ level: process.env["NEPHELE_TEST_LOG"] ?? "silent" }),
    controllers: (kube) => {
      const access = createCloudAccess({ kube, clients: createCloudClientsCache(), clock: () => new Date() });
      return [
        cloudController({ clouds: access, pollMs: 2_000 }),
        projectController({
          clouds: access,
          installationId: "local",
          operator: OPERATOR,
          platform: { system: OPERATOR.namespace, cdi: "cdi" },
        }),
      ];
    },
  });
  return { ended: manager.run(signal).finally(() => connection.close()) };
}

async function applyManifest(bed: Bed, manifest: Desired): Promise<void> {
  const options = { fieldOwner: "test", force: true };
  if (manifest.kind === "Cloud") await bed.kube.apply(clouds, manifest, options);
  else await bed.kube.apply(coreSecrets, manifest, options);
}
