import { createHash } from "node:crypto";
import type { Server } from "#operator/api/generated/server.ts";

/**
 * The machine's UUID, which firmware and cloud-init know it by (RFC 9562, version 5 over an own name). It comes from
 * installation, namespace and name, not from the object's UID, so a Server that is restored from a backup is the same
 * machine to its guest: another UUID would make cloud-init set it up anew, host keys and all.
 */
export function instanceId(installationId: string, server: Server): string {
  const digest = createHash("sha1").update(identityOf(installationId, server)).digest();
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x50;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const hex = digest.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}

/**
 * The hardware address of the network card: locally administered, and the same at each start, because guests match
 * their network configuration by it.
 */
export function macAddress(installationId: string, server: Server): string {
  const digest = createHash("sha256")
    .update(`mac ${identityOf(installationId, server)}`)
    .digest();
  return [0x02, ...digest.subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function identityOf(installationId: string, server: Server): string {
  return `nephele ${installationId} ${server.metadata.namespace ?? ""}/${server.metadata.name}`;
}
