import { join } from "node:path";
import { writeWhole } from "../cluster/files.ts";
import { type RunOptions, run, type Said } from "../harness/run.ts";
import { dnsAddress, nodeFolders } from "./location.ts";
import type { Sandbox } from "./sandbox.ts";

/** Puts a file in the place of /etc/resolv.conf, in a mount namespace of its own, and becomes what follows. */
const WITH_NAMES = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"';

/**
 * What runs a program of this machine, with its files, in the network of a node and with the names of its cluster: it reaches
 * what a pod reaches.
 */
export function commandAtNode(
  sandbox: Sandbox,
  stateDir: string,
  command: string,
  args: readonly string[],
): readonly [string, ...string[]] {
  const names = join(nodeFolders({ stateDir }).config, "resolv.conf");
  writeWhole(names, `nameserver ${dnsAddress}\nsearch svc.cluster.local cluster.local\noptions ndots:5\n`);
  const namespaces = ["--mount", "--propagation", "private"];
  const entered = ["nsenter", `--net=/proc/${sandbox.pid}/ns/net`, command, ...args];
  return ["unshare", ...namespaces, "sh", "-c", WITH_NAMES, "sh", names, ...entered];
}

/** Runs it to its end. */
export function runAtNode(
  sandbox: Sandbox,
  stateDir: string,
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Said> {
  const [program, ...rest] = commandAtNode(sandbox, stateDir, command, args);
  return run(program, rest, options);
}
