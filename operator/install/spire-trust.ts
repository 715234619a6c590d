/**
 * Holds an installation's trust before SPIRE's server starts: the trust domain that never changes, and the root that is
 * made once and never anew. The chart runs this before each install and upgrade.
 *
 * Arguments: the release's namespace and the trust domain. TRUST_BUNDLE in the environment has the roots of an authority of
 * the user's (PEM); without it SPIRE signs by a root of ours.
 */
import { type CoreSecret, coreSecrets, persistentVolumeClaims } from "#operator/api/foreign.ts";
import { type ConfigMap, configMaps } from "#operator/cloud/resources.ts";
import type { Desired } from "#runtime/api/object.ts";
import { createClient } from "#runtime/client/client.ts";
import { connect } from "#runtime/client/connection.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { createTransport } from "#runtime/client/transport.ts";
import { decideTrust, type TrustRecord, type TrustWrite, trustNames } from "./trust/decide.ts";
import { makeRoot, type Root } from "./trust/root-certificate.ts";

interface Wanted {
  readonly namespace: string;
  readonly trustDomain: string;
  /** Of an authority of the user's; undefined where the root is ours. */
  readonly trustBundle: string | undefined;
}

const FIELD_OWNER = "nephele.dev/install";

async function holdTrust(kube: KubeClient, { namespace, trustDomain, trustBundle }: Wanted): Promise<void> {
  const at = (name: string) => ({ namespace, name });
  const rootOwner = trustBundle === undefined ? "ours" : "theirs";
  const record = await kube.get(configMaps, at(trustNames.record));
  const secret = await kube.get(coreSecrets, at(trustNames.root));
  const volume = await kube.get(persistentVolumeClaims, at(trustNames.volume));
  const now = new Date();
  let root = secret === undefined ? undefined : rootOf(secret);
  const decision = decideTrust({
    trustDomain,
    rootOwner,
    recorded: record === undefined ? undefined : recordOf(record),
    root,
    dataExists: volume !== undefined,
    now,
  });
  if (decision.kind === "refuse") throw new Error(decision.problem);
  const write: Readonly<Record<TrustWrite, () => Promise<void>>> = {
    async root() {
      const made = makeRoot(trustDomain, now);
      // A create, which never takes the place of one that is there.
      await kube.create(coreSecrets, secretOf(namespace, made));
      root = made;
      console.log(`core Secret ${trustNames.root} was made: keep a backup of it`);
    },
    async bundle() {
      const bundle = { "root.crt": trustBundle ?? root?.certificate ?? "" };
      await kube.apply(configMaps, configMapOf(namespace, trustNames.bundle, bundle), {
        fieldOwner: FIELD_OWNER,
        force: true,
      });
    },
    async record() {
      const said = configMapOf(namespace, trustNames.record, { trustDomain, root: rootOwner });
      await kube.create(configMaps, { ...said, immutable: true });
    },
  };
  for (const each of decision.writes) await write[each]();
  console.log(`the trust domain is ${trustDomain}`);
}

function recordOf({ data = {} }: ConfigMap): TrustRecord {
  const { trustDomain: recorded = "", root: owner } = data;
  return { trustDomain: recorded, root: owner === "ours" || owner === "theirs" ? owner : undefined };
}

function rootOf({ data = {} }: CoreSecret): Partial<Root> {
  const text = (key: string): string | undefined =>
    data[key] === undefined ? undefined : Buffer.from(data[key], "base64").toString();
  const [certificate, key] = [text("tls.crt"), text("tls.key")];
  return { ...(certificate === undefined ? {} : { certificate }), ...(key === undefined ? {} : { key }) };
}

function secretOf(namespace: string, { certificate, key }: Root): Desired {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: trustNames.root, namespace, labels: LABELS },
    type: "kubernetes.io/tls",
    immutable: true,
    stringData: { "tls.crt": certificate, "tls.key": key },
  };
}

const LABELS = { "app.kubernetes.io/name": "nephele", "app.kubernetes.io/component": "spire" };

function configMapOf(namespace: string, name: string, data: Readonly<Record<string, string>>): Desired {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels: LABELS }, data };
}

const [namespace, trustDomain] = process.argv.slice(2);
if (namespace === undefined || trustDomain === undefined)
  throw new Error("usage: spire-trust.ts NAMESPACE TRUST-DOMAIN");
const connection = await connect();
try {
  const kube = createClient(createTransport(connection, { userAgent: "nephele-install" }));
  await holdTrust(kube, { namespace, trustDomain, trustBundle: process.env["TRUST_BUNDLE"] });
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await connection.close();
}
