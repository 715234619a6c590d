import type { DeploymentSpec } from "kubernetes-types/apps/v1.d.ts";
import type { Desired } from "#runtime/api/object.ts";
import { type CloudDeployment, MEMCACHED_PORT } from "../deployment.ts";
import { versions } from "../releases.ts";
import { isInMesh, SOCKET, SOCKET_MODE } from "./mesh.ts";
import { child, labelsOf, selectorOf } from "./metadata.ts";
import { confinedPod, image, type PlainContainer } from "./pod.ts";
import { socketMount } from "./sidecar.ts";

/** The user `memcached` of the image. */
const UID = 11211;
const ARGUMENTS = ["--memory-limit=64", "--conn-limit=512"];

const byPort: Partial<PlainContainer> = {
  args: [...ARGUMENTS, `--port=${MEMCACHED_PORT}`],
  ports: [{ name: "memcached", containerPort: MEMCACHED_PORT }],
  readinessProbe: { tcpSocket: { port: MEMCACHED_PORT }, periodSeconds: 2 },
};

/** A kubelet cannot ask a socket, nor can it run a program where there is none: whether the sidecar is well is what is known. */
const bySocket: Partial<PlainContainer> = {
  args: [...ARGUMENTS, `--unix-socket=${SOCKET}`, `--unix-mask=${SOCKET_MODE}`],
  volumeMounts: [socketMount],
};

/** One pod: what it holds is computed again when it is lost. With a sidecar only that one reaches it. */
export function memcached(deployment: CloudDeployment): Desired {
  const inMesh = isInMesh(deployment, "memcached");
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
            ...(inMesh ? bySocket : byPort),
            resources: { requests: { cpu: "10m", memory: "80Mi" }, limits: { memory: "128Mi" } },
          },
        ],
        volumes: [],
      }),
    },
  };
  return child({ deployment, part: "memcached", apiVersion: "apps/v1", kind: "Deployment", content: { spec } });
}
