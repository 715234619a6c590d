import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { namespaces, resourceQuotas } from "#operator/api/foreign.ts";
import { bytesOf, canonical, formatBytes, formatCount, isQuantity } from "#runtime/api/quantity.ts";

const WRITTEN = [
  ..."0 1 123 1000 1024 1500m 100m 999k 1000k 2000M 1E 5e9 50e2 12345e2 2E2 0.5k .5k".split(" "),
  ..."Gi 0.5Ki 1Ki 1023Ki 1024Mi 1.5Gi 2.001953125Ki 2000Ki 128Gi 7Ei".split(" "),
];
const NONE = ["1KiB", "1K", "0x10", "1e", "1 Gi", "1,5Gi"];

let bed: Bed;
let namespace: string;
beforeAll(async () => {
  bed = await openBed();
  namespace = unique("quantity");
  await bed.kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
});
afterAll(async () => {
  await bed?.kube.delete(namespaces, { name: namespace });
  await bed?.close();
});

/** What the API server makes of quantities; it keeps them in canonical form. */
async function kept(texts: readonly string[]): Promise<readonly (string | undefined)[]> {
  const name = unique("quota");
  const key = (at: number): string => `requests.example.org/q${at}`;
  const hard = Object.fromEntries(texts.map((text, at) => [key(at), text]));
  const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { namespace, name }, spec: { hard } };
  const made = await bed.kube.create(resourceQuotas, quota);
  const seen = (made.spec as { readonly hard: Readonly<Record<string, string>> }).hard;
  return texts.map((_, at) => seen[key(at)]);
}

describe("quantities, as the API server keeps them", () => {
  test("are canonical as we say", async () => {
    const whole = WRITTEN.filter((text) => !text.endsWith("m"));
    expect(await kept(whole)).toEqual(whole.map(canonical));
  });

  test("stay as we write them", async () => {
    const bytes = WRITTEN.map(bytesOf);
    const texts = [...bytes.map(formatBytes), ...bytes.map(formatCount)];
    expect(await kept(texts)).toEqual(texts);
  });

  test.each(NONE)("%j is none to either", async (text) => {
    expect(isQuantity(text)).toBe(false);
    await expect(kept([text])).rejects.toMatchObject({ status: 400 });
  });
});
