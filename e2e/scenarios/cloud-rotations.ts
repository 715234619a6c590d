import { eventually } from "#e2e/harness/eventually.ts";
import { type CoreSecret, coreSecrets } from "#operator/api/foreign.ts";
import { clouds } from "#operator/api/resources.ts";
import { usedKey } from "#operator/cloud/decide/rotation.ts";
import { ANSWERED_REQUEST, REWRAPPED } from "#operator/cloud/key-status.ts";
import { timeText } from "#runtime/api/time.ts";
import { at, type CloudBed, MINUTES } from "./cloud-bed.ts";

export interface Rotatable {
  /** Where the Cloud's spec takes the request. */
  readonly ask: (request: { readonly rotationRequestedAt: string }) => Readonly<Record<string, unknown>>;
  /** The core Secrets that answer it, by what follows the Cloud's name. */
  readonly secrets: readonly string[];
  /** Whether nothing is left to be done once it was answered. */
  readonly done: (secret: CoreSecret) => boolean;
}

/** All that is stored is encrypted by the key that is used. */
const rewrapped = ({ data = {}, metadata }: CoreSecret): boolean =>
  metadata.annotations?.[REWRAPPED] === String(usedKey(data));

/** What of a deployed Cloud rotates on request. */
export const rotatable = {
  /** Of a Cloud with tokens of the format jws. */
  "keys of tokens": { ask: (keys) => ({ identity: { keys } }), secrets: ["fernet", "jws"], done: () => true },
  "credential keys": {
    ask: (credentialKeys) => ({ identity: { credentialKeys } }),
    secrets: ["credential"],
    done: rewrapped,
  },
  "key-encryption keys": { ask: (kek) => ({ keyManager: { kek } }), secrets: ["kek"], done: rewrapped },
  logins: {
    ask: (passwords) => ({ passwords }),
    secrets: ["database", "barbican-user", "operator", "administrator"],
    // The former ones are gone: `keystone` beside `keystone-2`, what names Barbican's user of before, and no password is next.
    done: ({ data = {} }) =>
      data["former"] === undefined &&
      data["next"] === undefined &&
      ["keystone", "barbican"].every((login) => Object.keys(data).filter((key) => key.startsWith(login)).length < 2),
  },
} as const satisfies Readonly<Record<string, Rotatable>>;

/** Asks a Cloud to rotate one of them now, and waits until that is done. */
export async function rotate({ kube }: CloudBed, cloud: string, what: keyof typeof rotatable): Promise<void> {
  const { ask, secrets, done }: Rotatable = rotatable[what];
  const rotationRequestedAt = timeText(new Date());
  await kube.mergePatch(clouds, at(cloud), { spec: ask({ rotationRequestedAt }) });
  const look = async (name: string): Promise<boolean> => {
    const secret = await kube.get(coreSecrets, at(`${cloud}-${name}`));
    return secret?.metadata.annotations?.[ANSWERED_REQUEST] === rotationRequestedAt && done(secret);
  };
  for (const name of secrets)
    await eventually(`${what} to be rotated: ${name}`, () => look(name), { withinMs: 10 * MINUTES });
}
