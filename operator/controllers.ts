import { createCloudAccess } from "#operator/clients/cloud-access.ts";
import { createCloudClientsCache } from "#operator/clients/cloud-clients.ts";
import { dialByIdentity } from "#operator/clients/own-identity.ts";
import type { SpireServer } from "#operator/clients/spire/spire-server.ts";
import { cloudController } from "#operator/cloud/controller.ts";
import type { Platform } from "#operator/cloud/deployment.ts";
import { flavorController } from "#operator/flavor/controller.ts";
import { gatewayControllers } from "#operator/gateway/controller.ts";
import type { GatewayPlatform } from "#operator/gateway/platform.ts";
import { imageController } from "#operator/image/controller.ts";
import { projectController } from "#operator/project/controller.ts";
import { Registrar } from "#operator/registration/registrar.ts";
import { remoteConsoleController } from "#operator/remoteconsole/controller.ts";
import { secretControllers } from "#operator/secret/controller.ts";
import { macKeyIn } from "#operator/secret/mac-key.ts";
import { openStackClouds } from "#operator/secret/openstack.ts";
import { serverController } from "#operator/server/controller.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import type { Controller } from "#runtime/controller/definition.ts";
import type { Logger } from "#runtime/observe/log.ts";
import { Admissions } from "./admissions.ts";
import { barbicanPayloads } from "./payloads.ts";

export interface ControllersDeps {
  readonly kube: KubeClient;
  readonly installationId: string;
  /** The release's namespace. */
  readonly namespace: string;
  readonly log: Logger;
  /** Where a Cloud's services are deployed to. */
  readonly platform: Omit<Platform, "installationId" | "namespace">;
  /** Where a Cloud's workloads are registered; undefined: nowhere. */
  readonly spire: SpireServer | undefined;
  /** How the proxies of Gateways are run; undefined: by somebody else. */
  readonly gateways: GatewayPlatform | undefined;
  /** By which people reach the console proxy; undefined: there is none. */
  readonly consoleOrigin: string | undefined;
}

/** Name of the operator's ServiceAccount; the admission policies know it by this name. */
const SERVICE_ACCOUNT = "nephele-operator";
/** Where CDI's own manifests put it. */
const CDI_NAMESPACE = "cdi";
const CLUSTER_DOMAIN = "cluster.local";

/** All controllers of Nephele: the one list. */
export function controllers({
  kube,
  installationId,
  namespace,
  log,
  platform,
  spire,
  gateways,
  consoleOrigin,
}: ControllersDeps): readonly Controller[] {
  const clock = (): Date => new Date();
  const clouds = createCloudAccess({
    ...{ kube, clock },
    clients: createCloudClientsCache(spire === undefined ? {} : { dial: dialByIdentity(() => spire.identity()) }),
    meshDomain: platform.sidecars?.trustDomain,
  });
  const secretDeps = {
    clouds: openStackClouds({ access: clouds, audit: log, clock }),
    installationId,
    macKey: macKeyIn(kube, namespace),
  };
  const registrar = spire && new Registrar(spire);
  const admissions = new Admissions();
  return [
    cloudController({ clouds, platform: { ...platform, installationId, namespace }, spire: registrar }),
    projectController({
      clouds,
      installationId,
      operator: { namespace, name: SERVICE_ACCOUNT },
      platform: { system: namespace, cdi: CDI_NAMESPACE },
    }),
    flavorController(),
    imageController(admissions),
    ...secretControllers(secretDeps),
    serverController(
      { installationId, clusterDomain: CLUSTER_DOMAIN, payloads: barbicanPayloads(clouds, log) },
      admissions,
    ),
    remoteConsoleController({ consoleOrigin }),
    ...(gateways === undefined || registrar === undefined ? [] : gatewayControllers({ platform: gateways, registrar })),
  ];
}
