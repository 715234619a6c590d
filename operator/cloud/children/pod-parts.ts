import type { SecurityContext, Volume } from "kubernetes-types/core/v1.d.ts";

/** What every container is: without a right to gain, with nothing of its image to write to. */
export const CONFINED: SecurityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/** Readable by the pod's group, which is its user's. */
export const FILE_MODE = 0o440;

export const emptyDir = (name: string): Volume => ({ name, emptyDir: { medium: "Memory", sizeLimit: "16Mi" } });
