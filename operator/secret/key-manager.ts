import type { Cloud } from "#operator/api/generated/cloud.ts";
import type { SecretSpec } from "#operator/api/generated/secret.ts";
import type { PayloadType } from "./payload.ts";

/** A secret as Barbican lists it; it says nothing about the payload but whether there is one. */
export interface ListedSecret {
  /** The last part of its `secret_ref`. */
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly createdAt: Date;
  readonly expiresAt?: Date;
  /** Keystone's id of the user who made it. */
  readonly creatorId?: string;
  readonly hasPayload: boolean;
  readonly consumers: readonly Consumer[];
}

/** Who uses a secret, as Barbican keeps it (microversion 1.1). `resourceId` has at most 36 characters. */
export interface Consumer {
  readonly service: string;
  readonly resourceType: string;
  readonly resourceId: string;
}

export interface Acl {
  /** Whether all members of the project may read. */
  readonly projectAccess: boolean;
  /** Ids of users who may read, of the project or not. */
  readonly users: readonly string[];
}

export interface Order {
  readonly id: string;
  /** Only PENDING where Barbican works by a queue. */
  readonly status: "PENDING" | "ACTIVE" | "ERROR";
  /** What went wrong, in Barbican's words. */
  readonly problem?: string;
  readonly marks: readonly string[];
  readonly createdAt: Date;
  readonly creatorId?: string;
  readonly secretId?: string;
  readonly containerId?: string;
}

export interface OrderRequest {
  readonly kind: "key" | "asymmetric";
  readonly name: string;
  readonly algorithm: string;
  readonly bitLength: number;
  readonly expiresAt?: Date;
  /** Kept in the order's `meta`; see `orderMarks`. */
  readonly marks: readonly string[];
}

/** What a payload is read for; written to the audit log before the request goes out. */
export interface ReadReason {
  /** `secrets.nephele.dev team-a/db-password`. */
  readonly object: string;
  /** What for: `syncTo core Secret db-password`. */
  readonly purpose: string;
}

/**
 * Barbican as the operator sees it inside one project, by a token of that project alone: what is not the project's
 * cannot be named. Deleting what is not there is success. Errors are ServiceErrors.
 */
export interface KeyManager {
  /** Keystone's id of the user that these calls are made by. */
  readonly userId: string;
  /** The address of a secret, order or container for people, as Barbican would write it. */
  refOf(kind: "secrets" | "orders" | "containers", id: string): string;
  /** All secrets of the project, also those that only their creator may read. Expired ones are not among them. */
  list(): Promise<readonly ListedSecret[]>;
  /** Those of exactly this name. Names are not unique. */
  listByName(name: string): Promise<readonly ListedSecret[]>;
  get(id: string): Promise<ListedSecret | undefined>;
  /** Makes a secret without payload. */
  create(secret: {
    readonly name: string;
    readonly type: SecretSpec["type"];
    readonly expiresAt?: Date;
  }): Promise<string>;
  /** Barbican takes a payload once: a second time is a `Conflict`. */
  putPayload(id: string, payload: { readonly bytes: Uint8Array; readonly contentType: PayloadType }): Promise<void>;
  /** The payload, or undefined where there is no such secret. An audit record is written first. */
  readPayload(id: string, reason: ReadReason): Promise<Buffer | undefined>;
  delete(id: string): Promise<void>;
  metadata(id: string): Promise<Readonly<Record<string, string>> | undefined>;
  putMetadata(id: string, values: Readonly<Record<string, string>>): Promise<void>;
  acl(id: string): Promise<Acl | undefined>;
  putAcl(id: string, acl: Acl): Promise<void>;
  addConsumer(id: string, consumer: Consumer): Promise<void>;
  removeConsumer(id: string, consumer: Consumer): Promise<void>;
  order(request: OrderRequest): Promise<string>;
  getOrder(id: string): Promise<Order | undefined>;
  /** Orders that have this mark among theirs. */
  ordersByMark(mark: string): Promise<readonly Order[]>;
  deleteOrder(id: string): Promise<void>;
  /** The secrets of a container by the names they have there: `private_key`, `public_key`. */
  container(id: string): Promise<Readonly<Record<string, string>> | undefined>;
  deleteContainer(id: string): Promise<void>;
}

/** The Clouds, as this kind needs them. Made where the program is put together. */
export interface SecretClouds {
  /**
   * @param projectId Keystone's id of the project that all is done in
   * @param cause the pass: its id goes into every request, so that a line in Barbican's log leads back to it
   */
  keyManager(
    cloud: Cloud,
    projectId: string,
    cause: { readonly reconcileId: string; readonly signal: AbortSignal },
  ): Promise<KeyManager>;
  /** Keystone's id of a user, or undefined where there is none. A reading of the operator's own, kept for a while. */
  userId(cloud: Cloud, user: string, domain: string): Promise<string | undefined>;
}
