import type { VirtualMachine } from "#operator/api/foreign.ts";
import type { Desired } from "#runtime/api/object.ts";

/** The same machine as a person would apply it without Nephele: of another name, with a root disk of its own, nobody's. */
export function bareMachine({ apiVersion, kind, metadata, spec }: VirtualMachine, name: string): Desired {
  const former = metadata.name;
  const renamed = JSON.parse(JSON.stringify(spec).replaceAll(`"${former}`, `"${name}`)) as NonNullable<
    VirtualMachine["spec"]
  >;
  const template = renamed.template as { spec?: { domain?: { firmware?: object } } } | undefined;
  // KubeVirt gives each machine an identity of its own where none is asked for.
  if (template?.spec?.domain !== undefined) delete template.spec.domain.firmware;
  return { apiVersion, kind, metadata: { name, namespace: metadata.namespace ?? "" }, spec: renamed };
}
