/** What the record of a Cloud's keys says of a restore; the record outlives the Cloud as its data does. */
export interface RestoreNote {
  /** The backup that the Cloud began with. */
  readonly name: string;
  /** Whether its keys are in custody. */
  readonly keysHeld: boolean;
  /** When all of it was back; undefined before. */
  readonly completedAt: string | undefined;
}

export interface RestoreFacts {
  /** The backup that the Cloud is to begin with. */
  readonly wanted: string | undefined;
  readonly note: RestoreNote | undefined;
  /** The Cloud's namespace, and the only one in which what puts keys back has the right to. */
  readonly namespace: string;
  readonly restorableIn: string;
  /** Whether anything of a Cloud of this name is there: a record without such a note, keys, a volume of its database. */
  readonly dataExists: boolean;
}

export type RestoreDecision =
  | { readonly kind: "none" }
  | { readonly kind: "refuse"; readonly problem: string }
  /** Nothing is there: what is begun is noted first, so that what comes after is known to be its own. */
  | { readonly kind: "begin" }
  | { readonly kind: "keys" }
  /** The keys are in custody: databases with their mark come, and are filled. */
  | { readonly kind: "databases" }
  | { readonly kind: "done"; readonly completedAt: string };

/** How a Cloud comes back out of a backup: once, into nothing, and never over anything. Pure. */
export function decideRestore({ wanted, note, namespace, restorableIn, dataExists }: RestoreFacts): RestoreDecision {
  const refuse = (problem: string): RestoreDecision => ({ kind: "refuse", problem });
  if (note?.completedAt !== undefined && (wanted === undefined || wanted === note.name))
    return { kind: "done", completedAt: note.completedAt };
  if (note !== undefined && wanted !== note.name)
    return refuse(
      note.completedAt === undefined
        ? `the restore of backup ${note.name} is not ended: give spec.restore with that name, or delete this Cloud with spec.onDelete: Delete`
        : `this Cloud was restored from backup ${note.name}, and nothing is restored over its data: take spec.restore out, or delete this Cloud with spec.onDelete: Delete`,
    );
  if (wanted === undefined) return { kind: "none" };
  if (note !== undefined) return { kind: note.keysHeld ? "databases" : "keys" };
  if (namespace !== restorableIn)
    return refuse(
      `only a Cloud in namespace ${restorableIn} is restored, where Nephele itself is, and this one is in ${namespace}: make it there`,
    );
  return dataExists
    ? refuse(
        "keys or a volume of a Cloud of this name are there, and nothing is restored over them: take spec.restore out, or delete this Cloud with spec.onDelete: Delete",
      )
    : { kind: "begin" };
}
