import { isDeleting } from "#runtime/api/object.ts";
import { type CloudBed, partOf } from "../scenarios/cloud-bed.ts";
import type { Flow } from "./capture.ts";

/** Ports at which a Cloud's parts are found where they have no sidecars. */
export const PORTS = { keystone: 5000, barbican: 9311, memcached: 11211, postgresql: 5432, patroni: 8008 } as const;

/** Where pods of a Cloud's part are, those that stay. */
export async function addressesOf(bed: CloudBed, cloud: string, part: string): Promise<readonly string[]> {
  const found = await bed.podsOf(partOf(cloud, part));
  return found.filter((pod) => !isDeleting(pod)).flatMap(({ status }) => status?.podIP ?? []);
}

/** Ports at which something of what was looked for passed in clear. */
export function inClear(flows: readonly Flow[], what: string): readonly number[] {
  const ports = flows.filter(({ found }) => found.includes(what)).map(({ targetPort }) => targetPort);
  return [...new Set(ports)].toSorted((one, other) => one - other);
}

/** What is no tenant's, and passes between pods. */
export function betweenOthers(flows: readonly Flow[]): readonly Flow[] {
  return flows.filter(({ sourcePort, targetPort }) => sourcePort !== PORTS.barbican && targetPort !== PORTS.barbican);
}

/** Of SQL, of replication and of Patroni's API, from and to the pods of PostgreSQL. */
export function ofDatabase(flows: readonly Flow[], members: readonly string[]): readonly Flow[] {
  const ports: readonly number[] = [PORTS.postgresql, PORTS.patroni];
  return flows.filter(
    ({ source, sourcePort, target, targetPort }) =>
      (members.includes(source) && ports.includes(sourcePort)) ||
      (members.includes(target) && ports.includes(targetPort)),
  );
}

/** Whether a connection from the node comes to be. */
export async function listens(bed: CloudBed, address: string, port: number): Promise<boolean> {
  const program = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)";
  return (await bed.node.atNode("python3", ["-c", program, address, String(port)])).ok;
}
