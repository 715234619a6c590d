import { randomUUID } from "node:crypto";
import type { HttpsClient } from "#e2e/cluster/https.ts";

/** etcd takes 128 operations a transaction unless it is told otherwise. */
const AT_ONCE = 100;

/** Gives the copies' names. They must be as long as the original's. */
export type NameOf = (at: number) => string;

/** One object as it lies in etcd. */
export interface Original {
  /** `/registry/<group>/<plural>/<namespace>/<name>`, without the group for core kinds. */
  readonly key: string;
  readonly uid: string;
}

/**
 * Puts `count` copies of objects that belong together (an owner and what it owns) straight into etcd, each with a name and UIDs of its own.
 * The API server then serves them as if they had been made through it, which would take minutes for tens of thousands.
 */
export async function copyObjects(
  etcd: HttpsClient,
  originals: readonly Original[],
  name: string,
  count: number,
  nameOf: NameOf,
): Promise<void> {
  const values = await Promise.all(originals.map(({ key }) => storedValue(etcd, key)));
  let puts: { readonly requestPut: { readonly key: string; readonly value: string } }[] = [];
  const flush = async (): Promise<void> => {
    if (puts.length > 0) await etcd.json("/v3/kv/txn", { method: "POST", body: { success: puts } });
    puts = [];
  };
  for (let at = 0; at < count; at += 1) {
    const renames = [[name, nameOf(at)], ...originals.map(({ uid }) => [uid, randomUUID()])] as [string, string][];
    for (const [place, { key }] of originals.entries()) {
      const copy = renamed(values[place] ?? Buffer.alloc(0), renames);
      puts.push({ requestPut: { key: base64(renamed(Buffer.from(key), renames)), value: base64(copy) } });
    }
    if (puts.length > AT_ONCE - originals.length) await flush();
  }
  await flush();
}

/**
 * The bytes with one text in the place of another wherever it stands. Both must be equally long: protobuf, in which core
 * kinds are kept, writes lengths before texts.
 */
export function renamed(bytes: Buffer, renames: readonly (readonly [string, string])[]): Buffer {
  let text = bytes.toString("latin1");
  for (const [from, to] of renames) {
    if (from.length !== to.length) throw new Error(`${to} is not as long as ${from}`);
    text = text.replaceAll(from, to);
  }
  return Buffer.from(text, "latin1");
}

async function storedValue(etcd: HttpsClient, key: string): Promise<Buffer> {
  const answer = await etcd.json("/v3/kv/range", { method: "POST", body: { key: base64(Buffer.from(key)) } });
  const { kvs = [] } = answer as { readonly kvs?: readonly { readonly value: string }[] };
  const [found] = kvs;
  if (found === undefined) throw new Error(`etcd has nothing at ${key}`);
  return Buffer.from(found.value, "base64");
}

function base64(bytes: Buffer): string {
  return bytes.toString("base64");
}
