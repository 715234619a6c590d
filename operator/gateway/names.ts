import { CONTENT, contentHash } from "#operator/api/content.ts";
import { childName, GATEWAY_CHILD_SUFFIX, GATEWAY_LABEL, type Gateway } from "#operator/api/gateway-api.ts";
import { MANAGED_BY } from "#operator/api/marks.ts";
import type { Proxy as EnvoyProxy } from "#operator/envoy/bootstrap.ts";
import type { Desired } from "#runtime/api/object.ts";
import { controllerReference } from "#runtime/api/resource.ts";
import { infrastructureOf } from "./infrastructure.ts";

const CLASS_LABEL = "gateway.networking.k8s.io/gateway-class-name";

/** Of Services' names, and of labels' values. */
const LABEL_AT_MOST = 63;
const NAME_AT_MOST = LABEL_AT_MOST - GATEWAY_CHILD_SUFFIX.length;

/** Why nothing can be named after a Gateway; undefined where all can. */
export function nameProblem(gateway: string): string | undefined {
  if (gateway.length <= NAME_AT_MOST && !gateway.includes(".") && /^[a-z]/.test(gateway)) return undefined;
  return `a Service cannot be named after it: choose one that begins with a letter, has ${NAME_AT_MOST} characters at most, and no dot`;
}

/** As whom its Envoys come to the control plane. */
export function proxyOf({ metadata: { namespace = "", name } }: Gateway): EnvoyProxy {
  return { proxyClass: `gateway/${namespace}/${name}`, namespace, serviceAccount: childName(name) };
}

/** Labels by which a Gateway's pods are found; they never change. */
export function selectorOf({ metadata }: Gateway): Readonly<Record<string, string>> {
  return { [GATEWAY_LABEL]: metadata.name };
}

export function labelsOf(gateway: Gateway): Readonly<Record<string, string>> {
  const { gatewayClassName = "" } = gateway.spec ?? {};
  return {
    ...infrastructureOf(gateway).labels,
    ...MANAGED_BY,
    ...selectorOf(gateway),
    ...(gatewayClassName.length > LABEL_AT_MOST ? {} : { [CLASS_LABEL]: gatewayClassName }),
  };
}

/** An object that is collected with its Gateway. */
export function child(
  gateway: Gateway,
  apiVersion: string,
  kind: string,
  content: Readonly<Record<string, unknown>>,
): Desired {
  const labels = labelsOf(gateway);
  const infrastructure = infrastructureOf(gateway);
  const annotations = {
    ...infrastructure.annotations,
    ...(kind === "Service" ? infrastructure.serviceAnnotations : {}),
  };
  return {
    apiVersion,
    kind,
    metadata: {
      name: childName(gateway.metadata.name),
      namespace: gateway.metadata.namespace ?? "",
      labels,
      annotations: { ...annotations, [CONTENT]: contentHash({ labels, annotations, content }) },
      ownerReferences: [controllerReference(gateway)],
    },
    ...content,
  };
}
