import { afterEach, describe, expect, test } from "vitest";
import { freePort } from "../e2e/cluster/ports.ts";
import { dumped, dumpedKinds, endpointsOf } from "../e2e/envoy/config-dump.ts";
import type { Envoy } from "../e2e/envoy/envoy.ts";
import { MeshBed, soon } from "../e2e/envoy/mesh-bed.ts";
import type { Mesh } from "./mesh/mesh.ts";
import { paths, RandomMesh } from "./random-mesh.ts";

let bed: MeshBed;
afterEach(() => bed.close());

interface Run {
  readonly failures: readonly string[];
  readonly requests: number;
  readonly seconds: number;
  readonly proxy: Envoy;
  readonly mesh: Mesh;
}

/** The mesh changes, each time with a few requests between, while requests go on. */
async function run(seed: number, changes: number, makeBeforeBreak: boolean): Promise<Run> {
  bed = await MeshBed.open({ ordering: { makeBeforeBreak } });
  const backends = await Promise.all(["one", "two", "three", "four"].map((name) => bed.backend(name)));
  const ports = [await freePort(), await freePort(), await freePort()];
  const world = new RandomMesh(
    seed,
    backends.map(({ port }) => port),
    ports,
  );
  bed.set(world.mesh());
  const proxy = await bed.envoy("edge");
  const port = ports[0] ?? 0;
  await expect.poll(() => bed.status(port, paths[0]), soon).toBe(200);

  const failures: string[] = [];
  let [requests, isOver, last] = [0, false, ""];
  let answered = Promise.withResolvers<void>();
  const since = performance.now();
  const load = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      const path = paths[requests % paths.length] ?? "/";
      requests += 1;
      const { status, body } = await bed.ask(port, path);
      if (status !== 200) failures.push(`${path} after ${last}: ${status} ${body}`);
      answered.resolve();
      answered = Promise.withResolvers();
    }
  });
  for (let at = 0; at < changes && (makeBeforeBreak || failures.length === 0); at += 1) {
    last = `${at} ${world.change()}`;
    bed.set(world.mesh());
    // Now and then the next change comes while this one is still on its way.
    const until = requests + (at % 3) * 4;
    while (requests < until) await answered.promise;
  }
  const mesh = world.mesh();
  // The last change has arrived, so nothing is on its way any more.
  if (makeBeforeBreak) await expect.poll(() => differences(proxy, mesh), soon).toEqual([]);
  isOver = true;
  await Promise.all(load);
  return { failures, requests, seconds: (performance.now() - since) / 1000, proxy, mesh };
}

/** In what Envoy's config_dump differs from the snapshot. */
async function differences(proxy: Envoy, mesh: Mesh): Promise<readonly string[]> {
  const snapshot = bed.snapshots.current("edge");
  const found: string[] = [];
  for (const kind of dumpedKinds) {
    const has = await dumped(proxy, kind);
    const should = new Map(
      [...(snapshot?.view(kind).resources.values() ?? [])].map((each) => [each.name, each.version]),
    );
    for (const [name, version] of should) if (has.get(name) !== version) found.push(`${kind} ${name}: not ${version}`);
    for (const name of has.keys()) if (!should.has(name)) found.push(`${kind} ${name}: should not be there`);
  }
  const addresses = await endpointsOf(proxy);
  for (const { name, endpoints } of mesh.services.values()) {
    const should = endpoints.map(({ port }) => String(port)).sort();
    if (String(addresses.get(name)) !== String(should)) found.push(`endpoints of ${name}: not ${should.join()}`);
  }
  return found;
}

describe("the mesh changes at random under load", () => {
  test("no request is lost, nothing is rejected, and Envoy has in the end what the snapshot says", async () => {
    const { failures, requests, seconds } = await run(20_261_125, 200, true);
    expect(failures).toEqual([]);
    expect(bed.rejected).toEqual([]);
    expect(requests / seconds).toBeGreaterThan(50);
  });

  test("control: without the order requests are lost", async () => {
    const { failures } = await run(20_261_125, 200, false);
    expect(failures[0]).toMatch(/: (404|500|503) /);
  });
});
