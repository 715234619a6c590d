import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { CustomResourceDefinition } from "../tools/crd-types.ts";
import { tables } from "./cases/tables.ts";
import { rulesOf } from "./testing/rules-of.ts";

describe.each(tables)("$kind", ({ kind, cases }) => {
  test("each CEL rule of the CRD has a case that the API server must refuse", async () => {
    const file = join(import.meta.dirname, `${kind.toLowerCase()}.yaml`);
    const crd = parse(await readFile(file, "utf8")) as CustomResourceDefinition;
    const schema = crd.spec.versions[0]?.schema.openAPIV3Schema ?? {};
    const refused = new Set(cases.map(({ at, refusedWith }) => `${at.replace(/\[\d+\]/g, "[]")}: ${refusedWith}`));
    const untested = rulesOf(schema)
      .map(({ at, message }) => `${at}: ${message}`)
      .filter((rule) => !refused.has(rule));
    expect(untested).toEqual([]);
  });
});
