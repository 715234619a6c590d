import { randomBytes } from "node:crypto";
import { type CoreSecret, coreSecrets } from "#operator/api/foreign.ts";
import { isApiError } from "#runtime/client/errors.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { MANAGED_BY } from "./children.ts";
import { MAC_KEY_BYTES, type MacKey } from "./mac.ts";

const NAME = "nephele-mac-key";
const FIELD = "key";

/** Gives the installation's MAC key; it is read once a process. */
export type MacKeySource = () => Promise<MacKey>;

/**
 * The key in the core Secret `nephele-mac-key` of the system namespace. It is made when there is none, by a create that
 * fails where another was faster, and never changed: losing it costs one read of each copied payload, no more.
 */
export function macKeyIn(kube: KubeClient, namespace: string): MacKeySource {
  let key: Promise<MacKey> | undefined;
  return () => {
    key ??= readOrMake(kube, namespace).catch((error: unknown) => {
      key = undefined;
      throw error;
    });
    return key;
  };
}

async function readOrMake(kube: KubeClient, namespace: string): Promise<MacKey> {
  const found = await kube.get(coreSecrets, { namespace, name: NAME });
  if (found !== undefined) return keyIn(found);
  try {
    const made = await kube.create<CoreSecret>(coreSecrets, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace, name: NAME, labels: MANAGED_BY },
      type: "Opaque",
      immutable: true,
      data: { [FIELD]: randomBytes(MAC_KEY_BYTES).toString("base64") },
    });
    return keyIn(made);
  } catch (error) {
    if (!isApiError(error, "AlreadyExists")) throw error;
    return readOrMake(kube, namespace);
  }
}

function keyIn(secret: CoreSecret): MacKey {
  const bytes = Buffer.from(secret.data?.[FIELD] ?? "", "base64");
  if (bytes.length === MAC_KEY_BYTES) return { bytes };
  const { namespace, name } = secret.metadata;
  throw new Error(
    `core Secret ${namespace}/${name} must hold ${MAC_KEY_BYTES} bytes under "${FIELD}" and holds ${bytes.length}: put the key back from a backup, or delete the Secret to have a new one made`,
  );
}
