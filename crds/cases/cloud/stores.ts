import type { RuleCase } from "../../testing/rule-case.ts";
import { deploying } from "./deployed.ts";

/** Where Barbican keeps secrets. */

const software = (isDefault = true) => ({ name: "software", type: "SimpleCrypto", default: isDefault });
const LIBRARY = "/opt/hsm/libCryptoki2_64.so";
const token = (pkcs11: object = {}) => ({
  ...{ name: "hsm", type: "PKCS11", default: false },
  pkcs11: { tokenLabel: "vault", pinSecretRef: { name: "hsm-pin" }, ...pkcs11 },
});
const stores = (...each: readonly object[]) => deploying({ keyManager: { stores: each } });
const changed = (...each: readonly object[]) => ({ spec: { keyManager: { stores: each } } });
const client = (hsmClient: object) => deploying({ keyManager: { hsmClient } });
const softHSM = (where: object) => deploying({ keyManager: { softHSM: where } });
const claim = (claimName: string) => ({ persistentVolumeClaim: { claimName } });

const inClient = { mountPath: "/opt/hsm", image: "client:1" };
const environment = (name: string) => client({ ...inClient, environment: [{ name, value: "/etc/hsm-client" }] });
/** Variables that are read by something else than a vendor's library. */
const NOT_A_LIBRARYS = [
  ...["LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "PYTHONPATH", "UWSGI_MOUNT", "OS_DATABASE__CONNECTION"],
  ...["PATH", "PGSSLMODE", "OPENSSL_CONF", "https_proxy", "SOFTHSM2_CONF", "BARBICAN_PASTE_FILE"],
];

const AT = "spec.keyManager";
const ONE_DEFAULT = "one of the stores must be the default, where new secrets go: give the others default: false";
const STAYS = "a store cannot be taken away, renamed or given another type: what is in it could not be read";
const OF_TYPE = "a store of type PKCS11 needs pkcs11, and no other has it";
const OTHER_TOKENS =
  "softHSM cannot come or go once there is a store of SoftHSM2: its token would be looked for elsewhere";

/** A field of a token that says which keys are meant. */
const fixed = (says: string, before: object, after: object, refusedWith: string): RuleCase => ({
  ...{ says, refusedWith, at: "spec.keyManager.stores[1].pkcs11" },
  before: stores(software(), token(before)),
  fault: changed(software(), token(after)),
});

export const storeCases: readonly RuleCase[] = [
  {
    says: "a volume for tokens of a Barbican that exists",
    fault: { spec: { keyManager: { softHSM: { storage: "64Mi" } } } },
    at: AT,
    refusedWith: "softHSM and hsmClient are of a Barbican that is deployed, and this one is external",
  },
  {
    says: "two stores of which both are the default",
    fault: stores(software(), { ...token(), default: true }),
    control: stores(software(), token()),
    at: AT,
    refusedWith: ONE_DEFAULT,
  },
  {
    says: "stores of which none is the default",
    fault: stores(software(false), token()),
    control: stores(software(false), { ...token(), default: true }),
    at: AT,
    refusedWith: ONE_DEFAULT,
  },
  {
    says: "two stores by keys of ours",
    fault: stores(software(), { ...software(false), name: "another" }),
    at: AT,
    refusedWith: "there can be one store of type SimpleCrypto: another would be the same",
  },
  {
    says: "a token that takes the place of the store that there is without stores",
    before: deploying({}),
    fault: changed({ ...token(), default: true }),
    control: changed(software(false), { ...token(), default: true }),
    at: AT,
    refusedWith:
      "the store of type SimpleCrypto that is there without stores must be among them: what is in it could not be read",
  },
  {
    says: "a store is taken away",
    before: stores(software(), token()),
    fault: changed(software()),
    control: changed(software(false), { ...token(), default: true }),
    at: AT,
    refusedWith: STAYS,
  },
  {
    says: "all stores are taken away",
    before: stores(software(), token()),
    fault: { spec: { keyManager: { stores: null } } },
    at: AT,
    refusedWith: STAYS,
  },
  {
    says: "a store gets another name",
    before: stores(software()),
    fault: changed({ ...software(), name: "other" }),
    control: { spec: { keyManager: { stores: null } } },
    at: AT,
    refusedWith: STAYS,
  },
  {
    says: "a token without one",
    fault: stores(software(), { name: "hsm", type: "PKCS11", default: false }),
    at: "spec.keyManager.stores[1]",
    refusedWith: OF_TYPE,
  },
  {
    says: "a token of a store by keys of ours",
    fault: stores({ ...token(), ...software() }),
    at: "spec.keyManager.stores[0]",
    refusedWith: OF_TYPE,
  },
  fixed(
    "another token for what is stored",
    {},
    { tokenLabel: "other" },
    "tokenLabel cannot be changed: what is stored is of that token",
  ),
  fixed(
    "a vendor's library for a token of SoftHSM2's",
    {},
    { library: LIBRARY },
    "a store cannot move between SoftHSM2 and another library: what is stored is of its token",
  ),
  fixed(
    "another key that wraps",
    { mkekLabel: "one" },
    { mkekLabel: "two" },
    "mkekLabel cannot be changed: projects' keys are wrapped by that key",
  ),
  fixed(
    "a key that signs gets a label",
    {},
    { hmacLabel: "two" },
    "hmacLabel cannot be changed: projects' keys are signed by that key",
  ),
  {
    says: "tokens of SoftHSM2 nowhere",
    fault: softHSM({}),
    control: softHSM({ storage: "64Mi" }),
    at: "spec.keyManager.softHSM",
    refusedWith: "softHSM needs storage, for a volume of its own, or persistentVolumeClaim",
  },
  {
    says: "a claim for tokens that are in a volume of the Cloud's own",
    before: deploying({ keyManager: { stores: [software(), token()] } }),
    fault: { spec: { keyManager: { softHSM: claim("other") } } },
    at: AT,
    refusedWith: OTHER_TOKENS,
  },
  {
    says: "tokens move from a volume of the Cloud's own to a claim",
    before: softHSM({ storage: "64Mi" }),
    fault: { spec: { keyManager: { softHSM: { ...claim("other"), storage: null } } } },
    at: "spec.keyManager.softHSM",
    refusedWith: "the tokens cannot move to another volume: what is stored is of them",
  },
  {
    says: "the volume for tokens gets another size",
    before: softHSM({ storage: "64Mi" }),
    fault: { spec: { keyManager: { softHSM: { storage: "65Mi" } } } },
    at: "spec.keyManager.softHSM.storage",
    refusedWith: "storage cannot be changed: it is of when the volume is made",
  },
  {
    says: "tokens move to another claim",
    before: softHSM(claim("one")),
    fault: { spec: { keyManager: { softHSM: claim("two") } } },
    at: "spec.keyManager.softHSM.persistentVolumeClaim.claimName",
    refusedWith: "claimName cannot be changed: what is stored is of its tokens",
  },
  {
    says: "a vendor's library from nowhere",
    fault: client({ mountPath: "/opt/hsm" }),
    control: client({ mountPath: "/opt/hsm", image: "registry.example.org/client:1" }),
    at: "spec.keyManager.hsmClient",
    refusedWith: "hsmClient needs image or persistentVolumeClaim: where the vendor's library is",
  },
  {
    says: "a vendor's library in the place of Barbican",
    fault: client({ mountPath: "/opt/venv/lib", ...claim("client") }),
    control: client({ mountPath: "/opt/vendor", ...claim("client") }),
    at: "spec.keyManager.hsmClient.mountPath",
    refusedWith: "/opt/venv is Barbican itself",
  },
  ...["/opt//venv", "/opt/hsm/../venv", "/opt/./venv", "/opt/hsm/"].map(
    (mountPath): RuleCase => ({
      says: `a vendor's library at a path that is another: ${mountPath}`,
      fault: client({ ...inClient, mountPath }),
      control: client({ ...inClient, mountPath: "/opt/hsm-1.0/lib" }),
      at: "spec.keyManager.hsmClient.mountPath",
      refusedWith: "must have no part that is empty or begins with a dot: the path would mean another",
    }),
  ),
  ...NOT_A_LIBRARYS.map(
    (name): RuleCase => ({
      says: `a variable that is not for a vendor's library: ${name}`,
      fault: environment(name),
      control: environment("ChrystokiConfigurationPath"),
      at: "spec.keyManager.hsmClient.environment[0].name",
      refusedWith: "is Barbican's own, or read by what runs it",
    }),
  ),
  {
    says: "tokens in the volume of a database",
    fault: softHSM(claim("data-default-postgresql-0")),
    control: softHSM(claim("tokens")),
    at: "spec.keyManager.softHSM.persistentVolumeClaim.claimName",
    refusedWith: "is of a database's volume or of SPIRE's: tokens are in one of their own",
  },
  {
    says: "a vendor's library in SPIRE's volume",
    fault: client({ mountPath: "/opt/hsm", ...claim("data-nephele-spire-server-0") }),
    control: client({ mountPath: "/opt/hsm", ...claim("client") }),
    at: "spec.keyManager.hsmClient.persistentVolumeClaim.claimName",
    refusedWith: "is of a database's volume or of SPIRE's: libraries are in one of their own",
  },
  {
    says: "an HSM at a name",
    fault: client({ ...inClient, addresses: [{ cidr: "hsm.example.org", port: 1792 }] }),
    control: client({ ...inClient, addresses: [{ cidr: "192.0.2.10/32", port: 1792 }] }),
    at: "spec.keyManager.hsmClient.addresses[0].cidr",
    refusedWith: "must be a network in CIDR notation",
  },
];
