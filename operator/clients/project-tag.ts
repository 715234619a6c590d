const TAG = /^nephele:([^:]+):([^:]+)$/;

/** Whose a Keystone project is. */
export interface ProjectOwner {
  readonly installation: string;
  /** The name of the Project. */
  readonly name: string;
}

/** The tag by which the Keystone project of a Project is found again; Keystone allows neither `/` nor `,` in tags. */
export function ownerTag({ installation, name }: ProjectOwner): string {
  return `nephele:${installation}:${name}`;
}

/** Undefined for a tag that is not ours. */
export function parseOwnerTag(tag: string): ProjectOwner | undefined {
  const [, installation, name] = TAG.exec(tag) ?? [];
  return installation === undefined || name === undefined ? undefined : { installation, name };
}
