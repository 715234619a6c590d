/** Objects for tests: the least that a rule needs, changed by what the test is about. */
import type { DataVolume, VirtualMachine, VirtualMachineInstance } from "#operator/api/foreign.ts";
import type { Flavor } from "#operator/api/generated/flavor.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { Server, ServerStatus } from "#operator/api/generated/server.ts";
import { affinityOf } from "./placement.ts";

export const CREATED = "2026-11-23T10:00:00Z";

function meta(name: string, namespace?: string) {
  const uid = `uid-${name}`;
  return {
    name,
    uid,
    resourceVersion: "1",
    generation: 1,
    creationTimestamp: CREATED,
    ...(namespace === undefined ? {} : { namespace }),
  };
}

export function aServer(
  spec: Partial<Server["spec"]> = {},
  status?: ServerStatus,
  metadata: Partial<Server["metadata"]> = {},
): Server {
  return {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Server",
    metadata: { ...meta(metadata.name ?? "web-1", "team-a"), ...metadata },
    spec: {
      flavorRef: { name: "small" },
      resize: { confirm: "Automatic" },
      imageRef: { name: "debian-13" },
      rebuildPolicy: "Refuse",
      rootDisk: { onServerDelete: "Delete" },
      power: "Running",
      ...spec,
    },
    ...(status === undefined ? {} : { status }),
  };
}

export function aFlavor(name = "small", spec: Partial<Flavor["spec"]> = {}): Flavor {
  return {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Flavor",
    metadata: meta(name),
    spec: { cpus: 1, memory: "512Mi", disk: "2Gi", dedicatedCPUs: false, ...spec },
    status: { instancetype: `nephele-${name}` },
  };
}

export function anImage(spec: Partial<Image["spec"]> = {}, status: Image["status"] = {}): Image {
  return {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Image",
    metadata: meta("debian-13", "team-a"),
    spec: {
      source: { upload: {} },
      visibility: "Private",
      minDisk: "2Gi",
      os: { architecture: "amd64" },
      hardware: { firmware: "bios", diskBus: "virtio", nicModel: "virtio" },
      protected: false,
      ...spec,
    },
    status: { phase: "active", volume: "debian-13", ...status },
  };
}

export function aMachine(
  runStrategy: "Always" | "Halted",
  status: VirtualMachine["status"] = {},
  metadata: Partial<VirtualMachine["metadata"]> = {},
): VirtualMachine {
  const spec = { runStrategy, template: { spec: { domain: { devices: {} } } } } as NonNullable<VirtualMachine["spec"]>;
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { ...meta("web-1", "team-a"), ...metadata },
    spec,
    status: status ?? {},
  };
}

export function anInstance(
  phase: string,
  status: VirtualMachineInstance["status"] = {},
  metadata: Partial<VirtualMachineInstance["metadata"]> = {},
): VirtualMachineInstance {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { ...meta("web-1", "team-a"), ...metadata },
    status: { phase, ...status },
  };
}

export function aVolume(phase: string, status: DataVolume["status"] = {}): DataVolume {
  return {
    apiVersion: "cdi.kubevirt.io/v1beta1",
    kind: "DataVolume",
    metadata: meta("web-1-root-1", "team-a"),
    status: { phase, ...status },
  };
}

/** A machine that is kept within these boundaries. */
export function keptWithin(...boundaries: readonly string[]): VirtualMachine {
  const machine = aMachine("Always");
  const affinity = affinityOf(aServer(), aFlavor(), boundaries);
  const spec = { ...machine.spec, template: { metadata: { creationTimestamp: CREATED }, spec: { affinity } } };
  return { ...machine, spec } as unknown as VirtualMachine;
}
