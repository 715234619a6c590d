import type { Cloud, CloudSpec } from "#operator/api/generated/cloud.ts";
import type { Desired, KubeObject } from "#runtime/api/object.ts";
import { type CloudDeployment, deploymentOf, type Platform } from "./deployment.ts";

/** A Cloud that is deployed, as the API server gives it. */
export function aCloud(spec: Partial<CloudSpec> = {}): Cloud {
  return {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Cloud",
    metadata: {
      name: "default",
      namespace: "nephele-system",
      uid: "c10d",
      resourceVersion: "1",
      generation: 1,
      creationTimestamp: "2026-11-25T10:00:00Z",
    },
    spec: {
      region: "RegionOne",
      release: "2026.2",
      identity: {},
      keyManager: {},
      protected: false,
      onDelete: "Retain",
      ...spec,
    },
  };
}

const CLUSTER = {
  imageRegistry: "docker.io/nephele",
  userNamespaces: true,
  gateways: true,
  installationId: "local",
  namespace: "nephele-system",
} as const;

/** The Cloud's deployment; with a trust domain its pods have identities. */
export function aDeployment(spec: Partial<CloudSpec> = {}, trustDomain?: string): CloudDeployment {
  return deploymentOn({ ...CLUSTER, trustDomain, sidecars: undefined }, spec);
}

/** And one whose pods have sidecars. */
export function aDeploymentInTheMesh(spec: Partial<CloudSpec> = {}): CloudDeployment {
  const trustDomain = "cloud.test";
  const xds = { host: "nephele-xds.nephele-system.svc", port: 18_000, namespace: "nephele-system" };
  const sidecars = { trustDomain, xds, agentFolder: "/run/nephele/spire-agent" };
  return deploymentOn({ ...CLUSTER, trustDomain, sidecars }, spec);
}

function deploymentOn(platform: Platform, spec: Partial<CloudSpec>): CloudDeployment {
  const deployment = deploymentOf(aCloud(spec), platform);
  if (deployment === undefined) throw new Error("this Cloud is not deployed");
  return deployment;
}

/** As the API server fills them in. */
export const anEdgesLimits = { loginsPerAddress: 60, requestsPerUser: 6_000, requestsPerProject: 12_000 } as const;

/** As the API server gives back what was made, so that the control plane can look at it. */
export function dated(made: readonly Desired[]): readonly KubeObject[] {
  return made.map(({ metadata, ...rest }) => ({
    ...rest,
    metadata: { ...metadata, uid: metadata.name, creationTimestamp: "2026-11-26T10:00:00Z" },
  })) as unknown as readonly KubeObject[];
}
