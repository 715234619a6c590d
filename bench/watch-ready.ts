import { type Condition, isTrue } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import { type Resource, resourceName, resourcePath } from "#runtime/api/resource.ts";
import type { Transport } from "#runtime/client/transport.ts";

/** Watches a namespace until `count` objects are Ready; gives the moment (performance.now()) at which the last was. */
export async function watchReady(
  transport: Transport,
  resource: Resource,
  namespace: string,
  count: number,
  deadlineMs: number,
): Promise<number> {
  const ready = new Set<string>();
  const end = Date.now() + deadlineMs;
  while (Date.now() < end) {
    // The API server ends the watches of a kind that is young, when it has made its handlers anew.
    for await (const line of transport.lines({
      method: "GET",
      verb: "watch",
      resource: resourceName(resource),
      subject: namespace,
      path: resourcePath(resource, namespace),
      query: { watch: true, timeoutSeconds: Math.ceil(deadlineMs / 1000) },
      deadlineMs,
    })) {
      const { object } = line as { readonly object: KubeObject };
      const { conditions } = (object.status ?? {}) as { readonly conditions?: readonly Condition[] };
      if (isTrue(conditions, "Ready")) ready.add(object.metadata.name);
      if (ready.size === count) return performance.now();
    }
  }
  throw new Error(`${ready.size} of ${count} ${resourceName(resource)} were Ready after ${deadlineMs / 1000} s`);
}
