import type { Cloud } from "#operator/api/generated/cloud.ts";
import { operatorLoginName, partName } from "#operator/clients/cloud-connection.ts";

/** Names of the core Secrets that hold a Cloud's keys and passwords, and of the record that says which were made. */
export const secretNames = {
  /** Passwords of PostgreSQL's users. */
  database: (cloud: Cloud) => partName(cloud, "database"),
  /** Keystone's Fernet keys. */
  fernet: (cloud: Cloud) => partName(cloud, "fernet"),
  /** Keys by which Keystone encrypts credentials in its database. */
  credential: (cloud: Cloud) => partName(cloud, "credential"),
  /** The pair by which Keystone signs tokens. */
  jws: (cloud: Cloud) => partName(cloud, "jws"),
  /** Barbican's key-encryption key. */
  kek: (cloud: Cloud) => partName(cloud, "kek"),
  /** The administrator of Keystone's bootstrap; sealed: nothing of ours uses it afterwards. */
  administrator: (cloud: Cloud) => partName(cloud, "administrator"),
  operator: operatorLoginName,
  /** Barbican's own user. */
  barbicanUser: (cloud: Cloud) => partName(cloud, "barbican-user"),
} as const;

export type KeyName = keyof typeof secretNames;

export const custodyName = (cloud: Cloud): string => partName(cloud, "custody");
