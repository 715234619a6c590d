/** What a change of a claim means for the watches. */
export interface ClaimChange {
  /** A namespace that nobody claimed before. */
  readonly opened?: string;
  /** A namespace that nobody claims any more. */
  readonly closed?: string;
}

/** Which objects want a namespace watched: several may want the same, and it is watched until the last lets go. */
export class NamespaceClaims {
  readonly #namespaceOf = new Map<string, string>();
  readonly #claimants = new Map<string, Set<string>>();

  /** @param namespace the one that the claimant wants now; undefined where it wants none */
  claim(claimant: string, namespace: string | undefined): ClaimChange {
    const before = this.#namespaceOf.get(claimant);
    if (before === namespace) return {};
    const opened = namespace !== undefined && this.#add(claimant, namespace) ? namespace : undefined;
    const closed = before !== undefined && this.#remove(claimant, before) ? before : undefined;
    if (namespace === undefined) this.#namespaceOf.delete(claimant);
    return { ...(opened === undefined ? {} : { opened }), ...(closed === undefined ? {} : { closed }) };
  }

  #add(claimant: string, namespace: string): boolean {
    this.#namespaceOf.set(claimant, namespace);
    const claimants = this.#claimants.get(namespace);
    if (claimants === undefined) this.#claimants.set(namespace, new Set([claimant]));
    else claimants.add(claimant);
    return claimants === undefined;
  }

  #remove(claimant: string, namespace: string): boolean {
    const claimants = this.#claimants.get(namespace);
    claimants?.delete(claimant);
    if (claimants === undefined || claimants.size > 0) return false;
    this.#claimants.delete(namespace);
    return true;
  }
}
