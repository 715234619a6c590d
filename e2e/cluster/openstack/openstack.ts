import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ClusterContext } from "../context.ts";
import type { ClusterLocation } from "../location.ts";
import type { ProcessSpec } from "../processes.ts";
import { ensureAccounts } from "./accounts.ts";
import { adminLogin } from "./admin-session.ts";
import { barbicanProcess, configureBarbican, keyManagerUrl, migrateBarbican } from "./barbican.ts";
import { folderOf, type OpenStackContext, withServicePorts } from "./context.ts";
import { makeHandle, type OpenStackHandle } from "./handle.ts";
import { configureKeystone, identityUrl, keystoneProcess, setUpKeystone } from "./keystone.ts";
import { memcachedProcess } from "./memcached.ts";
import { createDatabases, postgresProcess } from "./postgres.ts";
import { postgresFolder } from "./postgres-files.ts";
import { ensurePythonEnvironment, type PythonEnvironment } from "./python-environment.ts";
import { waitForAnswer, waitForPort } from "./readiness.ts";

/**
 * Starts PostgreSQL, memcached, Keystone and Barbican, and makes what an installation has in them. What runs already, or
 * is made already, is left alone. Throws as soon as one of them ends, with the last lines of its log.
 */
export async function startOpenStack(cluster: ClusterContext): Promise<OpenStackHandle> {
  return await cluster.processes.whileRunning(start(await withServicePorts(cluster)));
}

async function start(context: OpenStackContext): Promise<OpenStackHandle> {
  const { steps } = context;
  const [python] = await Promise.all([
    steps.step("Python packages", () => ensurePythonEnvironment()),
    steps.step("PostgreSQL", () => startDatabase(context)),
    steps.step("memcached", async () => ensureRunning(context, await memcachedProcess(context))),
  ]);
  configureKeystone(context);
  configureBarbican(context);
  await Promise.all([startKeystone(context, python), startBarbican(context, python)]);
  const handle = makeHandle(context, python);
  await steps.step("Barbican with Keystone", () => proveTogether(handle));
  return handle;
}

async function startDatabase(context: OpenStackContext): Promise<void> {
  await once(context, "databases", () => createDatabases(context));
  ensureRunning(context, postgresProcess(context));
  await waitForPort("PostgreSQL", context.servicePorts.postgres);
}

async function startKeystone(context: OpenStackContext, python: PythonEnvironment): Promise<void> {
  // Keystone loads meanwhile; it looks at its database when it is first asked.
  ensureRunning(context, keystoneProcess(context, python));
  await once(context, "Keystone's schema and bootstrap", () => setUpKeystone(context, python));
  await context.steps.step("Keystone", () => waitForAnswer("Keystone", identityUrl(context), 200));
  await once(context, "users, roles and catalog", () => ensureAccounts(context));
}

async function startBarbican(context: OpenStackContext, python: PythonEnvironment): Promise<void> {
  await once(context, "Barbican's schema", () => migrateBarbican(context, python));
  ensureRunning(context, barbicanProcess(context, python));
  // The list of versions, which needs no token; its status is 300 Multiple Choices.
  await context.steps.step("Barbican", () => waitForAnswer("Barbican", `${keyManagerUrl(context)}/`, 300));
}

/** A read that passes through everything: token, validation, database. Health checks of both ignore the database. */
async function proveTogether(handle: OpenStackHandle): Promise<void> {
  const { token } = await adminLogin(handle.identityUrl, handle.adminPasswordFile, { project: "admin" });
  await waitForAnswer("Barbican", `${handle.keyManagerUrl}/v1/secrets?limit=1`, 200, token);
}

/** Does a step that must be done once in a cluster's life; a step that failed is done again at the next start. */
async function once(context: OpenStackContext, step: string, work: () => Promise<void>): Promise<void> {
  const mark = join(folderOf(context, "done"), step.replaceAll(/\W+/g, "-").toLowerCase());
  if (existsSync(mark)) return;
  await context.steps.step(step, work);
  writeFileSync(mark, "");
}

function ensureRunning(context: OpenStackContext, spec: ProcessSpec): void {
  if (!context.processes.isRunning(spec.name)) context.processes.startProcess(spec);
}

/** Removes what the services kept, once they are stopped; also what lies outside of the state folder. */
export function removeOpenStack(location: Pick<ClusterLocation, "stateDir">): void {
  rmSync(postgresFolder(location), { recursive: true, force: true });
  rmSync(join(location.stateDir, "openstack"), { recursive: true, force: true });
}
