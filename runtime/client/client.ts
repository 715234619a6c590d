import { type Desired, type KubeObject, keyOf, keyText, type ObjectKey } from "../api/object.ts";
import { type Resource, resourceName, resourcePath } from "../api/resource.ts";
import { isApiError } from "./errors.ts";
import type { DeleteOptions, KubeClient, ListOptions } from "./kube-client.ts";
import { stripNoise } from "./strip.ts";
import type { Transport } from "./transport.ts";

/** Parsing 20 MB at once blocks the process for half a second: lists come in pages of this many objects. */
const PAGE = 500;

interface ListBody {
  readonly items?: readonly KubeObject[];
  readonly metadata?: { readonly continue?: string };
}

/** Told of every object that a write of ours gave back, so that caches know it before the watch says it. */
export type WriteObserver = (resource: Resource, object: KubeObject) => void;

export function createClient(transport: Transport, onWrite: WriteObserver = () => {}): KubeClient {
  const write = async <T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    request: { readonly method: "POST" | "PATCH"; readonly body: unknown; readonly contentType?: string },
    more: {
      readonly subresource?: string;
      readonly query?: Readonly<Record<string, string | boolean | undefined>>;
    } = {},
  ): Promise<T> => {
    const create = request.method === "POST";
    const answer = await transport.send({
      ...request,
      verb: create ? "create" : "patch",
      resource: named(resource, more.subresource),
      subject: keyText(key),
      path: resourcePath(resource, key.namespace, create ? undefined : key.name, more.subresource),
      ...(more.query === undefined ? {} : { query: more.query }),
    });
    const object = stripNoise(answer as T);
    onWrite(resource, object);
    return object;
  };

  const apply = <T extends KubeObject>(
    resource: Resource<T>,
    object: Desired,
    options: { readonly fieldOwner: string; readonly force?: boolean },
    subresource?: string,
  ): Promise<T> =>
    write(
      resource,
      keyOf(object),
      { method: "PATCH", body: object, contentType: "application/apply-patch+yaml" },
      {
        ...(subresource === undefined ? {} : { subresource }),
        query: { fieldManager: options.fieldOwner, force: options.force === true ? true : undefined },
      },
    );

  return {
    async get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey) {
      const path = resourcePath(resource, key.namespace, key.name);
      const request = {
        method: "GET",
        verb: "get",
        resource: resourceName(resource),
        subject: keyText(key),
        path,
      } as const;
      return undefinedIfMissing(transport.send(request).then((answer) => stripNoise(answer as T)));
    },

    async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}) {
      const { namespace, labelSelector, fieldSelector } = options;
      const found: T[] = [];
      let next: string | undefined;
      do {
        const page = (await transport.send({
          method: "GET",
          verb: "list",
          resource: resourceName(resource),
          subject: namespace ?? "",
          path: resourcePath(resource, namespace),
          query: { limit: PAGE, labelSelector, fieldSelector, continue: next },
        })) as ListBody;
        for (const item of page.items ?? []) found.push(stripNoise(withType(resource, item as T)));
        next = page.metadata?.continue === "" ? undefined : page.metadata?.continue;
      } while (next !== undefined);
      return found;
    },

    create: (resource, object) => write(resource, keyOf(object), { method: "POST", body: object }),
    apply: (resource, object, options) => apply(resource, object, options),
    applyStatus: (resource, object, options) => apply(resource, object, options, "status"),

    async mergePatch<T extends KubeObject>(
      resource: Resource<T>,
      key: ObjectKey,
      patch: unknown,
      subresource?: string,
    ) {
      const body = { method: "PATCH", body: patch, contentType: "application/merge-patch+json" } as const;
      return undefinedIfMissing(write(resource, key, body, subresource === undefined ? {} : { subresource }));
    },

    async delete(resource: Resource, key: ObjectKey, options: DeleteOptions = {}) {
      const { uid, resourceVersion, propagation } = options;
      const answer = await undefinedIfMissing(
        transport.send({
          method: "DELETE",
          verb: "delete",
          resource: resourceName(resource),
          subject: keyText(key),
          path: resourcePath(resource, key.namespace, key.name),
          body: {
            apiVersion: "v1",
            kind: "DeleteOptions",
            propagationPolicy: propagation ?? "Background",
            ...(uid === undefined && resourceVersion === undefined ? {} : { preconditions: { uid, resourceVersion } }),
          },
        }),
      );
      // An object that finalizers hold comes back with its deletionTimestamp; one that is gone comes back as a Status.
      if (isObjectOf(resource, answer)) onWrite(resource, stripNoise(answer));
      return answer !== undefined;
    },

    async invoke(resource, key, subresource, body, options = {}) {
      const { group = resource.group, version = resource.version } = options;
      const path = resourcePath({ ...resource, group, version }, key.namespace, key.name, subresource);
      const resourceText = named({ ...resource, group }, subresource);
      const verb = "update";
      await transport.send({
        method: "PUT",
        verb,
        resource: resourceText,
        subject: keyText(key),
        path,
        // Aggregated API servers answer a verb with nothing, and KubeVirt's refuses (406) who asks for JSON alone.
        accept: "*/*",
        body: body ?? {},
      });
    },
  };
}

function named(resource: Resource, subresource: string | undefined): string {
  return subresource === undefined ? resourceName(resource) : `${resourceName(resource)}/${subresource}`;
}

async function undefinedIfMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isApiError(error, "NotFound")) return undefined;
    throw error;
  }
}

/** Items of a list carry neither apiVersion nor kind. */
function withType<T extends KubeObject>(resource: Resource<T>, item: T): T {
  const apiVersion = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
  return { ...item, apiVersion: item.apiVersion ?? apiVersion, kind: item.kind ?? resource.kind };
}

function isObjectOf(resource: Resource, answer: unknown): answer is KubeObject {
  return typeof answer === "object" && answer !== null && (answer as { kind?: unknown }).kind === resource.kind;
}
