import { defineResource } from "#runtime/api/resource.ts";
import type { Cloud } from "./generated/cloud.ts";
import type { Flavor } from "./generated/flavor.ts";
import type { Image } from "./generated/image.ts";
import type { Project } from "./generated/project.ts";
import type { RemoteConsole } from "./generated/remoteconsole.ts";
import type { Secret } from "./generated/secret.ts";
import type { Server } from "./generated/server.ts";

/** The API group of our kinds. */
export const GROUP = "nephele.dev";

const ours = { group: GROUP, version: "v1alpha1" } as const;

export const clouds = defineResource<Cloud>({ ...ours, plural: "clouds", kind: "Cloud", namespaced: true });

export const projects = defineResource<Project>({ ...ours, plural: "projects", kind: "Project", namespaced: false });

export const flavors = defineResource<Flavor>({ ...ours, plural: "flavors", kind: "Flavor", namespaced: false });

export const images = defineResource<Image>({ ...ours, plural: "images", kind: "Image", namespaced: true });

/** Ours, not core's: that one is `coreSecrets`. */
export const secrets = defineResource<Secret>({ ...ours, plural: "secrets", kind: "Secret", namespaced: true });

export const servers = defineResource<Server>({ ...ours, plural: "servers", kind: "Server", namespaced: true });

export const remoteConsoles = defineResource<RemoteConsole>({
  ...ours,
  plural: "remoteconsoles",
  kind: "RemoteConsole",
  namespaced: true,
});
