import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { type Rotatable, rotatable } from "#e2e/scenarios/cloud-rotations.ts";
import { coreSecrets, persistentVolumeClaims, pods } from "#operator/api/foreign.ts";
import type { CloudStatus } from "#operator/api/generated/cloud.ts";
import { clouds } from "#operator/api/resources.ts";
import { CLOUD_LABEL } from "#operator/clients/cloud-connection.ts";
import { ANSWERED_REQUEST } from "#operator/cloud/key-status.ts";
import { timeText } from "#runtime/api/time.ts";
import type { Phase, Subject } from "../subject.ts";
import { isGone, isReady } from "../subjects/settled.ts";
import type { NodeKillBed } from "./bed.ts";

const at = (name: string) => ({ namespace: systemNamespace, name });
const KEPT = { name: "kept", content: "stored when the Cloud was new" };

const ofLife = (life: string) => ({ namespace: systemNamespace, labelSelector: `${CLOUD_LABEL}=${life}` });

/** Ready, with no pod that is on its way out, and what was stored when it was new is given back. */
async function serves(bed: NodeKillBed, life: string): Promise<boolean> {
  if (!(await isReady(bed, clouds, at(life)))) return false;
  const leaving = (await bed.kube.list(pods, ofLife(life))).some(({ metadata }) => metadata.deletionTimestamp);
  return !leaving && (await givesBack(bed, life));
}

async function givesBack(bed: NodeKillBed, life: string): Promise<boolean> {
  const { clients } = await bed.services(life);
  try {
    const { secrets } = clients.project(await serviceProject(clients)).barbican;
    const [kept] = await secrets.listByName(KEPT.name);
    if (kept === undefined) return false;
    const bytes = await secrets.readPayload(kept.id, { audit: async () => {} });
    return bytes !== undefined && Buffer.from(bytes).toString() === KEPT.content;
  } finally {
    await clients.close();
  }
}

type Clients = Awaited<ReturnType<NodeKillBed["services"]>>["clients"];

async function serviceProject(clients: Clients): Promise<string> {
  const project = await clients.keystone().projects.findByName("default", "service");
  if (project === undefined) throw new Error("Keystone has no project service");
  return project.id;
}

/** Stores the secret by which it is seen that keys fit the data: once, by whoever has the life's Cloud first. */
async function store(bed: NodeKillBed, life: string): Promise<void> {
  const { clients } = await bed.services(life);
  try {
    const { secrets } = clients.project(await serviceProject(clients)).barbican;
    if ((await secrets.listByName(KEPT.name)).length > 0) return;
    const id = await secrets.create({ name: KEPT.name, secretType: "opaque" });
    await secrets.putPayload(id, { bytes: Buffer.from(KEPT.content), contentType: "application/octet-stream" });
  } finally {
    await clients.close();
  }
}

const created = (spec: Readonly<Record<string, unknown>>): Phase<NodeKillBed> => ({
  name: "create",
  writesTo: ["kubernetes", "keystone", "barbican"],
  act: async (bed, life) => {
    const whole = {
      ...{ identity: {}, keyManager: { replicas: 1 }, protected: false, onDelete: "Delete" },
      database: { bundled: { storage: "1Gi" } },
      ...spec,
    };
    const object = { apiVersion: "nephele.dev/v1alpha1", kind: "Cloud", metadata: at(life), spec: whole };
    await bed.kube.apply(clouds, object, { fieldOwner: "test", force: true });
  },
  settled: async (bed, life) => {
    if (!(await isReady(bed, clouds, at(life)))) return false;
    await store(bed, life);
    return serves(bed, life);
  },
});

const deleted: Phase<NodeKillBed> = {
  name: "delete",
  writesTo: ["kubernetes"],
  act: async (bed, life) => void (await bed.kube.delete(clouds, at(life))),
  settled: async (bed, life) => {
    const left = await Promise.all([bed.kube.list(pods, ofLife(life)), bed.kube.list(coreSecrets, ofLife(life))]);
    const claim = at(`data-${life}-postgresql-0`);
    return (
      (await isGone(bed, clouds, at(life))) &&
      left.flat().length === 0 &&
      (await isGone(bed, persistentVolumeClaims, claim))
    );
  },
};

/** All that rotates on request, asked for at once; each when its turn comes, and what is stored is brought to its new keys. */
const rotated: Phase<NodeKillBed> = {
  name: "rotate all",
  writesTo: ["kubernetes", "keystone", "barbican"],
  act: async (bed, life) => {
    const now = { rotationRequestedAt: timeText(new Date()) };
    const spec = { identity: { keys: now, credentialKeys: now }, keyManager: { kek: now }, passwords: now };
    await bed.kube.mergePatch(clouds, at(life), { spec });
  },
  settled: async (bed, life) => {
    const { spec } = (await bed.kube.get(clouds, at(life))) ?? {};
    const asked = spec?.passwords?.rotationRequestedAt;
    for (const { secrets, done } of Object.values<Rotatable>(rotatable))
      for (const name of secrets) {
        const secret = await bed.kube.get(coreSecrets, at(`${life}-${name}`));
        if (secret === undefined || secret.metadata.annotations?.[ANSWERED_REQUEST] !== asked || !done(secret))
          return false;
      }
    return serves(bed, life);
  },
};

type Release = NonNullable<CloudStatus["release"]>;

const brought = (name: string, spec: Readonly<Record<string, unknown>>, end: Partial<Release>): Phase<NodeKillBed> => ({
  name,
  writesTo: ["kubernetes", "barbican"],
  act: async (bed, life) => void (await bed.kube.mergePatch(clouds, at(life), { spec })),
  settled: async (bed, life) => {
    const { release } = (await bed.kube.get(clouds, at(life)))?.status ?? {};
    const there = release?.deployed === end.deployed && release?.phase === end.phase;
    return there && serves(bed, life);
  },
});

/** The life of a Cloud that is deployed, its pods on a node. */
export const nodeSubjects: readonly Subject<NodeKillBed>[] = [
  { name: "Cloud, deployed: keys", phases: [created({ release: "2026.2" }), rotated, deleted] },
  {
    name: "Cloud, deployed: releases",
    phases: [
      created({ release: "2025.1", contract: "Manual" }),
      brought("upgrade", { release: "2026.1" }, { deployed: "2026.1", phase: "Soaking" }),
      brought("roll back", { release: "2025.1" }, { deployed: "2025.1", phase: "Settled" }),
      brought(
        "upgrade, contract",
        { release: "2026.1", contract: "Automatic" },
        { deployed: "2026.1", phase: "Settled" },
      ),
      deleted,
    ],
  },
];
