// Generated from crds/cloud.yaml by tools/generate-types.ts. Change the source and run: make generate
import type { Condition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";

/** A Cloud is one deployment of the services that Projects live in. It stands in the namespace of the release. */
export interface Cloud extends KubeObject<CloudSpec, CloudStatus> {
  readonly spec: CloudSpec;
}

/** The services as they should be. */
export interface CloudSpec {
  /** Name of the region in the catalog. */
  readonly region: string;
  readonly identity: CloudIdentity;
  readonly keyManager: CloudKeyManager;
  /** While true the Cloud cannot be deleted. */
  readonly protected: boolean;
}

/** Keystone. */
export interface CloudIdentity {
  readonly external: CloudIdentityExternal;
}

/** A Keystone that exists. */
export interface CloudIdentityExternal {
  /** Where it is, with the version: https://keystone.example.org/v3. */
  readonly url: string;
  readonly caSecretRef?: CloudIdentityExternalCaSecretRef;
  readonly credentialsSecretRef: CloudIdentityExternalCredentialsSecretRef;
}

/** A core Secret of this namespace with the certificate authority of the URL. Without it, the system's authorities. */
export interface CloudIdentityExternalCaSecretRef {
  /** Name of the core Secret. */
  readonly name: string;
  /** Key in it. */
  readonly key: string;
}

/** A core Secret of this namespace with the keys username, password and userDomain (a name) of an administrator with a role on the system. */
export interface CloudIdentityExternalCredentialsSecretRef {
  /** Name of the core Secret. */
  readonly name: string;
}

/** Barbican. */
export interface CloudKeyManager {
  readonly external: CloudKeyManagerExternal;
}

/** A Barbican that exists and asks that Keystone. */
export interface CloudKeyManagerExternal {
  /** Where it is, without a version: https://barbican.example.org. */
  readonly url: string;
  readonly caSecretRef?: CloudKeyManagerExternalCaSecretRef;
}

/** A core Secret of this namespace with the certificate authority of the URL. Without it, the system's authorities. */
export interface CloudKeyManagerExternalCaSecretRef {
  /** Name of the core Secret. */
  readonly name: string;
  /** Key in it. */
  readonly key: string;
}
/** What is there. */
export interface CloudStatus {
  /** The generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** What is so and what is not. Ready says whether all is as the spec wants it. */
  readonly conditions?: readonly Condition[];
  readonly endpoints?: CloudStatusEndpoints;
}

/** Where the services were seen to answer. */
export interface CloudStatusEndpoints {
  /** Keystone for people, with the version: the catalog's public address. */
  readonly identity?: string;
  /** Barbican for people: the catalog's public address. */
  readonly keyManager?: string;
  readonly internal?: CloudStatusEndpointsInternal;
}

/** The same for what runs inside, the catalog's internal addresses. */
export interface CloudStatusEndpointsInternal {
  /** Keystone, with the version. */
  readonly identity?: string;
  /** Barbican. */
  readonly keyManager?: string;
}
