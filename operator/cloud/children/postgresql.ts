import type { StatefulSetSpec } from "kubernetes-types/apps/v1.d.ts";
import { contentHash } from "#operator/api/content.ts";
import { MANAGED_BY } from "#operator/api/marks.ts";
import { partName } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import { type CloudDeployment, POSTGRESQL_PORT } from "../deployment.ts";
import { versions } from "../releases.ts";
import { POSTGRESQL_ACCOUNT } from "./accounts.ts";
import { isInMesh } from "./mesh.ts";
import { child, labelsOf, selectorOf } from "./metadata.ts";
import { confinedPod, image, spread } from "./pod.ts";
import { emptyDir, FILE_MODE } from "./pod-parts.ts";
import {
  CONFIGURATION_FOLDER,
  DATA_FOLDER,
  FILES,
  PATRONI_PORT,
  patroniConfiguration,
  SCOPE_LABEL,
  SOCKET_FOLDER,
} from "./postgresql-config.ts";
import { connectAddresses, PROBE_PATHS, PROBE_PORT } from "./postgresql-members.ts";
import { socketMount } from "./sidecar.ts";

/** The user `postgres` of the image. */
const UID = 999;
const DATA = "data";

/** The claim of an instance's volume. Claims have no owner: they outlive the StatefulSet and the Cloud. */
export function claimName(deployment: Pick<CloudDeployment, "cloud">, instance: number): string {
  return `${DATA}-${partName(deployment.cloud, "postgresql")}-${instance}`;
}

/** PostgreSQL's instances, each under Patroni. */
export function postgresql(deployment: CloudDeployment, instances: number, storage: string): Desired {
  const selector = selectorOf(deployment, "postgresql");
  const configuration = patroniConfiguration(deployment);
  const inMesh = isInMesh(deployment, "postgresql");
  const probed = inMesh ? PROBE_PORT : PATRONI_PORT;
  const name = partName(deployment.cloud, "postgresql");
  const spec: StatefulSetSpec = {
    serviceName: `${name}-pods`,
    replicas: instances,
    podManagementPolicy: "Parallel",
    selector: { matchLabels: { ...selector } },
    template: {
      metadata: {
        labels: { ...labelsOf(deployment, "postgresql"), [SCOPE_LABEL]: name },
        annotations: { "nephele.dev/configuration": contentHash(configuration["data"]) },
      },
      spec: confinedPod({
        deployment,
        part: "postgresql",
        uid: UID,
        containers: [
          {
            name: "postgresql",
            image: image(deployment, "postgresql", versions.postgresql),
            args: [CONFIGURATION_FOLDER],
            env: [
              { name: "PATRONI_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
              { name: "PATRONI_KUBERNETES_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
              { name: "PATRONI_KUBERNETES_POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
              ...connectAddresses(deployment),
            ],
            ports: [{ name: "postgresql", containerPort: POSTGRESQL_PORT }],
            readinessProbe: {
              httpGet: { path: PROBE_PATHS.readiness, port: probed },
              periodSeconds: 2,
              timeoutSeconds: 2,
              failureThreshold: 2,
            },
            livenessProbe: {
              httpGet: { path: PROBE_PATHS.liveness, port: probed },
              initialDelaySeconds: 20,
              periodSeconds: 10,
              timeoutSeconds: 5,
              failureThreshold: 6,
            },
            resources: { requests: { cpu: "100m", memory: "192Mi" }, limits: { memory: "1Gi" } },
            volumeMounts: [
              { name: DATA, mountPath: DATA_FOLDER },
              { name: "configuration", mountPath: CONFIGURATION_FOLDER, readOnly: true },
              { name: "sockets", mountPath: SOCKET_FOLDER },
              { name: "tmp", mountPath: "/tmp" },
              { name: "shared-memory", mountPath: "/dev/shm" },
              ...(inMesh ? [socketMount] : []),
            ],
          },
        ],
        volumes: [
          {
            name: "configuration",
            projected: {
              defaultMode: FILE_MODE,
              sources: [
                { configMap: { name, items: [{ key: FILES.base, path: FILES.base }] } },
                { secret: { name, items: [{ key: FILES.passwords, path: FILES.passwords }] } },
              ],
            },
          },
          emptyDir("sockets"),
          emptyDir("tmp"),
          { name: "shared-memory", emptyDir: { medium: "Memory", sizeLimit: "128Mi" } },
        ],
        rest: {
          serviceAccountName: POSTGRESQL_ACCOUNT,
          automountServiceAccountToken: true,
          terminationGracePeriodSeconds: 30,
          topologySpreadConstraints: spread(selector) ?? [],
        },
      }),
    },
    volumeClaimTemplates: [
      {
        metadata: { name: DATA, labels: { ...selector, ...MANAGED_BY } },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
      },
    ],
  };
  return child({ deployment, part: "postgresql", apiVersion: "apps/v1", kind: "StatefulSet", content: { spec } });
}
