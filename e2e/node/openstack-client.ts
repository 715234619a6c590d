/**
 * The stock client of OpenStack in the network of a node, where a Cloud's services have names: with the settings, files and
 * terminal of whoever calls it. `openstack-client.ts STATE_DIR PROGRAM ARGUMENTS…`, as `make clients` writes it.
 */
import { spawn } from "node:child_process";
import { commandAtNode } from "./at-node.ts";
import { openNode } from "./handle.ts";

const [stateDir = "", program = "", ...args] = process.argv.slice(2);
const { sandbox } = await openNode(stateDir);
const [command, ...rest] = commandAtNode(sandbox, stateDir, program, args);
spawn(command, rest, { stdio: "inherit" }).on("exit", (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 128);
});
