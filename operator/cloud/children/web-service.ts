import type { DeploymentSpec } from "kubernetes-types/apps/v1.d.ts";
import type { EnvVar, Volume, VolumeMount } from "kubernetes-types/core/v1.d.ts";
import { contentHash } from "#operator/api/content.ts";
import { partName } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import type { CloudDeployment } from "../deployment.ts";
import { drainCommand, GRACE_SECONDS } from "./drain.ts";
import { isInMesh } from "./mesh.ts";
import { child, labelsOf, READ_AT_START, RELEASE_LABEL, selectorOf } from "./metadata.ts";
import { confinedPod, image, spread } from "./pod.ts";
import { emptyDir } from "./pod-parts.ts";
import { READY_PATH, RUN_FOLDER, type Service } from "./service-config.ts";
import { socketMount } from "./sidecar.ts";

export interface WebServiceInput {
  readonly deployment: CloudDeployment;
  readonly part: Service;
  readonly replicas: number;
  readonly port: number;
  /** The ConfigMap with its files: another content is another rollout. */
  readonly configuration: Desired;
  /** Which keys and logins, by name or number, are in what pods read at their start: others are another rollout. */
  readonly keys: string;
  readonly volumes: readonly Volume[];
  readonly mounts: readonly VolumeMount[];
  readonly env?: readonly EnvVar[];
}

/** The Deployment of a release's pods. */
export function webServiceName({ cloud, release }: CloudDeployment, part: Service): string {
  return partName(cloud, `${part}-${release.replace(".", "-")}`);
}

/** The user of both images. */
export const SERVICE_UID = 42424;

/**
 * A service of one release under uWSGI: a new pod is there before an old one goes, and an old one is drained before it
 * stops. Another release is another Deployment, so that both can be there at once (steps/switch.ts).
 */
export function webService(input: WebServiceInput): Desired {
  const { deployment, part, replicas, port, configuration, keys, volumes, mounts, env = [] } = input;
  const ofRelease = { [RELEASE_LABEL]: deployment.release };
  const selector = { ...selectorOf(deployment, part), ...ofRelease };
  const spec: DeploymentSpec = {
    replicas,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    selector: { matchLabels: { ...selector } },
    template: {
      metadata: {
        labels: { ...labelsOf(deployment, part), ...ofRelease },
        annotations: {
          "nephele.dev/configuration": contentHash(configuration["data"]),
          [READ_AT_START]: keys,
        },
      },
      spec: confinedPod({
        deployment,
        part,
        uid: SERVICE_UID,
        containers: [
          {
            name: part,
            image: image(deployment, part, deployment.release),
            args: ["--ini", `/etc/${part}/uwsgi.ini`],
            ...(env.length > 0 ? { env: [...env] } : {}),
            ports: [{ name: part, containerPort: port }],
            // Loading the application takes 3 to 9 s.
            startupProbe: {
              httpGet: { path: READY_PATH, port },
              periodSeconds: 1,
              timeoutSeconds: 4,
              failureThreshold: 120,
            },
            // It waits with everybody else for a worker: a queue is no reason to send nobody here any more, for those who wait
            // behind other pods would be sent nowhere. A database that is away is said at once.
            readinessProbe: {
              httpGet: { path: READY_PATH, port },
              periodSeconds: 3,
              timeoutSeconds: 15,
              failureThreshold: 3,
            },
            // The process alone: a database that is away is not mended by a restart.
            livenessProbe: { tcpSocket: { port }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
            lifecycle: { preStop: { exec: { command: drainCommand(deployment, part, port) } } },
            resources: { requests: { cpu: "100m", memory: "320Mi" }, limits: { memory: "1Gi" } },
            volumeMounts: [
              ...mounts,
              { name: "run", mountPath: RUN_FOLDER },
              { name: "tmp", mountPath: "/tmp" },
              ...(isInMesh(deployment, part) ? [socketMount] : []),
            ],
          },
        ],
        volumes: [...volumes, emptyDir("run"), emptyDir("tmp")],
        rest: { terminationGracePeriodSeconds: GRACE_SECONDS, topologySpreadConstraints: spread(selector) ?? [] },
      }),
    },
  };
  const name = webServiceName(deployment, part);
  return child({ deployment, part, apiVersion: "apps/v1", kind: "Deployment", name, content: { spec } });
}
