import { systemNamespace } from "../cluster/nephele-objects.ts";
import type { Release } from "../cluster/release.ts";
import type { NodeHandle } from "./handle.ts";
import { openRelease } from "./nephele.ts";

/** What the chart runs where it runs Gateways' proxies, and no Cloud. */
const IMAGES = ["nephele", "spire", "envoy"];

/** The GatewayClass that the chart makes. */
export const gatewayClassName = "nephele";

/** Gateways that are reached in the cluster, and nothing else: one pod of each part. */
const VALUES = [
  ...["spire.enabled=true", "spire.trustDomain=cloud.test"],
  ...["xds.enabled=true", "xds.replicas=1"],
  ...["gateways.enabled=true", "gateways.serviceType=ClusterIP", "gateways.replicas=1"],
  ...["cloud.enabled=false", "operator.replicas=1"],
];

/** Installs Nephele on a node without a Cloud, so that it runs Gateways. The control plane may read every certificate. */
export async function installGateways(node: NodeHandle, print: (line: string) => void): Promise<Release> {
  const release = await openRelease(node, print, IMAGES);
  await release.upgrade("5m", VALUES);
  const binding = ["clusterrolebinding", "nephele-tests:xds-certificates"];
  await node.run("delete", ...binding, "--ignore-not-found");
  const role = ["--clusterrole=nephele:xds-certificates", `--serviceaccount=${systemNamespace}:nephele-xds`];
  await node.run("create", ...binding, ...role);
  return release;
}
