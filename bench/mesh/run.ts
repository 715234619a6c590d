import { writeFileSync } from "node:fs";
import { getPriority } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { down } from "#e2e/cluster/down.ts";
import { checkout, clusterLocation } from "#e2e/cluster/location.ts";
import { adminLogin } from "#e2e/cluster/openstack/admin-session.ts";
import type { OpenStackHandle } from "#e2e/cluster/openstack/handle.ts";
import { openProcesses } from "#e2e/cluster/processes.ts";
import { up } from "#e2e/cluster/up.ts";
import { SidecarBed } from "#e2e/envoy/sidecar-bed.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { machine } from "../machine.ts";
import { memory, withChildren } from "../usage.ts";
import { measure, type Question, type Way, ways } from "./measure.ts";
import { type Answered, meshReport } from "./report.ts";

/**
 * What the mesh adds to a request, on the local cluster, which is started for it and taken down.
 */
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "7" },
    alone: { type: "string", default: "300" },
    together: { type: "string", default: "400" },
    "at-once": { type: "string", default: "4" },
  },
});
const size = { alone: Number(values.alone), together: Number(values.together), atOnce: Number(values["at-once"]) };
/** Asked before it is counted: connections are opened and caches filled. */
const warmUp = { alone: 50, together: 50, atOnce: size.atOnce };
const print = (line: string): void => void process.stderr.write(`${line}\n`);
const location = clusterLocation();

interface Asked {
  readonly service: "keystone" | "barbican";
  readonly question: Question;
  readonly origins: Readonly<Record<Way, string>>;
}

/** Puts both services behind sidecars, and gives what is asked of them. */
async function behindSidecars(bed: SidecarBed, openstack: OpenStackHandle): Promise<readonly Asked[]> {
  const bare = { keystone: new URL(openstack.identityUrl).origin, barbican: new URL(openstack.keyManagerUrl).origin };
  const part = (service: "keystone" | "barbican") =>
    ({ name: service, appProtocol: "http", application: Number(new URL(bare[service]).port) }) as const;
  const [identity, keys] = await bed.serve("cloud", [part("keystone"), part("barbican")]);
  await bed.policy("cloud", [{ callers: [{ id: bed.caller }] }], { targetRefs: [{ name: "cloud" }] });
  const origins = {
    keystone: { bare: bare.keystone, mesh: `http://127.0.0.1:${identity}` },
    barbican: { bare: bare.barbican, mesh: `http://127.0.0.1:${keys}` },
  };
  for (const { mesh } of Object.values(origins)) {
    await eventually(`${mesh} to be answered through the mesh`, async () => (await fetch(mesh)).status === 300);
  }
  const { token } = await adminLogin(openstack.identityUrl, openstack.adminPasswordFile, { project: "admin" });
  const headers = { "x-auth-token": token };
  const asked = (service: Asked["service"], question: Question): Asked => {
    return { service, question, origins: origins[service] };
  };
  return [
    asked("keystone", { name: "Keystone: versions", path: "/v3", headers: {} }),
    asked("keystone", {
      name: "Keystone: validate a token",
      path: "/v3/auth/tokens",
      headers: { ...headers, "x-subject-token": token },
    }),
    asked("barbican", { name: "Barbican: list secrets", path: "/v1/secrets?limit=1", headers }),
  ];
}

async function run(bed: SidecarBed, openstack: OpenStackHandle): Promise<string> {
  const asked = await behindSidecars(bed, openstack);
  const records = openProcesses(location.stateDir, location.logsDir).list();
  const pids = (service: string) => ({
    service: records.filter(({ name }) => name === service).flatMap(({ pid }) => withChildren(pid)),
    "its sidecar": [bed.ofWeb.pid],
    "caller's sidecar": [bed.ofCaller.pid],
  });
  for (const { service, question, origins } of asked) await measure(question, origins, pids(service), warmUp, "bare");
  const found = asked.map(({ question }): { name: string; runs: Answered["runs"][number][] } => ({
    name: question.name,
    runs: [],
  }));
  for (let at = 0; at < Number(values.runs); at += 1) {
    for (const [which, { service, question, origins }] of asked.entries()) {
      const result = await measure(question, origins, pids(service), size, ways[at % 2] ?? "bare");
      found[which]?.runs.push(result);
      print(`${question.name}: ${result.perSecond.bare.toFixed(0)} and ${result.perSecond.mesh.toFixed(0)} a second`);
    }
  }
  const resident = { ofService: memory(bed.ofWeb.pid).now, ofCaller: memory(bed.ofCaller.pid).now };
  return meshReport({ machine: `${machine()}, at nice ${getPriority()}`, questions: found, resident, ...size });
}

const { openstack } = await up(location, print);
try {
  if (openstack === undefined) throw new Error("the local cluster has no OpenStack");
  const bed = await SidecarBed.open(async () => undefined);
  try {
    writeFileSync(join(checkout, "docs", "bench-mesh.md"), await run(bed, openstack));
  } finally {
    await bed.close();
  }
} finally {
  await down(location);
}
