import { setTimeout as delay } from "node:timers/promises";
import type { KubeObject } from "#runtime/api/object.ts";
import { apiVersionOf, defineResource, type Resource, resourcePath } from "#runtime/api/resource.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import type { Transport } from "#runtime/client/transport.ts";
import type { CommonStatus } from "#runtime/controller/status.ts";
import { inParallel } from "../in-parallel.ts";

/** The benchmark's custom object: a text that its controller copies into a ConfigMap. */
export type Sample = KubeObject<{ readonly text: string }, CommonStatus & { readonly configMapName?: string }>;
export type ConfigMap = KubeObject & { readonly data?: Readonly<Record<string, string>> };

export const samples: Resource<Sample> = defineResource({
  group: "bench.nephele.dev",
  version: "v1",
  plural: "samples",
  kind: "Sample",
  namespaced: true,
});
export const configMaps: Resource<ConfigMap> = defineResource({
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
});
const namespaces = defineResource({
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
});
const crds = defineResource({
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
});

/** Where all Samples are. */
export const namespace = "bench";
const fieldOwner = "nephele-bench";
/** Objects are made by this many clients at once. */
export const WRITERS = 24;
const TEXT = "A sentence of the length that a short setting in a spec has, not more.";

const text = { type: "string" };
const condition = {
  type: "object",
  required: ["type", "status", "reason", "message", "lastTransitionTime"],
  properties: {
    type: text,
    status: text,
    reason: text,
    message: text,
    observedGeneration: { type: "integer", format: "int64" },
    lastTransitionTime: { type: "string", format: "date-time" },
  },
};
const schema = {
  type: "object",
  properties: {
    spec: { type: "object", required: ["text"], properties: { text } },
    status: {
      type: "object",
      properties: {
        configMapName: text,
        observedGeneration: { type: "integer", format: "int64" },
        conditions: {
          type: "array",
          items: condition,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["type"],
        },
      },
    },
  },
};

/** The API server makes a new kind's handlers again within some seconds, and then cuts what is under way. */
const YOUTH_MS = 8_000;

/** Installs the kind and the namespace, and waits until the kind is served and at rest. */
export async function installSamples(kube: KubeClient): Promise<void> {
  await kube.apply(
    crds,
    {
      apiVersion: apiVersionOf(crds),
      kind: crds.kind,
      metadata: { name: `${samples.plural}.${samples.group}` },
      spec: {
        group: samples.group,
        scope: "Namespaced",
        names: { plural: samples.plural, kind: samples.kind },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            subresources: { status: {} },
            schema: { openAPIV3Schema: schema },
          },
        ],
      },
    },
    { fieldOwner },
  );
  await kube.apply(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }, { fieldOwner });
  const end = Date.now() + 30_000;
  for (;;) {
    try {
      await kube.list(samples, { namespace });
      await delay(YOUTH_MS);
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await delay(100);
    }
  }
}

/** Names of one length. */
export function sampleName(at: number): string {
  return `sample-${String(at).padStart(5, "0")}`;
}

/** Makes `count` Samples beside those `before`, {@link WRITERS} at once. */
export async function makeSamples(kube: KubeClient, count: number, before = 0): Promise<void> {
  await inParallel(count, WRITERS, async (at) => {
    const metadata = { name: sampleName(before + at), namespace };
    await kube.create(samples, {
      apiVersion: apiVersionOf(samples),
      kind: samples.kind,
      metadata,
      spec: { text: TEXT },
    });
  });
}

/** So few are deleted in a moment even where the machine is busy. */
const PAGE = 200;

/** Deletes all Samples and their ConfigMaps; nobody collects garbage here. */
export async function removeSamples(transport: Transport): Promise<void> {
  await Promise.all(
    [samples, configMaps].map(async (resource) => {
      for (let left = 1; left > 0; ) {
        const request = { resource: resource.plural, subject: namespace, path: resourcePath(resource, namespace) };
        await transport.send({ ...request, method: "DELETE", verb: "deletecollection", query: { limit: PAGE } });
        const page = await transport.send({ ...request, method: "GET", verb: "list", query: { limit: 1 } });
        left = (page as { readonly items: readonly unknown[] }).items.length;
      }
    }),
  );
}
