import type { KubeObject } from "#runtime/api/object.ts";
import { defineResource } from "#runtime/api/resource.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";

interface Event extends KubeObject {
  readonly regarding: { readonly kind: string; readonly name: string };
  readonly reason: string;
  readonly note: string;
}

const events = defineResource<Event>({
  group: "events.k8s.io",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
});

/** The events about an object; those about cluster-scoped ones are in the namespace `default`. */
export async function eventsAbout(
  kube: KubeClient,
  kind: string,
  key: { readonly namespace?: string; readonly name: string },
): Promise<readonly Pick<Event, "reason" | "note">[]> {
  const all = await kube.list(events, { namespace: key.namespace ?? "default" });
  return all.filter(({ regarding }) => regarding.kind === kind && regarding.name === key.name);
}
