import { existsSync } from "node:fs";

/** A file of this machine that a build needs to reach its registries. It is mounted, and never part of an image. */
export interface MachineFile {
  /** The name by which a Dockerfile mounts it: `RUN --mount=type=secret,id=…`. */
  readonly id: string;
  readonly path: string;
}

const candidates: readonly MachineFile[] = [
  { id: "pip.conf", path: "/etc/pip.conf" },
  { id: "apt.conf", path: "/etc/apt/apt.conf" },
  { id: "ca.crt", path: "/etc/ssl/certs/ca-certificates.crt" },
];

/** Those that this machine has. */
export function machineFiles(): readonly MachineFile[] {
  return candidates.filter(({ path }) => existsSync(path));
}
