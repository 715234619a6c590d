import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { ACCEPTED, uniqueName } from "#crds/testing/api-server.ts";
import { type Manifest, merge } from "#crds/testing/rule-case.ts";
import { openWorkbench, type Workbench } from "#crds/testing/workbench.ts";

const files = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".yaml"))
  .sort();
let bench: Workbench;
let namespace: string;

beforeAll(async () => {
  bench = await openWorkbench();
  namespace = await bench.namespace();
});
afterAll(() => bench.close());

test("the namespace comes first, because kubectl applies files in the order of their names", () => {
  expect(parse(readFileSync(join(import.meta.dirname, files[0] ?? ""), "utf8"))).toMatchObject({ kind: "Namespace" });
});

test.each(files)("%s is accepted, with no field that the API does not know", async (file) => {
  const object = parse(readFileSync(join(import.meta.dirname, file), "utf8")) as Manifest;
  const group = object.apiVersion.includes("/") ? "/apis" : "/api";
  const within = object.metadata["namespace"] === undefined ? "" : `/namespaces/${namespace}`;
  const path = `${group}/${object.apiVersion}${within}/${object.kind.toLowerCase()}s`;
  const here = merge(object, { metadata: { name: uniqueName("example"), ...(within === "" ? {} : { namespace }) } });
  expect(await bench.admin.judge("POST", path, here, { fieldValidation: "Strict" })).toBe(ACCEPTED);
});
