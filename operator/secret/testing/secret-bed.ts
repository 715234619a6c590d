import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openStack, operatorClients } from "#e2e/clients/operator-clients.ts";
import { createTestDomain, type TestDomain } from "#e2e/cluster/openstack/test-domain.ts";
import type { FaultProxy } from "#e2e/faults/proxy.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventsAbout } from "#e2e/harness/events.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { openProxiedCloud } from "#e2e/harness/proxied-cloud.ts";
import { type CoreSecret, coreSecrets, namespaces } from "#operator/api/foreign.ts";
import type { ProjectSpec } from "#operator/api/generated/project.ts";
import type { Secret } from "#operator/api/generated/secret.ts";
import { COMPARE_AT } from "#operator/api/marks.ts";
import { projects, secrets } from "#operator/api/resources.ts";
import type { BarbicanClient } from "#operator/clients/barbican/client.ts";
import type { CloudClients } from "#operator/clients/cloud-clients.ts";
import { keyOf } from "#runtime/api/object.ts";
import { idOf } from "../gather.ts";

/** A Project of a test with its own namespace, and its part of Barbican as the operator sees it. */
export interface Team {
  readonly name: string;
  readonly projectId: string;
  readonly barbican: BarbicanClient;
  /** Applies a Secret; what is not given is a generated passphrase. */
  apply(name: string, spec?: object, annotations?: Readonly<Record<string, string>>): Promise<Secret>;
  get(name: string): Promise<Secret | undefined>;
  ready(name: string, spec?: object): Promise<Secret>;
  /** Waits for a Secret to be Ready with this version. */
  version(name: string, version: number): Promise<Secret>;
  until(name: string, status: string, reason: string, message?: RegExp): Promise<Secret>;
  /** Deletes a Secret and waits until it is gone. */
  remove(name: string): Promise<void>;
  /** Has the Secret compared with Barbican now. */
  compare(name: string): Promise<void>;
  /** Asks for a new version, in a later second than that in which the last one was made: a wish of that one is fulfilled. */
  rotate(name: string): Promise<void>;
  core(name: string, data: Readonly<Record<string, string | Buffer>>): Promise<void>;
  getCore(name: string): Promise<CoreSecret | undefined>;
  events(name: string): Promise<readonly string[]>;
}

export interface SecretBed extends Bed {
  readonly clients: CloudClients;
  readonly domain: TestDomain;
  /** Between the operator and the real Barbican. */
  readonly barbicanProxy: FaultProxy;
  team(spec?: Partial<ProjectSpec>): Promise<Team>;
}

/** The local cluster with its operator, and a Cloud of the test's own that reaches Barbican through a proxy for faults. */
export async function openSecretBed(): Promise<SecretBed> {
  const bed = await openBed();
  const cloud = await openProxiedCloud(bed);
  const domain = await createTestDomain(openStack(), "t-secret");
  const clients = operatorClients();
  const teams: string[] = [];
  return {
    ...bed,
    clients,
    domain,
    barbicanProxy: cloud.barbican,
    team: async (spec = {}) => {
      const name = unique("secret");
      teams.push(name);
      await bed.kube.apply(
        projects,
        {
          apiVersion: "nephele.dev/v1alpha1",
          kind: "Project",
          metadata: { name },
          spec: { cloudRef: cloud.ref, domain: domain.name, protected: false, onDelete: "Delete", ...spec },
        },
        { fieldOwner: "test", force: true },
      );
      const project = await untilReady(bed.kube, projects, { name });
      return teamOf(bed, clients, name, project.status?.id ?? "");
    },
    close: async () => {
      const own = async () =>
        (await bed.kube.list(secrets)).filter(({ metadata }) => teams.includes(metadata.namespace ?? ""));
      for (const { metadata } of await own()) await bed.kube.delete(secrets, keyOf({ metadata }));
      await eventually("the test's Secrets to be gone", async () => (await own()).length === 0);
      for (const name of teams) await bed.kube.delete(projects, { name });
      const gone = async (): Promise<boolean> =>
        (await bed.kube.list(projects)).every(({ metadata }) => !teams.includes(metadata.name));
      // The namespace controller looks again after its own time for what finalizers held.
      await eventually("the test's Projects to be gone", gone, { withinMs: 90_000 });
      for (const name of teams) await bed.kube.delete(namespaces, { name });
      await cloud.close();
      await domain.remove();
      await clients.close();
      await bed.close();
    },
  };
}

function teamOf(bed: Bed, clients: CloudClients, namespace: string, projectId: string): Team {
  const { kube } = bed;
  const passphrase = { type: "passphrase", source: { generate: { length: 32 } } };
  const apply: Team["apply"] = (name, spec = passphrase, annotations = {}) =>
    kube.apply(
      secrets,
      { apiVersion: "nephele.dev/v1alpha1", kind: "Secret", metadata: { name, namespace, annotations }, spec },
      { fieldOwner: "test", force: true },
    );
  return {
    name: namespace,
    projectId,
    barbican: clients.project(projectId).barbican,
    apply,
    get: (name) => kube.get(secrets, { namespace, name }),
    ready: async (name, spec) => {
      await apply(name, spec);
      return untilReady(kube, secrets, { namespace, name });
    },
    version: (name, version) =>
      eventually(`Secret ${name} to be Ready with version ${version}`, async () => {
        const secret = await untilReady(kube, secrets, { namespace, name });
        return secret.status?.version === version ? secret : undefined;
      }),
    until: (name, status, reason, message) =>
      untilCondition(
        kube,
        secrets,
        { namespace, name },
        { type: "Ready", status, reason, ...(message === undefined ? {} : { message }) },
      ),
    remove: async (name) => {
      await kube.delete(secrets, { namespace, name });
      await untilGone(kube, secrets, { namespace, name });
    },
    compare: async (name) => {
      const annotations = { [COMPARE_AT]: unique("now") };
      await kube.mergePatch(secrets, { namespace, name }, { metadata: { annotations } });
    },
    rotate: async (name) => {
      await eventually(`the second after the last version of ${name}`, async () => {
        const versions = (await kube.get(secrets, { namespace, name }))?.status?.versions ?? [];
        return versions.every(({ createdAt }) => Date.parse(createdAt) + 1_000 <= Date.now());
      });
      const annotations = { "nephele.dev/rotate-requested-at": new Date().toISOString() };
      await kube.mergePatch(secrets, { namespace, name }, { metadata: { annotations } });
    },
    core: async (name, data) => {
      const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
      const object = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name, namespace },
        data: Object.fromEntries(encoded),
      };
      await kube.apply(coreSecrets, object, { fieldOwner: "test", force: true });
    },
    getCore: (name) => kube.get(coreSecrets, { namespace, name }),
    events: async (name) =>
      (await eventsAbout(kube, "Secret", { namespace, name })).map(({ reason, note }) => `${reason}: ${note}`),
  };
}

/** The id in Barbican of a Secret's version, by default the current one. */
export function idIn(secret: Secret, version = secret.status?.version): string {
  const entry = secret.status?.versions?.find((one) => one.version === version);
  if (entry === undefined) throw new Error(`${secret.metadata.name} has no version ${version}`);
  return idOf(entry.refs.secret);
}

/** The payload of a secret of Barbican, as text. */
export async function payloadOf(team: Team, id: string): Promise<string | undefined> {
  const payload = await team.barbican.secrets.readPayload(id, { audit: async () => {} });
  return payload === undefined ? undefined : Buffer.from(payload).toString();
}

/** The lines that the operator wrote for audits. */
export function auditLines(bed: Bed): readonly Readonly<Record<string, unknown>>[] {
  return readFileSync(join(bed.cluster.logsDir, "operator.log"), "utf8")
    .split("\n")
    .filter((line) => line.includes('"audit":"payload-read"'))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}
