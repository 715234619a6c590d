// Objects that the node's tests make.

/** What a pod of a test asks for; everything else is as the profile `restricted` wants it. */
export interface PodOptions {
  /** It serves on this port, and is Ready when it does. */
  readonly port?: number;
  /** Arguments of the probe instead of serving. */
  readonly command?: readonly string[];
  /** The claim that is seen as /data. */
  readonly claim?: string;
  readonly hostUsers?: boolean;
  readonly privileged?: boolean;
}

export function pod(name: string, image: string, options: PodOptions): unknown {
  const { port, command = ["serve", String(port)], claim, hostUsers = false, privileged = false } = options;
  const readiness = { readinessProbe: { httpGet: { path: "/", port }, periodSeconds: 1 } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: name } },
    spec: {
      hostUsers,
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "probe",
          image,
          imagePullPolicy: "Never",
          args: command,
          ...(port === undefined ? {} : readiness),
          securityContext: {
            allowPrivilegeEscalation: privileged,
            privileged,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          ...(claim === undefined ? {} : { volumeMounts: [{ name: "data", mountPath: "/data" }] }),
        },
      ],
      ...(claim === undefined ? {} : { volumes: [{ name: "data", persistentVolumeClaim: { claimName: claim } }] }),
    },
  };
}

export function service(name: string, ports: { readonly port: number; readonly targetPort: number }): unknown {
  return { metadata: { name }, spec: { selector: { app: name }, ports: [ports] } };
}

/** A claim of the default StorageClass where none is named. */
export function claim(name: string, storageClassName?: string): unknown {
  return {
    metadata: { name },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "16Mi" } },
      ...(storageClassName === undefined ? {} : { storageClassName }),
    },
  };
}
