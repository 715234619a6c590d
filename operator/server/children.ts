import { createHash } from "node:crypto";
import { coreSecrets, services } from "#operator/api/foreign.ts";
import type { Server, ServerFile } from "#operator/api/generated/server.ts";
import { MANAGED_BY_LABEL, SERVER_LABEL } from "#operator/api/marks.ts";
import type { Desired } from "#runtime/api/object.ts";
import { apiVersionOf } from "#runtime/api/resource.ts";
import { MANIFEST_KEY } from "./guest-script.ts";
import { childMetadata, filesSecretKey, userDataSecretKey } from "./names.ts";

/** Annotation of the core Secrets that says what they were made from. */
export const MADE_FROM_ANNOTATION = "nephele.dev/made-from";

/**
 * The Server's lasting name: a Service without an address of its own, whose name in DNS is the guest's address
 * wherever it runs, also while the guest is still booting.
 */
export function serviceFor(server: Server): Desired {
  return {
    apiVersion: apiVersionOf(services),
    kind: services.kind,
    metadata: childMetadata(server, server.metadata.name),
    spec: { clusterIP: "None", publishNotReadyAddresses: true, selector: { [SERVER_LABEL]: server.metadata.name } },
  };
}

export function hostnameOf(server: Server, clusterDomain: string): string {
  return `${server.metadata.name}.${server.metadata.namespace ?? ""}.svc.${clusterDomain}`;
}

/** A core Secret that only the launcher mounts. */
function secretFor(
  server: Server,
  name: string,
  madeFrom: string,
  data: Readonly<Record<string, Uint8Array>>,
): Desired {
  const metadata = childMetadata(server, name, { [MADE_FROM_ANNOTATION]: madeFrom });
  return {
    apiVersion: apiVersionOf(coreSecrets),
    kind: coreSecrets.kind,
    metadata: { ...metadata, labels: { ...metadata.labels, [MANAGED_BY_LABEL]: "server" } },
    type: "Opaque",
    data: Object.fromEntries(Object.entries(data).map(([key, bytes]) => [key, Buffer.from(bytes).toString("base64")])),
  };
}

/** User data for the launcher; KubeVirt reads the key `userdata`. */
export function userDataSecret(server: Server, madeFrom: string, bytes: Uint8Array): Desired {
  return secretFor(server, userDataSecretKey(server).name, madeFrom, { userdata: bytes });
}

/**
 * What user data is made from, without any of it: the version of the core Secret that it was read from, and our own
 * part, which holds public things only.
 */
export function userDataMark(sourceVersion: string, ours: unknown): string {
  return `${sourceVersion} ${createHash("sha256").update(JSON.stringify(ours)).digest("hex").slice(0, 16)}`;
}

/** A file and the version of its Secret. */
export interface FileVersion {
  readonly file: ServerFile;
  readonly version: number;
  /** Its id in Barbican: a Secret that is deleted and made anew counts its versions from 1 again. */
  readonly id: string;
}

/** Names, versions, ids, paths and modes of all files: what their disk is made from, and nothing of what they hold. */
export function filesMark(files: readonly FileVersion[]): string {
  return JSON.stringify(
    inOrder(files).map(({ file, version, id }) => [file.secretRef.name, version, id, file.mode, file.path]),
  );
}

/** The same in few characters, for a look at which disk an instance was started with. */
export function filesRevision(mark: string): string {
  return createHash("sha256").update(mark).digest("hex").slice(0, 16);
}

/** All files with a list that says where each belongs; the guest's script reads it. */
export function filesSecret(
  server: Server,
  files: readonly FileVersion[],
  payload: (secretName: string) => Uint8Array,
): Desired {
  const data: Record<string, Uint8Array> = {};
  const manifest = inOrder(files).map(({ file }, at) => {
    const key = `file-${at + 1}`;
    data[key] = payload(file.secretRef.name);
    return `${key} ${file.mode} ${file.path}\n`;
  });
  data[MANIFEST_KEY] = Buffer.from(manifest.join(""));
  return secretFor(server, filesSecretKey(server).name, filesMark(files), data);
}

function inOrder(files: readonly FileVersion[]): readonly FileVersion[] {
  return files.toSorted((one, other) => (one.file.path < other.file.path ? -1 : 1));
}
