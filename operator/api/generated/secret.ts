// Generated from crds/secret.yaml by tools/generate-types.ts. Change the source and run: make generate
import type { Condition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";

/** A Secret is a secret in Barbican. What it holds never stands in it; kubectl get secret is core's, this is kubectl get nsec. */
export interface Secret extends KubeObject<SecretSpec, SecretStatus> {
  readonly spec: SecretSpec;
}

/** Where the secret comes from, how long it lives and who may read it. */
export interface SecretSpec {
  /** Barbican's type of the secret. */
  readonly type: "opaque" | "symmetric" | "passphrase" | "private" | "public" | "certificate";
  readonly source: SecretSource;
  /** How long a version lives in Barbican after it was made. Without it, for ever. A change counts from the next version on. */
  readonly expiresAfter?: string;
  readonly rotation?: SecretRotation;
  readonly access: SecretAccess;
  readonly syncTo?: SecretSyncTo;
  /** While true the Secret cannot be deleted. */
  readonly protected: boolean;
  /** What happens in Barbican when the object is deleted: Delete removes all versions, Retain leaves them. */
  readonly onDelete: "Delete" | "Retain";
}

/** Where what it holds comes from; exactly one. */
export interface SecretSource {
  readonly generate?: SecretSourceGenerate;
  readonly secretKeyRef?: SecretSourceSecretKeyRef;
  readonly import?: SecretSourceImport;
}

/** Made at random. A change counts from the next version on. */
export interface SecretSourceGenerate {
  /** Characters of a passphrase, of letters and digits. */
  readonly length?: number;
  /** Algorithm of the key that Barbican makes by an order. */
  readonly algorithm?: "aes" | "hmacsha256" | "hmacsha384" | "hmacsha512" | "rsa";
  /** Length of the key in bits. */
  readonly bitLength?: 128 | 192 | 256 | 2048 | 4096;
}

/** Copied from a core Secret of this namespace that the writer may read. New content there is a new version here. */
export interface SecretSourceSecretKeyRef {
  /** Name of the core Secret. */
  readonly name: string;
  /** Key in it. */
  readonly key: string;
}

/** A secret that is in Barbican already, in this very project. It is never deleted by us. */
export interface SecretSourceImport {
  /** Its id, the last part of its secret_ref. */
  readonly id: string;
}

/** When a new version is made. */
export interface SecretRotation {
  /** Time from one version to the next. */
  readonly every: string;
  /** How many versions stay readable, the current one among them. */
  readonly keep: number;
}

/** Who may read it in Barbican (its ACL). */
export interface SecretAccess {
  /** Every member of the Project may. */
  readonly project: boolean;
  /** Users who may, of the Project or not. */
  readonly users?: readonly SecretAccessUser[];
}

/** A user of Keystone. */
export interface SecretAccessUser {
  /** Name of the user. */
  readonly user: string;
  /** Domain of the user. */
  readonly domain: string;
}

/** A core Secret of this namespace that holds the current version, for pods. It is ours alone and is removed with this object. */
export interface SecretSyncTo {
  /** Name of the core Secret. One that exists and is not ours is not touched. */
  readonly name: string;
  /** Key in it. */
  readonly key: string;
}
/** What is there. */
export interface SecretStatus {
  /** The generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** What is so and what is not. Ready says whether all is as the spec wants it. */
  readonly conditions?: readonly Condition[];
  /** The current version. */
  readonly version?: number;
  /** When the current version expires. */
  readonly expiresAt?: string;
  /** When the next version is made. */
  readonly nextRotation?: string;
  /** The versions that can be read, and what stands for each in Barbican. */
  readonly versions?: readonly SecretStatusVersion[];
  readonly syncedTo?: SecretStatusSyncedTo;
  /** Number of objects that use it. */
  readonly usedBy?: number;
  /** Who uses it; the first 100 by name. */
  readonly consumers?: readonly SecretStatusConsumer[];
}

/** One version. */
export interface SecretStatusVersion {
  /** Counts up from 1. */
  readonly version: number;
  readonly refs: SecretStatusVersionRefs;
  /** When it was made. */
  readonly createdAt: string;
  /** When Barbican forgets it. */
  readonly expiresAt?: string;
  /** A keyed MAC of what was copied, to see a change by. Of no use without the key, which stays with the operator. */
  readonly mac?: string;
}

/** Addresses in Barbican. */
export interface SecretStatusVersionRefs {
  /** The secret. */
  readonly secret: string;
  /** The public half of a generated private key. */
  readonly publicKey?: string;
  /** The container of a generated pair. */
  readonly container?: string;
  /** The order that made it. */
  readonly order?: string;
}

/** The core Secret that was last written. */
export interface SecretStatusSyncedTo {
  /** Name of the core Secret. */
  readonly name: string;
  /** Key in it. */
  readonly key: string;
  /** The version that stands there. */
  readonly version: number;
}

/** An object of this namespace. */
export interface SecretStatusConsumer {
  /** Its kind. */
  readonly kind: string;
  /** Its name. */
  readonly name: string;
}
