import type { StoreStates } from "#operator/clients/barbican/store-states.ts";
import type { SecretStores } from "../secret-stores.ts";

export interface StoreReport {
  /** Each store that does not answer and why; undefined where all do. */
  readonly away: string | undefined;
  /** What there is, for people. */
  readonly said: string;
}

/** What is to be said of the stores by what a worker of Barbican's told. Pure. */
export function storeReport(stores: SecretStores, states: StoreStates): StoreReport {
  const mark = (name: string): string => (name === stores.default ? `${name} (default)` : name);
  const away = stores.pkcs11.flatMap(({ name }) => {
    if (!states.has(name)) return [`the secret store ${name} is not known to Barbican`];
    const why = states.get(name);
    return why === undefined ? [] : [why];
  });
  const answering = stores.pkcs11.map(({ name, tokenLabel }) => `${mark(name)}: token ${tokenLabel} answers`);
  const software = stores.simpleCrypto === undefined ? [] : [`${mark(stores.simpleCrypto)}: by keys of this cluster`];
  return { away: away.length === 0 ? undefined : away.join("; "), said: [...software, ...answering].join("; ") };
}
