import { controllerReference } from "#runtime/api/resource.ts";
import { type Controller, defineController, type ReconcileContext, watch } from "#runtime/controller/definition.ts";
import { dependsOn } from "#runtime/controller/dependency.ts";
import { settled } from "#runtime/controller/outcome.ts";
import { configMaps, type Part, parts, type Widget, widgets } from "./widgets.ts";

const widgetPart = dependsOn<Widget, Part>({
  name: "part",
  from: widgets,
  on: parts,
  keys: ({ spec, metadata }) =>
    spec?.part === undefined ? [] : [{ name: spec.part, namespace: metadata.namespace ?? "" }],
  awaits: ({ spec, metadata }) => (spec?.usable === true ? undefined : `Part ${metadata.name} to be usable`),
  guard: true,
});

/**
 * A Widget becomes a ConfigMap with its size, once its Part is usable.
 * @param prefix of the names that this controller cares for; the tests of a file share their kinds
 * @param passes takes the name of each object that is looked at
 * @param cleaned takes the name of each object that is cleaned up after
 */
export function widgetController(prefix: string, passes: string[] = [], cleaned: string[] = []): Controller {
  return defineController<Widget, ReconcileContext<Widget>>({
    name: "widget",
    reconciles: widgets,
    watches: [
      watch(configMaps, ({ metadata }) =>
        metadata.ownerReferences?.[0]?.kind === "Widget"
          ? [{ name: metadata.name, namespace: metadata.namespace ?? "" }]
          : [],
      ),
    ],
    dependencies: [widgetPart as never],
    scope: (context) => context,
    steps: [
      async (context) => {
        const { name, namespace: within = "" } = context.object.metadata;
        if (!name.startsWith(prefix)) return settled();
        passes.push(name);
        const part = await context.require(widgetPart);
        if (!part.ready) return part.outcome;
        const size = String(context.object.spec?.size ?? 0);
        if (context.cache.get(configMaps, { name, namespace: within })?.data?.["size"] === size) return settled();
        const metadata = { name, namespace: within, ownerReferences: [controllerReference(context.object)] };
        const wanted = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { size } };
        await context.kube.apply(configMaps, wanted, { fieldOwner: context.fieldOwner("children") });
        context.event("Normal", "Made", `made ConfigMap ${name}`);
        return settled();
      },
    ],
    cleanup: [
      async ({ object }) => {
        cleaned.push(object.metadata.name);
        return settled();
      },
    ],
    status: ({ object }) => ({ fields: { seenSize: object.spec?.size ?? 0 } }),
  });
}
