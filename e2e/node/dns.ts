import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ClusterContext } from "../cluster/context.ts";
import { writeWhole } from "../cluster/files.ts";
import { apply, type Kubectl } from "../cluster/kubectl.ts";
import type { NodeImage } from "./images.ts";
import { nodeFolders } from "./location.ts";

/** Installs CoreDNS, and waits until it answers. */
export async function installDns(context: ClusterContext, run: Kubectl, image: NodeImage): Promise<void> {
  const path = join(nodeFolders(context).config, "dns.yaml");
  const text = readFileSync(join(import.meta.dirname, "manifests", "dns.yaml"), "utf8");
  writeWhole(path, text.replace("COREDNS_IMAGE", image.reference));
  await apply(run, path);
  await run("rollout", "status", "--namespace=kube-system", "deployment/coredns", "--timeout=60s");
}
