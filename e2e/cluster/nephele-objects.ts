import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { contentKey } from "../tools/cache.ts";
import { untilEstablished } from "./established.ts";
import type { HttpsClient } from "./https.ts";
import { apply, type Kubectl } from "./kubectl.ts";
import { checkout } from "./location.ts";

/** The namespace of Nephele's own objects. */
export const systemNamespace = "nephele-system";

const crds = join(checkout, "crds");
const policies = join(crds, "policies");

/** Changes when a CRD or an admission policy does; kept with a cluster to know whether to apply them again. */
export function nepheleObjectsKey(): string {
  return contentKey(crds, []);
}

/** Applies Nephele's CRDs, its namespace and its admission policies, and waits until the CRDs are served. */
export async function applyNepheleObjects(run: Kubectl): Promise<void> {
  if (holdsYaml(crds)) {
    await apply(run, crds);
    await untilEstablished(run, "--recursive=false", "-f", crds);
  }
  if (holdsYaml(policies)) await apply(run, policies);
}

/** Makes Nephele's namespace if it is not there. */
export async function ensureNamespace(https: HttpsClient, name: string): Promise<void> {
  const body = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
  const { status, text } = await https.send("/api/v1/namespaces", { method: "POST", body });
  if (status !== 201 && status !== 409) throw new Error(`namespace ${name} cannot be made: ${status}: ${text}`);
}

function holdsYaml(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith(".yaml"));
}
