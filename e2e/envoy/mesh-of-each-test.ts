import { afterEach, beforeEach, expect } from "vitest";
import { freePort } from "../cluster/ports.ts";
import type { EchoBackend } from "./echo.ts";
import { MeshBed } from "./mesh-bed.ts";

/** What a test has for itself. */
export interface MeshOfTest {
  readonly bed: MeshBed;
  /** A backend of the name `web`. */
  readonly web: EchoBackend;
  /** Of a listener, free still. */
  readonly port: number;
}

/** Gives each test of a file its own; whatever it serves by it, no Envoy may reject. */
export function meshOfEachTest(give: (own: MeshOfTest) => void): void {
  let bed: MeshBed;
  beforeEach(async () => {
    bed = await MeshBed.open();
    give({ bed, web: await bed.backend("web"), port: await freePort() });
  });
  afterEach(async () => {
    const { rejected } = bed;
    await bed.close();
    expect(rejected).toEqual([]);
  });
}
