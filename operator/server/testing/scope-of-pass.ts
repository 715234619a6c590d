/** For tests of what a pass ends with: the scope as its steps leave it. */
import type { DataVolume, VirtualMachine, VirtualMachineInstance } from "#operator/api/foreign.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { FLAVOR_ANNOTATION } from "#operator/api/marks.ts";
import { aFlavor, anImage, anInstance, aServer, CREATED } from "../fixtures.ts";
import { diskFrom } from "../root-disk.ts";
import type { ServerScope } from "../scope.ts";

const server = aServer();
/** The root disk that there is where nothing else is said. */
export const disk = diskFrom(server, anImage(), 1, "2Gi");

export interface Seen {
  readonly server?: Server;
  readonly machine?: VirtualMachine;
  readonly instance?: VirtualMachineInstance;
  readonly volume?: DataVolume;
  readonly seconds?: number;
  readonly more?: Partial<ServerScope>;
}

/** A scope as a pass leaves it, with no more of the context than its end looks at. */
export function scope({
  server: object = server,
  machine,
  instance,
  volume,
  seconds = 5,
  more = {},
}: Seen): ServerScope {
  const now = new Date(Date.parse(CREATED) + seconds * 1000);
  const context = { object, now, cache: { get: () => volume }, event: () => undefined };
  const deps = { installationId: "local", clusterDomain: "cluster.local", payloads: { read: async () => undefined } };
  const nothing = { stranger: undefined, project: undefined, recorded: undefined, outside: [] };
  const seen = { machine, hadMachine: machine !== undefined, instance, ...nothing };
  return {
    context,
    deps,
    key: { namespace: "team-a", name: "web-1" },
    ...seen,
    disk,
    flavor: aFlavor(),
    ...more,
  } as unknown as ServerScope;
}

/** A guest that runs and has its address. */
export const up = anInstance(
  "Running",
  { nodeName: "node-1", interfaces: [{ name: "default", ipAddress: "10.0.0.9", mac: "02:00:00:00:00:01" }] },
  { annotations: { [FLAVOR_ANNOTATION]: "small" } },
);
