import { type CoreSecret, coreSecrets } from "#operator/api/foreign.ts";
import type { KeystoneClient } from "#operator/clients/keystone/client.ts";
import { timeText } from "#runtime/api/time.ts";
import { secretData } from "../children/metadata.ts";
import type { KeyName } from "../names.ts";
import type { CloudScope } from "../scope.ts";

/** What became of one kind of key or login in a pass. */
export interface Rotated {
  readonly said: string;
  readonly pollAfterMs: number;
}

/** How long until a time, a second at least. */
export function untilMs(at: Date, { now }: CloudScope): number {
  return Math.max(1_000, at.getTime() - now.getTime());
}

/** Says in status when a kind of key or login rotates next, and gives that as text. */
export function noteNext(scope: CloudScope, name: KeyName, at: Date): string {
  const nextRotation = timeText(at);
  scope.keys = scope.keys?.map((key) => (key.name === name ? { ...key, nextRotation } : key));
  return nextRotation;
}

/** Keystone, as it serves. */
export function keystoneOf({ clients }: CloudScope): KeystoneClient {
  if (clients === undefined) throw new Error("clients come before logins rotate");
  return clients.keystone();
}

/** What of a core Secret is to be another: null takes it out. */
export type Change = Readonly<Record<string, string | null>>;

/** Changes keys and annotations of a core Secret, in the version that was read: it never meets another's change. */
export async function changeSecret(
  { kube }: CloudScope,
  { metadata: { name, namespace = "", resourceVersion } }: CoreSecret,
  change: Change,
  annotations: Change,
): Promise<void> {
  const given = Object.entries(change).filter((entry): entry is [string, string] => entry[1] !== null);
  const dropped = Object.keys(change).filter((key) => change[key] === null);
  await kube.mergePatch(
    coreSecrets,
    { namespace, name },
    {
      metadata: { resourceVersion, annotations },
      data: { ...secretData(Object.fromEntries(given)), ...Object.fromEntries(dropped.map((key) => [key, null])) },
    },
  );
}
