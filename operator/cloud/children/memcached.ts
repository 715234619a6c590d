import type { DeploymentSpec } from "kubernetes-types/apps/v1.d.ts";
import type { Desired } from "#runtime/api/object.ts";
import { type CloudDeployment, MEMCACHED_PORT } from "../deployment.ts";
import { versions } from "../releases.ts";
import { child, labelsOf, selectorOf } from "./metadata.ts";
import { confinedPod, image } from "./pod.ts";

/** The user `memcached` of the image. */
const UID = 11211;
const MEMORY_MB = 64;

/** One pod: what it holds is computed again when it is lost. */
export function memcached(deployment: CloudDeployment): Desired {
  const spec: DeploymentSpec = {
    replicas: 1,
    selector: { matchLabels: { ...selectorOf(deployment, "memcached") } },
    template: {
      metadata: { labels: { ...labelsOf(deployment, "memcached") } },
      spec: confinedPod({
        deployment,
        part: "memcached",
        uid: UID,
        containers: [
          {
            name: "memcached",
            image: image(deployment, "memcached", versions.memcached),
            args: [`--memory-limit=${MEMORY_MB}`, "--conn-limit=512", `--port=${MEMCACHED_PORT}`],
            ports: [{ name: "memcached", containerPort: MEMCACHED_PORT }],
            readinessProbe: { tcpSocket: { port: MEMCACHED_PORT }, periodSeconds: 2 },
            resources: { requests: { cpu: "10m", memory: "80Mi" }, limits: { memory: "128Mi" } },
          },
        ],
        volumes: [],
      }),
    },
  };
  return child({ deployment, part: "memcached", apiVersion: "apps/v1", kind: "Deployment", content: { spec } });
}
