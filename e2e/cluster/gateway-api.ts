import { join } from "node:path";
import { tools } from "../tools/build.ts";
import type { ClusterFile } from "./cluster-file.ts";
import { kubectl } from "./kubectl.ts";

/**
 * Gateway API's own CRDs in the cluster. They stay: another test may be using them, and the cluster is taken down as a
 * whole.
 */
export async function ensureGatewayApi({ kubeconfigPath }: Pick<ClusterFile, "kubeconfigPath">): Promise<void> {
  const built = await tools("gateway-api", () => {});
  const run = kubectl(join((await tools("kubernetes", () => {})).bin, "kubectl"), kubeconfigPath);
  const crds = join(built.manifests, "crds.yaml");
  await run("apply", "--server-side", "--force-conflicts", "-f", crds);
  await run("wait", "--for=condition=Established", "--timeout=60s", "-f", crds);
}
