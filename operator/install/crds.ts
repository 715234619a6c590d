/**
 * Applies the CRDs that stand beside this program and waits until the API server serves them. Helm installs the CRDs of
 * a chart once and never changes them, so the chart runs this before each install and upgrade.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parse } from "yaml";
import { type Condition, isTrue } from "#runtime/api/conditions.ts";
import type { Desired, KubeObject } from "#runtime/api/object.ts";
import { defineResource } from "#runtime/api/resource.ts";
import { createClient } from "#runtime/client/client.ts";
import { connect } from "#runtime/client/connection.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { createTransport } from "#runtime/client/transport.ts";

const FOLDER = join(import.meta.dirname, "../../crds");
const SERVED_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 200;

interface Definition extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}
const definitions = defineResource<Definition>({
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
});

async function applyAll(kube: KubeClient): Promise<void> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".yaml"));
  for (const file of files) {
    const definition = parse(readFileSync(join(FOLDER, file), "utf8")) as Desired;
    // By force: whoever put them there before (Helm, kubectl), the schema is this version's.
    await kube.apply(definitions, definition, { fieldOwner: "nephele.dev/install", force: true });
    await untilServed(kube, definition.metadata.name);
    console.log(`${definition.metadata.name} is served`);
  }
}

async function untilServed(kube: KubeClient, name: string): Promise<void> {
  const deadline = performance.now() + SERVED_WITHIN_MS;
  for (;;) {
    const found = await kube.get(definitions, { name });
    if (isTrue(found?.status?.conditions, "Established")) return;
    if (performance.now() > deadline) {
      const conditions = (found?.status?.conditions ?? []).map(
        ({ type, status, message }) => `${type}=${status} (${message})`,
      );
      throw new Error(`${name} is applied but not served after ${SERVED_WITHIN_MS / 1000} s: ${conditions.join(", ")}`);
    }
    await delay(LOOK_EVERY_MS);
  }
}

const connection = await connect();
try {
  await applyAll(createClient(createTransport(connection, { userAgent: "nephele-install" })));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await connection.close();
}
