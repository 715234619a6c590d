// Generated from crds/project.yaml by tools/generate-types.ts. Change the source and run: make generate
import type { Condition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";

/** A Project is a tenant. It becomes a namespace with its rights, quota and network policy, a project in Keystone with roles for its members, a quota in Barbican, and an application credential in the core Secret "clouds". */
export interface Project extends KubeObject<ProjectSpec, ProjectStatus> {
  readonly spec: ProjectSpec;
}

/** The tenant as it should be. */
export interface ProjectSpec {
  readonly cloudRef?: ProjectCloudRef;
  /** Name of the Keystone domain. It must exist. */
  readonly domain: string;
  /** The project's name in Keystone. Without it, metadata.name. */
  readonly name?: string;
  readonly adopt?: ProjectAdopt;
  /** The namespace of the tenant's objects. Without it, metadata.name. One that exists is taken only with its consent, the annotation nephele.dev/project: <name of the Project>. */
  readonly namespace?: string;
  /** For people; Keystone shows it. */
  readonly description?: string;
  /** false stops everything and deletes nothing: no tokens, no access to the namespace, Servers stop. */
  readonly enabled: boolean;
  /** Who may do what. Users and groups that do not exist yet are waited for. */
  readonly members?: readonly ProjectMember[];
  /** Members may also run pods and read core Secrets in the namespace. They then see what syncTo writes there. */
  readonly workloads: boolean;
  readonly quota?: ProjectQuota;
  readonly credentials: ProjectCredentials;
  /** Strict lets pods and Servers of the namespace speak with each other, DNS and the platform only; Open bounds the importers of Images alone. */
  readonly isolation: "Strict" | "Open";
  /**
   * Where Servers of the Project may run: on nodes that are within all of these, and on no others. A node is within a boundary by its label boundary.node-restriction.kubernetes.io/<name> with the value "true", which a node cannot give itself.
   *
   * Items: One boundary.
   */
  readonly boundaries?: readonly string[];
  /** The Project may have Images of visibility Public. */
  readonly publicImages: boolean;
  /** While true the Project and its namespace cannot be deleted. */
  readonly protected: boolean;
  /** What happens in Keystone and Barbican when the Project is deleted: Retain leaves the project there, Delete removes it with its secrets. */
  readonly onDelete: "Retain" | "Delete";
}

/** The Cloud that the Project is in. Without it, the only Cloud there is. */
export interface ProjectCloudRef {
  /** Namespace of the Cloud. */
  readonly namespace: string;
  /** Name of the Cloud. */
  readonly name: string;
}

/** Take over a project that exists in Keystone. It is never deleted by us. */
export interface ProjectAdopt {
  /** The project's id in Keystone. */
  readonly id: string;
}

/** A user or a group of Keystone, its role, and who it is for Kubernetes. */
export interface ProjectMember {
  /** Name of a user in Keystone. */
  readonly user?: string;
  /** Name of a group in Keystone. */
  readonly group?: string;
  /** Domain of the user or group. */
  readonly domain: string;
  /** The role in the Project. admin is not among them: in OpenStack it is cloud-wide. */
  readonly role: "reader" | "member" | "manager";
  readonly kubernetes?: ProjectMemberKubernetes;
}

/** The same person or group as the API server knows it. Without it the member has no rights in Kubernetes. */
export interface ProjectMemberKubernetes {
  /** Whether name is a user's or a group's. */
  readonly kind: "User" | "Group";
  /** The name that the API server's authentication gives. */
  readonly name: string;
}

/** The most that the Project may have, of guests and of secrets. What is left out has no limit. */
export interface ProjectQuota {
  /** Servers. */
  readonly servers?: number;
  /** Virtual CPUs of these Servers. */
  readonly cores?: number;
  /** Memory of all Servers, as a quantity. */
  readonly memory?: string;
  /** Disks of all Servers and Images, as a quantity. */
  readonly storage?: string;
  /** Secrets in Barbican. */
  readonly secrets?: number;
}

/** The application credential in the core Secret "clouds" of the namespace. */
export interface ProjectCredentials {
  /** How often it is made anew. The one before works on for a while, so that nobody is cut off. */
  readonly rotateEvery: string;
  /** The role that the credential carries. */
  readonly role: "reader" | "member" | "manager";
}
/** What is there. */
export interface ProjectStatus {
  /** The generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** What is so and what is not. Ready says whether all is as the spec wants it. */
  readonly conditions?: readonly Condition[];
  /** The project's id in Keystone. */
  readonly id?: string;
  /** The domain's id in Keystone. */
  readonly domainID?: string;
  /** The namespace of the tenant's objects. */
  readonly namespace?: string;
  /** Made: we made the namespace. Taken: it was there and consented; it is never deleted by us. */
  readonly namespaceOrigin?: "Made" | "Taken";
  readonly cloudRef?: ProjectStatusCloudRef;
  readonly used?: ProjectStatusUsed;
  /** The members of the spec and what became of them. An id without its member in the spec is a role still to be taken away. */
  readonly members?: readonly ProjectStatusMember[];
  readonly credentials?: ProjectStatusCredentials;
}

/** The Cloud that the Project is in. It stays so when another Cloud comes. */
export interface ProjectStatusCloudRef {
  /** Namespace of the Cloud. */
  readonly namespace: string;
  /** Name of the Cloud. */
  readonly name: string;
}

/** What there is of that which the quota counts. */
export interface ProjectStatusUsed {
  /** Servers that the quota did not refuse. */
  readonly servers?: number;
  /** Virtual CPUs of these Servers. */
  readonly cores?: number;
  /** Memory of these Servers, as a quantity. */
  readonly memory?: string;
  /** Disks of these Servers and of Images, as a quantity. */
  readonly storage?: string;
  /** Secrets in Barbican. */
  readonly secrets?: number;
}

/** One user or group and its role. */
export interface ProjectStatusMember {
  /** Whether name is a user's or a group's. */
  readonly kind: "User" | "Group";
  /** Its name in Keystone. */
  readonly name: string;
  /** Its domain. */
  readonly domain: string;
  /** The role it has. */
  readonly role: "reader" | "member" | "manager";
  /** true: it exists and has the role. false: it is waited for. */
  readonly resolved: boolean;
  /** Its id in Keystone. */
  readonly id?: string;
}

/** The application credential in use. Each generation belongs to a robot user of its own. */
export interface ProjectStatusCredentials {
  /** Counts up with each rotation. */
  readonly generation: number;
  /** Name of the application credential. */
  readonly name: string;
  /** Id of the application credential; of no use without its secret. */
  readonly id?: string;
  /** Id of its robot user. */
  readonly userID?: string;
  /** The role it carries. */
  readonly role?: string;
  /** When it was made. */
  readonly createdAt?: string;
  /** When Keystone refuses it. */
  readonly expiresAt?: string;
  /** When the next one is made. */
  readonly nextRotation?: string;
  readonly previous?: ProjectStatusCredentialsPrevious;
}

/** The generation before, which works until its grace is over. */
export interface ProjectStatusCredentialsPrevious {
  /** Its generation. */
  readonly generation: number;
  /** Name of the application credential. */
  readonly name: string;
  /** Id of the application credential. */
  readonly id?: string;
  /** Id of its robot user. */
  readonly userID?: string;
  /** When it is removed. */
  readonly removeAfter: string;
}
