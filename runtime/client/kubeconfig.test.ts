import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { afterAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { plainKubeconfig, serviceAccount } from "./kubeconfig.ts";

const folder = mkdtempSync(join(tmpdir(), "nephele-kubeconfig-"));
afterAll(() => rmSync(folder, { recursive: true }));
for (const name of ["ca.crt", "tls.crt", "tls.key", "token"]) writeFileSync(join(folder, name), `${name} of a file\n`);
const embedded = (text: string): string => Buffer.from(text).toString("base64");
const SERVER = "https://10.0.0.1:6443";

let written = 0;
function write(content: unknown): string {
  written += 1;
  const path = join(folder, `kubeconfig-${written}`);
  writeFileSync(path, typeof content === "string" ? content : stringify(content));
  return path;
}
const kubeconfig = (cluster: object, user: object): string =>
  write({
    "current-context": "here",
    contexts: [
      { name: "elsewhere", context: { cluster: "b", user: "b" } },
      { name: "here", context: { cluster: "a", user: "a" } },
    ],
    clusters: [
      { name: "b", cluster: { server: "https://elsewhere:6443" } },
      { name: "a", cluster: { server: SERVER, ...cluster } },
    ],
    users: [
      { name: "b", user: { token: "elsewhere" } },
      { name: "a", user },
    ],
  });

/** What client-node gives of the same file. */
async function byClientNode(
  path: string,
): Promise<{ readonly server: string; readonly tls: object; readonly headers: object }> {
  const config = new KubeConfig();
  config.loadFromFile(path);
  const applied: RequestOptions = {};
  await config.applyToHTTPSOptions(applied);
  const { ca, cert, key, servername, rejectUnauthorized, headers = {}, auth } = applied;
  const tls = { ca, cert, key, servername, rejectUnauthorized };
  return {
    server: config.getCurrentCluster()?.server ?? "",
    tls: Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)),
    headers: {
      ...Object.fromEntries(Object.entries(headers)),
      ...(typeof auth === "string" ? { Authorization: `Basic ${Buffer.from(auth).toString("base64")}` } : {}),
    },
  };
}

describe("a plain kubeconfig", () => {
  test.each([
    ["nothing but a server", {}, {}],
    [
      "certificates that are embedded",
      { "certificate-authority-data": embedded("ca") },
      { "client-certificate-data": embedded("cert"), "client-key-data": embedded("key") },
    ],
    [
      "certificates in files beside it",
      { "certificate-authority": "ca.crt" },
      { "client-certificate": "tls.crt", "client-key": join(folder, "tls.key") },
    ],
    ["a token", { "tls-server-name": "kubernetes" }, { token: "words" }],
    ["a name and a password", { "insecure-skip-tls-verify": true }, { username: "somebody", password: "words" }],
  ])("with %s is read as client-node reads it", async (_what, cluster, user) => {
    const path = kubeconfig(cluster, user);
    const source = await plainKubeconfig(path);
    expect({ server: source?.server, ...(await source?.read()) }).toEqual(await byClientNode(path));
  });

  test("reads a token's file anew each time", async () => {
    const source = await plainKubeconfig(kubeconfig({}, { tokenFile: "token" }));
    expect((await source?.read())?.headers).toEqual({ Authorization: "Bearer token of a file" });
    writeFileSync(join(folder, "token"), "another\n");
    expect((await source?.read())?.headers).toEqual({ Authorization: "Bearer another" });
  });

  test("takes what is embedded before a file, as kubectl does", async () => {
    const both = { "certificate-authority-data": embedded("embedded"), "certificate-authority": "ca.crt" };
    expect((await (await plainKubeconfig(kubeconfig(both, {})))?.read())?.tls).toEqual({ ca: Buffer.from("embedded") });
  });

  test.each([
    ["a program", {}, { exec: { command: "aws" } }],
    ["a provider", {}, { "auth-provider": { name: "oidc" } }],
    ["a proxy", { "proxy-url": "http://proxy:3128" }, {}],
    ["somebody to act as", {}, { token: "words", as: "somebody" }],
  ])("is not one with %s", async (_what, cluster, user) => {
    expect(await plainKubeconfig(kubeconfig(cluster, user))).toBeUndefined();
  });

  test.each([
    ["empty", "", /is no kubeconfig: it holds no object/],
    ["no YAML", "a: [secret", /^[^[]*is no kubeconfig: it is not YAML$/],
    ["without a context", { clusters: [{ name: "a", cluster: { server: SERVER } }] }, /names no current cluster/],
    ["without a list", { "current-context": "a", contexts: "a" }, /names no current cluster/],
    [
      "of a context whose cluster is missing",
      { "current-context": "a", contexts: [{ name: "a", context: { cluster: "b" } }] },
      /names no current cluster/,
    ],
  ])("that is %s is refused", async (_what, content, message) => {
    await expect(plainKubeconfig(write(content))).rejects.toThrow(message);
  });
});

describe("a pod's service account", () => {
  test.each([
    ["10.96.0.1", "https://10.96.0.1:443"],
    ["fd00::1", "https://[fd00::1]:443"],
  ])("reaches the API server at %s with the token of now", async (host, server) => {
    const source = serviceAccount(folder, { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: "443" });
    expect(source.server).toBe(server);
    writeFileSync(join(folder, "token"), "renewed\n");
    expect(await source.read()).toEqual({
      tls: { ca: Buffer.from("ca.crt of a file\n") },
      headers: { Authorization: "Bearer renewed" },
    });
  });

  test("is not there outside a pod", () => {
    expect(() => serviceAccount(folder, {})).toThrow(/KUBERNETES_SERVICE_HOST/);
  });
});
