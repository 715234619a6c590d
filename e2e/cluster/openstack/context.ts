import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ClusterContext } from "../context.ts";
import type { ClusterLocation } from "../location.ts";

/** The four services, in the order in which they start. */
const openStackServices = ["postgres", "memcached", "keystone", "barbican"] as const;
export type OpenStackService = (typeof openStackServices)[number];

/** The local cluster, and the ports of the services on loopback. */
export interface OpenStackContext extends ClusterContext {
  readonly servicePorts: Readonly<Record<OpenStackService, number>>;
}

/** The context with the ports that the services have, or will have, in this cluster. */
export async function withServicePorts(context: ClusterContext): Promise<OpenStackContext> {
  const { ports } = context;
  const servicePorts = {
    postgres: await ports.take("postgres"),
    memcached: await ports.take("memcached"),
    keystone: await ports.take("keystone"),
    barbican: await ports.take("barbican"),
  };
  return { ...context, servicePorts };
}

/** A folder of OpenStack's in the state folder, made where missing; only its owner may enter it. */
export function folderOf({ stateDir }: Pick<ClusterLocation, "stateDir">, ...names: readonly string[]): string {
  const folder = join(stateDir, "openstack", ...names);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
