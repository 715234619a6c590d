import type { ClusterLocation } from "../location.ts";
import { openPorts } from "../ports.ts";
import { openProcesses } from "../processes.ts";
import type { OpenStackService } from "./context.ts";
import { waitForAnswer, waitForPort } from "./readiness.ts";

/** Takes a service of a running cluster away: what is under way ends, and new connections are refused. It keeps its data. */
export async function stopService(location: ClusterLocation, name: OpenStackService): Promise<void> {
  await openProcesses(location.stateDir, location.logsDir).stopProcess(name);
}

/** Brings a service back that {@link stopService} took away, and waits until it answers. */
export async function startService(location: ClusterLocation, name: OpenStackService): Promise<void> {
  const processes = openProcesses(location.stateDir, location.logsDir);
  if (!processes.isRunning(name)) processes.startAgain(name);
  const port = await openPorts(location.stateDir).take(name);
  await processes.whileRunning(waitFor(name, port));
}

async function waitFor(name: OpenStackService, port: number): Promise<void> {
  switch (name) {
    case "postgres":
    case "memcached":
      return waitForPort(name, port);
    // uWSGI accepts connections seconds before the application is loaded. Both give their list of versions without a
    // token, as 300 Multiple Choices.
    case "keystone":
    case "barbican":
      return waitForAnswer(name, `http://127.0.0.1:${port}/`, 300);
  }
}
