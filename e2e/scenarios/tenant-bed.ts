import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStack } from "#e2e/clients/operator-clients.ts";
import { openCluster } from "#e2e/cluster/handle.ts";
import { unique } from "#e2e/harness/bed.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { run, type Said } from "#e2e/harness/run.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import type { ProjectMember, ProjectSpec } from "#operator/api/generated/project.ts";
import { type GuestBed, openGuestBed, type Tenant } from "./guest-bed.ts";

/** A Project's only member: a user in Keystone, and one with a client certificate in Kubernetes. */
export interface Person extends Tenant {
  readonly user: string;
  readonly password: string;
  readonly projectId: string;
  /** kubectl with the member's own certificate. `input` is an object for its standard input. */
  kubectl(args: readonly string[], input?: object): Promise<Said>;
  /** Applies an object of the Project's namespace as the member. */
  apply(kind: string, name: string, spec: object, more?: object): Promise<Said>;
  /** The stock client, with the Project's clouds.yaml. */
  openstack(...args: readonly string[]): Promise<Said>;
  /** The stock client, with the member's own name and password. */
  openstackByPassword(...args: readonly string[]): Promise<Said>;
}

export interface TenantBed extends GuestBed {
  person(role: ProjectMember["role"], spec?: Partial<ProjectSpec>): Promise<Person>;
}

export async function openTenantBed(): Promise<TenantBed> {
  const bed = await openGuestBed();
  const cluster = openCluster();
  const folder = mkdtempSync(join(tmpdir(), "nephele-tenants-"));
  const { identityUrl, region, openstackBin } = openStack();

  const person: TenantBed["person"] = async (role, spec = {}) => {
    const user = unique("person");
    const { password } = await bed.domain.createUser(user);
    const kubernetes = { kind: "User", name: user } as const;
    const tenant = await bed.tenant({ ...spec, members: [{ user, domain: bed.domain.name, role, kubernetes }] });
    const { name: namespace } = tenant;
    const projectId = (await bed.cloud.keystone().projects.findByName(bed.domain.id, namespace))?.id ?? "";
    const kubeconfig = await cluster.kubeconfigFor(user);
    const login = await bed.kube.get(coreSecrets, { namespace, name: "clouds" });
    const file = join(folder, `${namespace}.yaml`);
    writeFileSync(file, Buffer.from(login?.data?.["clouds.yaml"] ?? "", "base64"), { mode: 0o600 });

    const kubectl: Person["kubectl"] = (args, input) =>
      run(cluster.kubectl, ["--kubeconfig", kubeconfig, ...args], { input });
    const byPassword = {
      OS_AUTH_URL: identityUrl,
      OS_REGION_NAME: region,
      OS_IDENTITY_API_VERSION: "3",
      OS_USERNAME: user,
      OS_PASSWORD: password,
      OS_USER_DOMAIN_NAME: bed.domain.name,
      OS_PROJECT_ID: projectId,
    };
    // Rights take effect a moment after they are written.
    await eventually(
      "the member to have its rights",
      async () => (await kubectl(["get", "servers", "-n", namespace])).ok,
    );
    return {
      ...tenant,
      user,
      password,
      projectId,
      kubectl,
      apply: (kind, name, content, more = {}) => {
        const metadata = { name, namespace };
        return kubectl(["apply", "-f", "-"], {
          apiVersion: "nephele.dev/v1alpha1",
          kind,
          metadata,
          spec: content,
          ...more,
        });
      },
      openstack: (...args) => run(openstackBin, args, { env: { OS_CLIENT_CONFIG_FILE: file, OS_CLOUD: namespace } }),
      openstackByPassword: (...args) => run(openstackBin, args, { env: byPassword }),
    };
  };
  return {
    ...bed,
    person,
    close: async () => {
      rmSync(folder, { recursive: true, force: true });
      await bed.close();
    },
  };
}
