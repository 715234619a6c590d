import { expect, test } from "vitest";
import { virtualMachines } from "#operator/api/foreign.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { FLAVOR_ANNOTATION } from "#operator/api/marks.ts";
import { flavors, images, servers } from "#operator/api/resources.ts";
import type { ImageScope } from "#operator/image/scope.ts";
import { checkQuota as checkImage } from "#operator/image/steps/quota.ts";
import { aFlavor, aMachine, anImage, aServer } from "#operator/server/fixtures.ts";
import type { ServerScope } from "#operator/server/scope.ts";
import { checkQuota as checkServer } from "#operator/server/steps/resolve.ts";
import type { Resource } from "#runtime/api/resource.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { Admissions } from "./admissions.ts";

function named(uid: string, namespace = "n"): Server {
  return { metadata: { uid, name: uid, namespace } } as Server;
}

test("a Server that was admitted counts until it is refused or gone, in its namespace alone", () => {
  const admissions = new Admissions();
  for (const server of [named("a"), named("b"), named("a", "other")]) admissions.add(server);
  admissions.remove(named("b"));
  expect(
    [named("a"), named("b"), named("a", "other"), named("b", "other")].map((server) => admissions.has(server)),
  ).toEqual([true, false, true, false]);
  admissions.keep("n", [named("b")]);
  expect([named("a"), named("a", "other")].map((server) => admissions.has(server))).toEqual([false, true]);
});

const project = { metadata: { name: "team-a" }, spec: { quota: { storage: "4Gi" } } };
const flavor = aFlavor("small", { disk: "1Gi" });
/** One that has no volume yet. */
const awaited: Image = { ...anImage({ minDisk: "2Gi" }), status: {} };
const asking = (size: string) => aServer({ rootDisk: { size, onServerDelete: "Delete" } });
const template = { metadata: { annotations: { [FLAVOR_ANNOTATION]: "small" } } };
const machine = { ...aMachine("Always"), spec: { template } };

/** What is there, as the cache has it. */
function holding(kinds: readonly (readonly [unknown, readonly unknown[]])[]): CacheReader {
  const all = new Map(kinds as readonly (readonly [Resource, readonly unknown[]])[]);
  const list = (resource: Resource) => (all.get(resource) ?? []) as readonly { readonly metadata: { name: string } }[];
  return {
    list,
    get: (resource: Resource, { name }: { readonly name: string }) =>
      list(resource).find(({ metadata }) => metadata.name === name),
  } as unknown as CacheReader;
}

/** Whether a Server's pass lets it have its disk, or, where it has its machine, a larger one. */
async function letsServer(server: Server, there: readonly Image[], admissions: Admissions, built = false) {
  const made = built ? [machine] : [];
  const cache = holding([
    [servers, [server]],
    [images, there],
    [flavors, [flavor]],
    [virtualMachines, made],
  ]);
  const scope = {
    context: { object: server, cache },
    key: { namespace: "team-a", name: server.metadata.name },
    project,
    machine: made[0],
    flavor,
    disk: { size: server.spec.rootDisk.size },
    recorded: built ? { size: "1Gi" } : undefined,
    admissions,
  } as unknown as ServerScope;
  await checkServer(scope);
  return scope.overQuota === undefined;
}

/** Whether an Image's pass lets it be imported. */
async function letsImage(image: Image, there: readonly Server[], admissions: Admissions) {
  const cache = holding([
    [servers, there],
    [images, [image]],
    [flavors, [flavor]],
  ]);
  const context = { object: image, cache };
  const scope = { context, project, volume: undefined, admissions } as unknown as ImageScope;
  await checkImage(scope);
  return scope.overQuota === undefined;
}

test("an Image that arrives when a Server was let in, and has no machine yet, does not take the same room", async () => {
  const server = asking("3Gi");
  const both = async (ofServers: Admissions, ofImages: Admissions) => [
    await letsServer(server, [], ofServers),
    await letsImage(awaited, [server], ofImages),
  ];
  const shared = new Admissions();
  expect(await both(shared, shared)).toEqual([true, false]);
  // And it is not let go of by the other kind's pass.
  expect(shared.has(server)).toBe(true);
  // Control: where each kind knows of its own alone.
  expect(await both(new Admissions(), new Admissions())).toEqual([true, true]);
});

test("a Server that grows when an Image was let in, and has no volume yet, does not take the same room", async () => {
  const both = async (ofServers: Admissions, ofImages: Admissions) => {
    const built = { ...asking("1Gi"), status: { instanceID: "i", flavor: "small" } as Server["status"] } as Server;
    const isImported = await letsImage(awaited, [built], ofImages);
    const larger = { ...built, spec: asking("3Gi").spec };
    return [isImported, await letsServer(larger, [awaited], ofServers, true)];
  };
  const shared = new Admissions();
  expect(await both(shared, shared)).toEqual([true, false]);
  expect(await both(new Admissions(), new Admissions())).toEqual([true, true]);
});
