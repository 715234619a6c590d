import { eventually } from "#e2e/harness/eventually.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import type { SecretSpec } from "#operator/api/generated/secret.ts";
import { projects, secrets } from "#operator/api/resources.ts";
import { type KillBed, TENANT } from "../bed.ts";
import type { Phase, Subject } from "../subject.ts";
import { isGone, isReady } from "./settled.ts";

const OWNER = { fieldOwner: "test", force: true } as const;
const at = (name: string) => ({ namespace: TENANT, name });

type Loose = { readonly [Field in keyof SecretSpec]?: unknown };

/** Generated anew when a person asks for it, and only the new version is kept. */
function generated(name: string, spec: Loose): Subject {
  const rotated: Phase = {
    name: "rotate",
    writesTo: ["kubernetes", "barbican"],
    act: async (bed, life) => {
      await untilNextSecond(bed, life);
      const annotations = { "nephele.dev/rotate-requested-at": new Date().toISOString() };
      await bed.kube.mergePatch(secrets, at(life), { metadata: { annotations } });
    },
    settled: (bed, life) => hasVersion(bed, life, 2),
  };
  return { name, phases: [created({ ...spec, rotation: { every: "720h", keep: 1 } }), rotated, deleted] };
}

function created(spec: Loose): Phase {
  return {
    name: "create",
    writesTo: ["kubernetes", "barbican"],
    act: async (bed, life) => {
      const wanted = JSON.parse(JSON.stringify(spec).replaceAll("LIFE", life)) as object;
      const secret = { apiVersion: "nephele.dev/v1alpha1", kind: "Secret", metadata: at(life), spec: wanted };
      await bed.kube.apply(secrets, secret, OWNER);
    },
    settled: (bed, life) => hasVersion(bed, life, 1),
  };
}

const deleted: Phase = {
  name: "delete",
  writesTo: ["kubernetes", "barbican"],
  act: async (bed, life) => void (await bed.kube.delete(secrets, at(life))),
  settled: (bed, life) => isGone(bed, secrets, at(life)),
};

/** A wish for a new version counts only after the second in which the last one was made. */
async function untilNextSecond(bed: KillBed, life: string): Promise<void> {
  await eventually("the second after the last version", async () => {
    const versions = (await bed.kube.get(secrets, at(life)))?.status?.versions ?? [];
    return versions.every(({ createdAt }) => Date.parse(createdAt) + 1_000 <= Date.now());
  });
}

async function hasVersion(bed: KillBed, life: string, version: number): Promise<boolean> {
  const secret = await bed.kube.get(secrets, at(life));
  return secret?.status?.version === version && (await isReady(bed, secrets, at(life)));
}

const copied = {
  type: "opaque",
  source: { secretKeyRef: { name: "LIFE-source", key: "value" } },
  access: { project: false },
} as const;
const copy = created(copied);
const source = {
  write: (bed: KillBed, life: string) => writeSource(bed, life, "the first content"),
  remove: async (bed: KillBed, life: string) => void (await bed.kube.delete(coreSecrets, at(`${life}-source`))),
};

/** A copy of a core Secret that only its maker may read in Barbican; new content is a new version. */
const opaque: Subject = {
  name: "Secret, opaque copied",
  // The first copy of an installation makes the key of its MACs, and no later one does.
  open: async (bed) => {
    const first = bed.nextLife();
    await source.write(bed, first);
    await copy.act(bed, first);
    await eventually("the first copy", () => copy.settled(bed, first));
    await bed.kube.delete(secrets, at(first));
    await eventually("the first copy to be gone", () => isGone(bed, secrets, at(first)));
    await source.remove(bed, first);
    await eventually("the Project to have counted it out", async () => {
      return (await bed.kube.get(projects, { name: TENANT }))?.status?.used?.secrets === 0;
    });
  },
  begin: source.write,
  phases: [
    copy,
    {
      name: "new content",
      writesTo: ["kubernetes", "barbican"],
      act: (bed, life) => writeSource(bed, life, "the other content"),
      settled: (bed, life) => hasVersion(bed, life, 2),
    },
    deleted,
  ],
  end: source.remove,
};

async function writeSource(bed: KillBed, life: string, value: string): Promise<void> {
  const data = { value: Buffer.from(value).toString("base64") };
  await bed.kube.apply(coreSecrets, { apiVersion: "v1", kind: "Secret", metadata: at(`${life}-source`), data }, OWNER);
}

/** Every way in which content comes to be, with all that can hang on a Secret: access, a synced copy, both halves of a pair. */
export const secretSubjects: readonly Subject[] = [
  opaque,
  generated("Secret, generated passphrase", {
    type: "passphrase",
    source: { generate: { length: 32 } },
    syncTo: { name: "LIFE-synced", key: "password" },
  }),
  generated("Secret, AES order", {
    type: "symmetric",
    source: { generate: { algorithm: "aes", bitLength: 256 } },
    access: { project: false },
  }),
  generated("Secret, RSA order", {
    type: "private",
    source: { generate: { algorithm: "rsa", bitLength: 2048 } },
    access: { project: false },
  }),
];
