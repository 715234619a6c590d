/**
 * The keys of our entries: `nephele_<owner>_<name>`. By them ours are told from everybody else's, and an owner's from
 * another's: names of Kubernetes have no `_`.
 */
const PREFIX = "nephele";

/** Whose entries: those of the installation itself, of all Gateways, or of one Cloud. */
export type EntryOwner = "installation" | "gateways" | `cloud_${string}_${string}`;

export function ownerOfCloud({ namespace, name }: { readonly namespace: string; readonly name: string }): EntryOwner {
  return `cloud_${namespace}_${name}`;
}

export function entryId(owner: EntryOwner, name: string): string {
  return `${PREFIX}_${owner}_${name}`;
}

export function isOwnedBy(owner: EntryOwner, id: string): boolean {
  const prefix = `${PREFIX}_${owner}_`;
  return id.startsWith(prefix) && !id.slice(prefix.length).includes("_");
}
