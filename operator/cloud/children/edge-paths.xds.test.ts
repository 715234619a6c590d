import { Agent } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "#e2e/cluster/ports.ts";
import { MeshBed } from "#e2e/envoy/mesh-bed.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { askRaw } from "#e2e/node/raw-request.ts";
import { ADMINISTRATION, IN_DISGUISE, WITH_ESCAPED_SLASHES } from "#e2e/scenarios/edge-refusals.ts";
import type { HttpRule } from "../../../xds-control-plane/mesh/route.ts";
import { listenerOn, meshOf, proxyOf, ruleTo, serviceAt } from "../../../xds-control-plane/mesh-fixtures.ts";
import { edgeRules } from "./edge-paths.ts";

/** The list of what passes a Cloud's edge, in a real Envoy: a path is what its service would read, however it is written. */

const kinds = { Exact: "exact", PathPrefix: "prefix", RegularExpression: "regex" } as const;
const agent = new Agent();
let bed: MeshBed;
/** Proxies by the list, and one that lets everything through. */
const ports = { listed: 0, open: 0 };

beforeAll(async () => {
  bed = await MeshBed.open();
  const service = serviceAt("both", [(await bed.backend("both")).port]);
  const matches = (["keystone", "barbican"] as const).flatMap((each) =>
    edgeRules(each)
      .flatMap((rule) => rule.matches)
      .map(({ path, method }) => ({
        path: { kind: kinds[path.type], value: path.value },
        ...(method === undefined ? {} : { method }),
      })),
  );
  const rules: Readonly<Record<keyof typeof ports, HttpRule>> = {
    listed: ruleTo("/", service.name, { matches }),
    open: ruleTo("/", service.name),
  };
  for (const name of ["listed", "open"] as const) ports[name] = await freePort();
  const listeners = (["listed", "open"] as const).map((name) => listenerOn(ports[name], [rules[name]]));
  bed.set(meshOf([proxyOf("edge", listeners)], [service]));
  await bed.envoy("edge");
  await eventually("the proxies to serve", async () => {
    return (await status("open", "/")) === 200 && (await status("listed", "/identity/v3")) === 200;
  });
});
afterAll(async () => {
  await agent.close();
  await bed?.close();
});

async function status(proxy: keyof typeof ports, path: string): Promise<number> {
  try {
    const origin = `http://127.0.0.1:${ports[proxy]}`;
    const { statusCode, body } = await askRaw(agent, { origin, path, method: "GET" });
    await body.dump();
    return statusCode;
  } catch {
    return 0;
  }
}

test.each([...ADMINISTRATION, ...IN_DISGUISE])("%s is not there", async (path) => {
  expect(await status("listed", path)).toBe(404);
  // Control: it is the list.
  expect(await status("open", path)).toBe(200);
});

test.each(WITH_ESCAPED_SLASHES)("%s is no path", async (path) => {
  expect(await status("listed", path)).toBe(400);
});

test.each([
  ["/key-manager/v1/orders/../secrets", "/key-manager/v1/secrets"],
  ["/identity/v3/users/../auth/tokens", "/identity/v3/auth/tokens"],
])("%s is told to the service as what was looked at, %s", async (path, seen) => {
  const { body, statusCode } = await askRaw(agent, { origin: `http://127.0.0.1:${ports.listed}`, path, method: "GET" });
  expect(statusCode).toBe(200);
  expect(await body.json()).toMatchObject({ path: seen });
});
