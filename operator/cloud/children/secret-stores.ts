import type { EnvVar, Volume, VolumeMount } from "kubernetes-types/core/v1.d.ts";
import type { NetworkPolicyEgressRule } from "kubernetes-types/networking/v1.d.ts";
import { partName } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import type { CloudDeployment } from "../deployment.ts";
import type { Pkcs11Store } from "../secret-stores.ts";
import { child } from "./metadata.ts";
import { FILE_MODE } from "./pod-parts.ts";
import { program, type Section } from "./service-config.ts";

/** Where what the stores need is in Barbican's pods: the plugin, SoftHSM2's configuration, and PINs. */
export const STORES_FOLDER = "/etc/barbican-stores";
export const TOKENS_FOLDER = "/var/lib/softhsm/tokens";
const PINS_FOLDER = `${STORES_FOLDER}/pins`;
const REFUSED_FOLDER = `${STORES_FOLDER}/refused`;
const CLIENT_FOLDER = "/etc/hsm-client";
/** Of the image. */
export const SOFTHSM_LIBRARY = "/usr/lib/softhsm/libsofthsm2.so";

/** Keys of Barbican's ConfigMap, and where in the folder each is. Python finds plugins by the files of a distribution. */
export const STORE_FILES = {
  "nephele_pkcs11.py": "nephele_pkcs11.py",
  "stores-entry-points.txt": "nephele_stores-1.dist-info/entry_points.txt",
  "stores-metadata": "nephele_stores-1.dist-info/METADATA",
  "softhsm2.conf": "softhsm2.conf",
} as const;

/** How Barbican knows a store's plugin; names of stores have no underscore. */
const pluginName = ({ name }: Pkcs11Store): string => `pkcs11_${name.replaceAll("-", "_")}`;
const className = ({ name }: Pkcs11Store): string => `store_${name.replaceAll("-", "_")}`;

/** The sections of barbican.conf that say where secrets are kept. */
export function storeSections({ keyManager: { stores } }: CloudDeployment): Readonly<Record<string, Section>> {
  const secretstore = { enabled_secretstore_plugins: "store_crypto" };
  // As it always was: a Barbican that knows of several stores asks its database at each start which there are.
  if (stores.pkcs11.length === 0) return { secretstore, crypto: { enabled_crypto_plugins: "simple_crypto" } };
  const { simpleCrypto } = stores;
  const names = [...(simpleCrypto === undefined ? [] : [simpleCrypto]), ...stores.pkcs11.map(({ name }) => name)];
  const store = (name: string, plugin: string): Readonly<Record<string, Section>> => ({
    [`secretstore:${name}`]: {
      secret_store_plugin: "store_crypto",
      crypto_plugin: plugin,
      global_default: name === stores.default,
    },
  });
  return {
    secretstore: { ...secretstore, enable_multiple_secret_stores: true, stores_lookup_suffix: names.join(",") },
    ...(simpleCrypto === undefined
      ? {}
      : { ...store(simpleCrypto, "simple_crypto"), simple_crypto_plugin: { plugin_name: simpleCrypto } }),
    ...Object.assign({}, ...stores.pkcs11.map((each) => store(each.name, pluginName(each)))),
    ...Object.fromEntries(stores.pkcs11.map((each) => [`pkcs11:${each.name}`, tokenSection(each)])),
  };
}

/** The options of Barbican's plugin, and three of ours (programs/nephele_pkcs11.py). */
function tokenSection({ name, library, tokenLabel, labels }: Pkcs11Store): Section {
  return {
    plugin_name: name,
    library_path: library ?? SOFTHSM_LIBRARY,
    token_labels: tokenLabel,
    pin_file: `${PINS_FOLDER}/${name}`,
    refused_file: `${REFUSED_FOLDER}/${name}`,
    make_token: library === undefined,
    mkek_label: labels.mkek,
    hmac_label: labels.hmac,
    // SoftHSM2 wraps by nothing else that Barbican knows, and without a vector of ours.
    ...(library === undefined ? { key_wrap_mechanism: "CKM_AES_KEY_WRAP_PAD", key_wrap_generate_iv: false } : {}),
    // An HMAC key of the type AES, which is Barbican's default, is refused by most tokens.
    hmac_key_type: "CKK_GENERIC_SECRET",
    hmac_keygen_mechanism: "CKM_GENERIC_SECRET_KEY_GEN",
  };
}

/** Of Barbican's ConfigMap; nothing where no store is in a token. */
export function storeFiles({ keyManager: { stores } }: CloudDeployment): Readonly<Record<string, string>> {
  if (stores.pkcs11.length === 0) return {};
  const plugins = stores.pkcs11.map((store) => `${pluginName(store)} = nephele_pkcs11:${className(store)}\n`);
  return {
    "nephele_pkcs11.py": program("nephele_pkcs11.py"),
    "stores-entry-points.txt": `[barbican.crypto.plugin]\n${plugins.join("")}`,
    "stores-metadata": "Metadata-Version: 2.1\nName: nephele-stores\nVersion: 1\n",
    "softhsm2.conf": `directories.tokendir = ${TOKENS_FOLDER}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  } satisfies Record<keyof typeof STORE_FILES, string>;
}

/** The programs around Barbican's application that a Cloud with such stores has beside the usual ones. */
export function storePrograms({ keyManager: { stores } }: CloudDeployment): readonly string[] {
  return stores.pkcs11.length === 0 ? [] : ["barbican_stores.py"];
}

const refusedPinsName = ({ cloud }: CloudDeployment): string => partName(cloud, "refused-pins");

/** Tells Barbican's pods of which stores the PIN was refused: each try of theirs would bring the token closer to locking itself. */
export function refusedPins(deployment: CloudDeployment, stores: readonly string[]): Desired {
  const data = Object.fromEntries(stores.map((name) => [name, "refused"]));
  const name = refusedPinsName(deployment);
  return child({ deployment, part: "barbican", apiVersion: "v1", kind: "ConfigMap", name, content: { data } });
}

interface PodParts {
  readonly volumes: Volume[];
  readonly mounts: VolumeMount[];
  readonly env: EnvVar[];
}

/** What the stores need in a pod of Barbican's. A PIN that is missing is no reason not to start: other stores are served. */
export function storeParts(deployment: CloudDeployment): PodParts {
  const {
    cloud,
    keyManager: { stores },
  } = deployment;
  if (stores.pkcs11.length === 0) return { volumes: [], mounts: [], env: [] };
  const { tokens, client } = stores;
  const files: Volume = {
    name: "stores",
    projected: {
      defaultMode: FILE_MODE,
      sources: [
        {
          configMap: {
            name: partName(cloud, "barbican"),
            items: Object.entries(STORE_FILES).map(([key, path]) => ({ key, path })),
          },
        },
        ...stores.pkcs11.map(({ name, pin }) => ({
          secret: { name: pin.name, optional: true, items: [{ key: pin.key, path: `pins/${name}` }] },
        })),
        {
          configMap: {
            name: refusedPinsName(deployment),
            optional: true,
            items: stores.pkcs11.map(({ name }) => ({ key: name, path: `refused/${name}` })),
          },
        },
      ],
    },
  };
  const parts: PodParts = {
    volumes: [files],
    mounts: [{ name: files.name, mountPath: STORES_FOLDER, readOnly: true }],
    env: [{ name: "PYTHONPATH", value: STORES_FOLDER }],
  };
  if (tokens !== undefined) {
    parts.volumes.push({ name: "tokens", persistentVolumeClaim: { claimName: tokens.name } });
    parts.mounts.push({ name: "tokens", mountPath: TOKENS_FOLDER });
    parts.env.push({ name: "SOFTHSM2_CONF", value: `${STORES_FOLDER}/${STORE_FILES["softhsm2.conf"]}` });
  }
  if (client !== undefined) addClient(parts, client);
  return parts;
}

/** Adds what a vendor's library needs. */
function addClient(
  { volumes, mounts, env }: PodParts,
  client: NonNullable<CloudDeployment["keyManager"]["stores"]["client"]>,
): void {
  const { image, persistentVolumeClaim, mountPath, configurationSecretRef, environment = [] } = client;
  if (persistentVolumeClaim !== undefined)
    volumes.push({ name: "hsm-client", persistentVolumeClaim: { ...persistentVolumeClaim, readOnly: true } });
  if (image !== undefined) volumes.push(imageVolume("hsm-client", image));
  mounts.push({ name: "hsm-client", mountPath, readOnly: true });
  if (configurationSecretRef !== undefined) {
    const { name } = configurationSecretRef;
    volumes.push({ name: "hsm-configuration", secret: { secretName: name, optional: true, defaultMode: FILE_MODE } });
    mounts.push({ name: "hsm-configuration", mountPath: CLIENT_FOLDER, readOnly: true });
  }
  env.push(...environment.map(({ name, value }) => ({ name, value })));
}

/** A volume that the types do not know yet: Kubernetes has it since 1.31. */
function imageVolume(name: string, reference: string): Volume {
  const volume: Volume & { readonly image: object } = { name, image: { reference, pullPolicy: "IfNotPresent" } };
  return volume;
}

/** Where HSMs are in the network. */
export function toHsms({ keyManager: { stores } }: CloudDeployment): readonly NetworkPolicyEgressRule[] {
  return (stores.client?.addresses ?? []).map(({ cidr, port }) => ({
    to: [{ ipBlock: { cidr } }],
    ports: [{ protocol: "TCP", port }],
  }));
}
