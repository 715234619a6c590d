import { openStack, operatorClients } from "#e2e/clients/operator-clients.ts";
import { createTestDomain, type TestDomain } from "#e2e/cluster/openstack/test-domain.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventsAbout } from "#e2e/harness/events.ts";
import type { Project, ProjectSpec } from "#operator/api/generated/project.ts";
import { COMPARE_AT } from "#operator/api/marks.ts";
import { projects } from "#operator/api/resources.ts";
import type { CloudClients } from "#operator/clients/cloud-access.ts";

/** The Cloud of the local cluster. */
export const CLOUD = { namespace: "nephele-system", name: "default" } as const;

/** The local cluster with its operator, and a Keystone domain of the test file's own. */
export interface ProjectBed extends Bed {
  /** The operator's own clients, to look at what it made. */
  readonly cloud: CloudClients;
  readonly domain: TestDomain;
  /** Applies a Project of the file's domain, unprotected and deleted with all it has unless `spec` says otherwise. */
  apply(name: string, spec?: Partial<ProjectSpec>): Promise<Project>;
  /** Applies and waits until it is Ready. */
  ready(name: string, spec?: Partial<ProjectSpec>): Promise<Project>;
  /** Has the Project compared with what is outside, now. */
  compare(name: string): Promise<void>;
  /** Deletes the Project and waits until it is gone. */
  remove(name: string): Promise<void>;
  /** Reasons of the events about a Project. */
  events(name: string): Promise<readonly string[]>;
}

export async function openProjectBed(): Promise<ProjectBed> {
  const bed = await openBed();
  const { kube } = bed;
  const domain = await createTestDomain(openStack(), "t-project");
  const cloud = operatorClients();
  const applied = new Set<string>();

  const apply = (name: string, spec: Partial<ProjectSpec> = {}): Promise<Project> => {
    applied.add(name);
    const wanted = { cloudRef: CLOUD, domain: domain.name, protected: false, onDelete: "Delete", ...spec };
    const project = { apiVersion: "nephele.dev/v1alpha1", kind: "Project", metadata: { name }, spec: wanted };
    return kube.apply(projects, project, { fieldOwner: "test", force: true });
  };
  const remove = async (name: string): Promise<void> => {
    await kube.delete(projects, { name });
    await untilGone(kube, projects, { name }, 60_000);
  };
  return {
    ...bed,
    cloud,
    domain,
    apply,
    remove,
    ready: async (name, spec) => {
      await apply(name, spec);
      return untilReady(kube, projects, { name });
    },
    compare: async (name) => {
      await kube.mergePatch(projects, { name }, { metadata: { annotations: { [COMPARE_AT]: unique("now") } } });
    },
    events: async (name) => (await eventsAbout(kube, "Project", { name })).map(({ reason }) => reason),
    close: async () => {
      await Promise.all([...applied].map(remove));
      await domain.remove();
      await cloud.close();
      await bed.close();
    },
  };
}
