import type { Cloud, CloudKeyManagerHsmClient, CloudKeyManagerStore } from "#operator/api/generated/cloud.ts";
import { partName } from "#operator/clients/cloud-connection.ts";

/** A store of secrets in a PKCS#11 token. */
export interface Pkcs11Store {
  readonly name: string;
  /** Path of the vendor's library in Barbican's pods; undefined: SoftHSM2's, of the image. */
  readonly library: string | undefined;
  readonly tokenLabel: string;
  /** The core Secret with the PIN of the token's user, and the key in it. */
  readonly pin: { readonly name: string; readonly key: string };
  /** Of the keys in the token that wrap and sign the projects' keys. */
  readonly labels: { readonly mkek: string; readonly hmac: string };
}

/** Where Barbican keeps secrets. */
export interface SecretStores {
  /** The name of the store in which new secrets are kept, unless their project prefers another. */
  readonly default: string;
  /** The name of the store by keys that we hold; undefined where there is none. */
  readonly simpleCrypto: string | undefined;
  readonly pkcs11: readonly Pkcs11Store[];
  /** The claim with SoftHSM2's tokens; undefined where no store needs it. */
  readonly tokens: TokensClaim | undefined;
  /** What vendors' libraries need in the pods; undefined where no store has one. */
  readonly client: CloudKeyManagerHsmClient | undefined;
}

export interface TokensClaim {
  readonly name: string;
  /** Of which size it is made where there is none; undefined: it is somebody else's to make. */
  readonly storage: string | undefined;
}

const DEFAULT_STORES: readonly CloudKeyManagerStore[] = [{ name: "software", type: "SimpleCrypto", default: true }];
/** Of SoftHSM2's tokens: each is some files of a few hundred bytes. */
const DEFAULT_TOKENS_STORAGE = "64Mi";

/** The stores of a deployed Cloud with every default in its place. */
export function storesOf(cloud: Cloud): SecretStores {
  const { softHSM, hsmClient, stores = DEFAULT_STORES } = cloud.spec.keyManager;
  const pkcs11 = stores.flatMap((store) => pkcs11Store(cloud, store));
  const given = softHSM?.persistentVolumeClaim?.claimName;
  const own = { name: partName(cloud, "tokens"), storage: softHSM?.storage ?? DEFAULT_TOKENS_STORAGE };
  const tokens = given === undefined ? own : { name: given, storage: undefined };
  return {
    default: stores.find((store) => store.default)?.name ?? "",
    simpleCrypto: stores.find(({ type }) => type === "SimpleCrypto")?.name,
    pkcs11,
    tokens: pkcs11.some(({ library }) => library === undefined) ? tokens : undefined,
    client: pkcs11.some(({ library }) => library !== undefined) ? hsmClient : undefined,
  };
}

function pkcs11Store(cloud: Cloud, { name, pkcs11 }: CloudKeyManagerStore): readonly Pkcs11Store[] {
  if (pkcs11 === undefined) return [];
  const { library, tokenLabel, pinSecretRef: pin, mkekLabel, hmacLabel } = pkcs11;
  const mkek = mkekLabel ?? partName(cloud, `${name}-mkek`);
  const hmac = hmacLabel ?? partName(cloud, `${name}-hmac`);
  return [{ name, library, tokenLabel, pin, labels: { mkek, hmac } }];
}
