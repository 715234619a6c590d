import { expect, test } from "vitest";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import type { ImageScope } from "../scope.ts";
import { lookAtImporter } from "./importer.ts";

/** How often the cluster is asked about an Image of which CDI says this. */
async function asked(state: object): Promise<number> {
  let count = 0;
  const get: KubeClient["get"] = async () => {
    count += 1;
    return undefined;
  };
  const object = { metadata: { namespace: "team-a", name: "debian" } };
  await lookAtImporter(
    { context: { object, kube: { get } }, state } as unknown as ImageScope,
    new AbortController().signal,
  );
  return count;
}

test("the cluster is asked only where CDI says that no node takes the importer", async () => {
  expect(await asked({ phase: "importing" })).toBe(0);
  expect(await asked({ phase: "importing", isUnplaced: true })).toBe(1);
});
