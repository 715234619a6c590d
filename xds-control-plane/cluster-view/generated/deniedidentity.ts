// Generated from crds/deniedidentity.yaml by tools/generate-types.ts. Change the source and run: make generate
import type { Condition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";

/** A DeniedIdentity is let in by no proxy of the mesh and called by none, whatever policies say. */
export interface DeniedIdentity extends KubeObject<DeniedIdentitySpec, DeniedIdentityStatus> {
  readonly spec: DeniedIdentitySpec;
}

/** Who is denied. To lift it, delete the object. */
export interface DeniedIdentitySpec {
  /** The SPIFFE ID, of any trust domain. Cannot be changed. */
  readonly id: string;
  /** Why, for people who come later. Nothing secret. */
  readonly reason?: string;
}
/** What became of it. */
export interface DeniedIdentityStatus {
  /** What is so and what is not. Programmed: the proxies are told of it. */
  readonly conditions?: readonly Condition[];
}
