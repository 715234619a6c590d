import { imageKey } from "#operator/amounts.ts";
import type { Flavor } from "#operator/api/generated/flavor.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { Secret } from "#operator/api/generated/secret.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { flavors, images, secrets, servers } from "#operator/api/resources.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import { type Dependency, dependsOn } from "#runtime/controller/dependency.ts";
import { imageAwaits } from "./visibility.ts";

/**
 * The Flavor that a Server is to have. It and the one that the Server goes back to when a resize is reverted are held
 * while used; but the latter is not waited for, or a Flavor that is being deleted could never be left.
 */
export const flavorOfServer = dependsOn<Server, Flavor>({
  name: "flavor",
  from: servers,
  on: flavors,
  keys: ({ spec, status }) =>
    [...new Set([spec.flavorRef.name, status?.flavor ?? spec.flavorRef.name])].map((name) => ({ name })),
  required: ({ spec }) => [{ name: spec.flavorRef.name }],
  awaits: ({ metadata, status }) =>
    status?.instancetype === undefined ? `Flavor ${metadata.name} to be ready` : undefined,
  guard: true,
});

/** The Image is needed while the root disk is copied from it; its own controller holds it so long, and no longer. */
export const imageOfServer = dependsOn<Server, Image>({
  name: "image",
  from: servers,
  on: images,
  keys: (server) => [imageKey(server)],
  awaits: imageAwaits,
});

/** The Secrets whose current versions are given to the guest. Held while used. */
export const secretsOfServer = dependsOn<Server, Secret>({
  name: "secret",
  from: servers,
  on: secrets,
  keys: (server) => {
    const names = new Set((server.spec.files ?? []).map(({ secretRef }) => secretRef.name));
    return [...names].map((name) => ({ namespace: server.metadata.namespace ?? "", name }));
  },
  awaits: (secret) =>
    currentVersion(secret) === undefined
      ? `Secret ${secret.metadata.namespace}/${secret.metadata.name} to have a version in Barbican`
      : undefined,
  guard: true,
});

/** All of them, for the controller and for the guards. */
export const serverDependencies = [flavorOfServer, imageOfServer, secretsOfServer] as unknown as readonly Dependency<
  Server,
  KubeObject
>[];

/** The version of a Secret that counts, and its id in Barbican (the last part of its address). */
export function currentVersion(secret: Secret): { readonly version: number; readonly id: string } | undefined {
  const { version, versions = [] } = secret.status ?? {};
  const current = versions.find((candidate) => candidate.version === version);
  const id = current?.refs.secret.split("/").at(-1);
  return current === undefined || id === undefined || id === "" ? undefined : { version: current.version, id };
}
