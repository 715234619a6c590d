import { CONTENT, contentHash } from "#operator/api/content.ts";
import { MANAGED_BY } from "#operator/api/marks.ts";
import { CLOUD_LABEL, type CloudPart, partName } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import { controllerReference } from "#runtime/api/resource.ts";
import type { CloudDeployment } from "../deployment.ts";

/** Which release of OpenStack a pod is of; by it a Service leads to the pods of one. */
export const RELEASE_LABEL = "nephele.dev/release";
/** Which keys and logins a pod read when it started; on pods. */
export const READ_AT_START = "nephele.dev/keys";

/** `setup`: Jobs by which a Cloud comes to be. `backup`: those that copy databases out and in. `restore`: what puts keys back. `drill`: what speaks with nobody. `edge`: what lets people's clients in. */
export type Part = CloudPart | "edge" | "setup" | "backup" | "restore" | "drill";

/** Labels by which a part's pods are found; they never change. */
export function selectorOf({ cloud }: CloudDeployment, part: Part): Readonly<Record<string, string>> {
  return { "app.kubernetes.io/name": part, "app.kubernetes.io/instance": cloud.metadata.name };
}

export function labelsOf(deployment: CloudDeployment, part: Part): Readonly<Record<string, string>> {
  return { ...selectorOf(deployment, part), ...MANAGED_BY, [CLOUD_LABEL]: deployment.cloud.metadata.name };
}

/** As the API server takes a selector. */
export function selectorText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

interface ChildInput {
  readonly deployment: CloudDeployment;
  readonly part: Part;
  readonly apiVersion: string;
  readonly kind: string;
  /** Default `<cloud>-<part>`. */
  readonly name?: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** An object that is collected with its Cloud. */
export function child(input: ChildInput): Desired {
  const { deployment, part, apiVersion, kind, name, content } = input;
  const { cloud } = deployment;
  return {
    apiVersion,
    kind,
    metadata: {
      name: name ?? partName(cloud, part),
      namespace: cloud.metadata.namespace ?? "",
      labels: labelsOf(deployment, part),
      // A payload's hash stands nowhere.
      ...(kind === "Secret" ? {} : { annotations: { [CONTENT]: contentHash(content) } }),
      ownerReferences: [controllerReference(cloud)],
    },
    ...content,
  };
}

/** A core Secret's `data`, so that it can be compared with what is there. */
export function secretData(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
}
