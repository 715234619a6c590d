import type { CloudDeployment } from "../deployment.ts";
import { isInMesh, SOCKET } from "./mesh.ts";
import { program, type Service, serviceFolder } from "./service-config.ts";

/**
 * In seconds. News of a pod that is going takes a while to those who send to it: about a second, some on a busy machine. `quiet`
 * is less than the time between two probes of kubelet's, which go on. What still waits after `most` has waited for
 * longer than clients do.
 */
const DRAIN = { least: 5, quiet: 2, most: 60 } as const;
/** The longest from the word to go until all is ended by force: the drain, and what workers have begun by its end. */
export const GRACE_SECONDS = DRAIN.most + 30;

const FILE = "drain.py";

/** The program's file, for the ConfigMap of a service. */
export const drainFile = (): Readonly<Record<string, string>> => ({ [FILE]: program(FILE) });

/** What kubelet runs in a service's container before it tells uWSGI to stop: it ends when nobody waits for an answer any more. */
export function drainCommand(deployment: CloudDeployment, part: Service, port: number): string[] {
  const { least, quiet, most } = DRAIN;
  const numbers = [port, least, quiet, most].map(String);
  // Isolated, without site: it needs nothing of the service's, and is there in no time.
  return [
    ...["python", "-I", "-S", `${serviceFolder(part)}/${FILE}`, ...numbers],
    ...(isInMesh(deployment, part) ? [SOCKET] : []),
  ];
}
