import { join } from "node:path";
import type { ClusterContext } from "./context.ts";
import { type HttpsClient, httpsClient } from "./https.ts";
import type { KeyPairFiles, Pki } from "./pki.ts";
import { until } from "./wait.ts";

/** A running etcd and what a client of it needs. */
export interface Etcd {
  readonly endpoint: string;
  readonly dataDir: string;
  readonly authorityFile: string;
  readonly client: KeyPairFiles;
}

/** Starts etcd. It speaks to holders of a certificate of its own authority only. It does not wait for the disk. */
export async function startEtcd(context: ClusterContext, bin: string, pki: Pki): Promise<Etcd> {
  const authority = await pki.authority("etcd-ca", "etcd-ca");
  const loopback = { dnsNames: ["localhost"], addresses: ["127.0.0.1"] };
  const server = await pki.issued(authority, "etcd", { commonName: "etcd", ...loopback });
  const client = await pki.issued(authority, "etcd-client", { commonName: "kube-apiserver" });
  const dataDir = join(context.stateDir, "etcd");
  const endpoint = `https://127.0.0.1:${await context.ports.take("etcd")}`;
  const peer = `https://127.0.0.1:${await context.ports.take("etcd-peer")}`;

  context.processes.startProcess({
    name: "etcd",
    command: join(bin, "etcd"),
    args: [
      "--name=local",
      `--data-dir=${dataDir}`,
      `--listen-client-urls=${endpoint}`,
      `--advertise-client-urls=${endpoint}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=local=${peer}`,
      `--cert-file=${server.certificateFile}`,
      `--key-file=${server.keyFile}`,
      `--trusted-ca-file=${authority.certificateFile}`,
      "--client-cert-auth",
      `--peer-cert-file=${server.certificateFile}`,
      `--peer-key-file=${server.keyFile}`,
      `--peer-trusted-ca-file=${authority.certificateFile}`,
      "--peer-client-cert-auth",
      // The data is thrown away with the cluster; a lost write after a power cut does not matter.
      "--unsafe-no-fsync",
      "--quota-backend-bytes=8589934592",
      "--log-level=warn",
    ],
  });
  const etcd: Etcd = { endpoint, dataDir, authorityFile: authority.certificateFile, client };
  const https = etcdClient(etcd, authority.certificate);
  try {
    await until("etcd's health", 30_000, async () => ((await https.send("/health")).status === 200 ? true : undefined));
  } finally {
    await https.close();
  }
  return etcd;
}

/** A client of etcd's JSON gateway (/v3/…, etcd API reference). */
export function etcdClient(etcd: Pick<Etcd, "endpoint" | "client">, authority: string): HttpsClient {
  return httpsClient(etcd.endpoint, authority, etcd.client);
}

/**
 * Compacts everything up to now: watches that are behind get "too old", 410 at the API server
 * (etcd API: KV.Range for the revision, KV.Compact).
 */
export async function compactEtcd(client: HttpsClient): Promise<void> {
  const key = Buffer.from("/").toString("base64");
  const range = await client.json("/v3/kv/range", { method: "POST", body: { key, count_only: true } });
  const revision = revisionOf(range);
  await client.json("/v3/kv/compaction", { method: "POST", body: { revision, physical: true } });
}

/** The store's revision in an answer of etcd. The gateway writes 64-bit numbers as strings. */
function revisionOf(answer: unknown): string {
  if (typeof answer === "object" && answer !== null && "header" in answer) {
    const header = answer.header;
    if (typeof header === "object" && header !== null && "revision" in header) return String(header.revision);
  }
  throw new Error("etcd's answer has no header.revision");
}
