// Generated from crds/image.yaml by tools/generate-types.ts. Change the source and run: make generate
import type { Condition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";

/** An Image is a disk that Servers begin with. It becomes a DataVolume and a DataSource of CDI. */
export interface Image extends KubeObject<ImageSpec, ImageStatus> {
  readonly spec: ImageSpec;
}

/** The disk, and who may use it. */
export interface ImageSpec {
  readonly source: ImageSource;
  /**
   * Where Servers that are made from the Image may run, in whichever Project: on nodes that are within all of these, and on no others. A disk keeps those of the time when it was copied. A node is within a boundary by its label boundary.node-restriction.kubernetes.io/<name> with the value "true", which a node cannot give itself.
   *
   * Items: One boundary.
   */
  readonly boundaries?: readonly string[];
  /** Who may use it. Private: this Project. Shared: the Projects of sharedWith too. Public: all, where the Project may publish. */
  readonly visibility: "Private" | "Shared" | "Public";
  /**
   * Names of the Projects that may use it too.
   *
   * Items: Name of a Project.
   */
  readonly sharedWith?: readonly string[];
  /** Size of the volume that the image is written to, so the smallest root disk of a Server that uses it. */
  readonly minDisk?: string;
  readonly os: ImageOs;
  readonly hardware: ImageHardware;
  /** While true the Image cannot be deleted. */
  readonly protected: boolean;
}

/** Where the disk comes from; exactly one. */
export interface ImageSource {
  readonly http?: ImageSourceHttp;
  readonly registry?: ImageSourceRegistry;
  readonly volume?: ImageSourceVolume;
  /** Sent by a person through CDI's upload proxy (virtctl image-upload). */
  readonly upload?: Readonly<Record<string, never>>;
}

/** A file of any form that qemu-img reads, also compressed. */
export interface ImageSourceHttp {
  /** Where the file is. */
  readonly url: string;
  /** SHA-256 or SHA-512 of the file as it is served: sha256:<64 hexadecimal digits>, sha512:<128>. */
  readonly checksum: string;
}

/** A container image that holds a disk in /disk. */
export interface ImageSourceRegistry {
  /** Where it is: docker://registry.example.org/disks/debian@sha256:<64 hexadecimal digits>. */
  readonly url: string;
}

/** A PersistentVolumeClaim of this namespace. It is copied, not taken. */
export interface ImageSourceVolume {
  /** Name of the claim. */
  readonly name: string;
}

/** What is on the disk. */
export interface ImageOs {
  /** Name of the distribution, as os_distro of Glance: debian, ubuntu, fedora. */
  readonly distro?: string;
  /** Its version. */
  readonly version?: string;
  /** The processor it is built for. */
  readonly architecture: "amd64" | "arm64" | "s390x";
}

/** The devices that the system on the disk expects. */
export interface ImageHardware {
  /** What starts the system. */
  readonly firmware: "bios" | "uefi";
  /** Bus of the disks. */
  readonly diskBus: "virtio" | "scsi" | "sata";
  /** Model of the network cards. */
  readonly nicModel: "virtio" | "e1000" | "e1000e" | "rtl8139";
}
/** What is there. */
export interface ImageStatus {
  /** The generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** What is so and what is not. Ready says whether all is as the spec wants it. */
  readonly conditions?: readonly Condition[];
  /** State, in Glance's words. */
  readonly phase?: "queued" | "importing" | "active" | "killed";
  /** Percent of the import. */
  readonly progress?: number;
  /** Checksum that was compared at the import. */
  readonly checksum?: string;
  /** Size of the volume, as a quantity. */
  readonly size?: string;
  /** Size of the disk that a guest sees, as a quantity. */
  readonly virtualSize?: string;
  /** Name of the DataVolume and of the DataSource. */
  readonly volume?: string;
  /**
   * The boundaries that count, spec's and those of the volume that the Image was copied from.
   *
   * Items: One boundary.
   */
  readonly boundaries?: readonly string[];
  /** Number of Servers that use it. */
  readonly usedBy?: number;
  /**
   * Projects that can use it now.
   *
   * Items: Name of a Project.
   */
  readonly sharedWith?: readonly string[];
}
