import type { Desired } from "#runtime/api/object.ts";
import { migrateCredentialsJob, rewrapKekJob, type Task } from "./children/jobs.ts";
import type { Service } from "./children/service-config.ts";
import { mayTokensBeOut } from "./decide/fernet.ts";
import { fernetKey, type Values } from "./decide/key-table.ts";
import { usedKey } from "./decide/rotation.ts";
import { MOST_PAIRS, pairsOf, signingPair, valuesOfPairs } from "./decide/signing-keys.ts";
import type { CloudDeployment, RotationSchedule } from "./deployment.ts";
import type { KeyName } from "./names.ts";

/** What is known of a repository beside its keys. */
export interface RepositoryState {
  readonly usedSince: Readonly<Record<string, string>>;
  readonly now: Date;
  /** The key to which all that is stored was brought. */
  readonly rewrapped: number;
}

/** How keys by number stand in a core Secret. */
export interface Repository {
  readonly read: (values: Values) => Values;
  readonly write: (keys: Values) => Values;
  readonly make: () => string;
  readonly most: number;
}

/** As they are. A core Secret has room for many more; so many are a mistake. */
const fernetKeys: Repository = { read: (values) => values, write: (keys) => keys, make: fernetKey, most: 200 };
const signingPairs: Repository = { read: pairsOf, write: valuesOfPairs, make: signingPair, most: MOST_PAIRS };

/** One repository of keys that rotates. Another is a line in {@link rotations}. */
export interface Rotation {
  readonly name: KeyName;
  /** In messages. */
  readonly called: string;
  readonly schedule: RotationSchedule;
  readonly repository: Repository;
  /** Whose pods read them. */
  readonly reader: Service;
  /** Whether something needs a key that is no longer used. */
  readonly needed: (number: number, state: RepositoryState) => boolean;
  /** Encrypts what is stored anew, where something is: done for each key that comes into use. */
  readonly rewrap?: { readonly task: Task; readonly job: (keys: Values) => Desired };
}

export function rotations(deployment: CloudDeployment): readonly Rotation[] {
  const { identity, rotation } = deployment;
  const ofTokens = {
    schedule: rotation.tokens,
    reader: "keystone",
    needed: (number, { usedSince, now }) =>
      mayTokensBeOut(number, { usedSince, now, tokenLifetimeMs: identity.tokenLifetimeMs }),
  } satisfies Partial<Rotation>;
  return [
    { name: "fernet", called: "Fernet keys", repository: fernetKeys, ...ofTokens },
    // Receipts are encrypted by Fernet keys whatever tokens are.
    ...(identity.tokenFormat === "jws"
      ? [{ name: "jws", called: "signing keys", repository: signingPairs, ...ofTokens } as const]
      : []),
    {
      name: "credential",
      called: "credential keys",
      schedule: rotation.credential,
      repository: fernetKeys,
      reader: "keystone",
      // Keystone reads three keys at most: the next, the one that is used, and the one before it.
      needed: (number, { rewrapped }) => number >= rewrapped,
      rewrap: { task: "credentials", job: (keys) => migrateCredentialsJob(deployment, usedKey(keys)) },
    },
    {
      name: "kek",
      called: "key-encryption keys",
      schedule: rotation.kek,
      repository: fernetKeys,
      reader: "barbican",
      // What a backup holds may be of any of them.
      needed: () => true,
      rewrap: { task: "rewrap-kek", job: (keys) => rewrapKekJob(deployment, Object.keys(keys).length, usedKey(keys)) },
    },
  ];
}
