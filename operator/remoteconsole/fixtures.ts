import type { Project } from "#operator/api/generated/project.ts";
import type { RemoteConsole, RemoteConsoleStatus } from "#operator/api/generated/remoteconsole.ts";
import type { Server } from "#operator/api/generated/server.ts";

const META = { namespace: "team-a", resourceVersion: "1", creationTimestamp: "2026-11-26T09:00:00Z" };
const KIND = { apiVersion: "nephele.dev/v1alpha1" } as const;

/** A RemoteConsole for the serial console of web-1. */
export function remoteConsole(status: RemoteConsoleStatus = {}, metadata: object = {}): RemoteConsole {
  return {
    ...KIND,
    kind: "RemoteConsole",
    metadata: { ...META, name: "look", uid: "look-uid", ...metadata },
    spec: { serverRef: { name: "web-1" }, protocol: "serial", expiresAfter: "10m", ttlSecondsAfterFinished: 3600 },
    status,
  };
}

/** The Server web-1, which runs. */
export function server(
  powerState: NonNullable<Server["status"]>["powerState"] = "Running",
  metadata: object = {},
): Server {
  return {
    ...KIND,
    kind: "Server",
    metadata: { ...META, name: "web-1", uid: "server-uid", ...metadata },
    spec: {} as Server["spec"],
    status: powerState === undefined ? {} : { powerState },
  };
}

export function project(enabled = true): Project {
  const { namespace: _namespace, ...metadata } = META;
  return {
    ...KIND,
    kind: "Project",
    metadata: { ...metadata, name: "team-a", uid: "project-uid" },
    spec: { enabled } as Project["spec"],
    status: { namespace: "team-a" },
  };
}
