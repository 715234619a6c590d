import { alreadyApplied } from "#runtime/client/applied.ts";
import {
  type Controller,
  controllerReference,
  type Desired,
  defineController,
  keyOf,
  keyText,
  type ReconcileContext,
  settled,
  watch,
} from "#runtime/controller/index.ts";
import { type ConfigMap, configMaps, type Sample, samples } from "./samples.ts";

/** The controller under measurement; controller-runtime/main.go is its twin. `looked` is told of each pass. */
export function sampleController(workers: number, looked: (key: string) => void): Controller {
  return defineController<Sample, ReconcileContext<Sample>>({
    name: "sample",
    reconciles: samples,
    workers,
    watches: [watch(configMaps, ownersOf)],
    scope: (context) => context,
    steps: [
      async ({ object, cache, kube, fieldOwner }) => {
        const desired = configMapOf(object);
        if (!alreadyApplied(cache.get(configMaps, keyOf(object)), desired)) {
          await kube.apply(configMaps, desired, { fieldOwner: fieldOwner("config-map"), force: true });
        }
        looked(keyText(keyOf(object)));
        return settled();
      },
    ],
    status: ({ object }) => ({ fields: { configMapName: object.metadata.name } }),
  });
}

function ownersOf(child: ConfigMap): readonly { readonly namespace?: string; readonly name: string }[] {
  const { namespace, ownerReferences = [] } = child.metadata;
  return ownerReferences
    .filter(({ kind, controller }) => controller === true && kind === samples.kind)
    .map(({ name }) => ({ ...(namespace === undefined ? {} : { namespace }), name }));
}

function configMapOf(sample: Sample): Desired {
  return {
    apiVersion: "v1",
    kind: configMaps.kind,
    metadata: { ...keyOf(sample), ownerReferences: [controllerReference(sample)] },
    data: { text: sample.spec?.text ?? "" },
  };
}
