import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { credentialSource } from "./credentials.ts";

// What is loaded where it is needed first costs seconds on a busy machine, which are no test's own.
beforeAll(() => import("@kubernetes/client-node"), 60_000);
const folder = mkdtempSync(join(tmpdir(), "nephele-credentials-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => void vi.unstubAllEnvs());

const SERVER = "https://10.0.0.1:6443";
const cluster = { clusters: [{ name: "a", cluster: { server: SERVER } }] };
const context = { contexts: [{ name: "a", context: { cluster: "a", user: "a" } }], "current-context": "a" };
const user = (of: object) => ({ users: [{ name: "a", user: of }] });

function write(name: string, content: object): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify({ apiVersion: "v1", kind: "Config", ...content }));
  return path;
}

/** Where KUBECONFIG and HOME lead, as `server, Authorization`. */
async function found(kubeconfig: string, home: string | undefined, given?: string): Promise<readonly unknown[]> {
  vi.stubEnv("KUBECONFIG", kubeconfig);
  vi.stubEnv("HOME", home);
  const source = await credentialSource(given);
  return [source.server, (await source.read()).headers["Authorization"]];
}

const plain = write("plain", { ...cluster, ...context, ...user({ token: "of KUBECONFIG" }) });
const given = write("given", { ...cluster, ...context, ...user({ token: "given" }) });
mkdirSync(join(folder, ".kube"));
write(join(".kube", "config"), { ...cluster, ...context, ...user({ token: "of the home" }) });

test("a file that is given goes before KUBECONFIG, and that before the home folder's", async () => {
  expect(await found(plain, folder, given)).toEqual([SERVER, "Bearer given"]);
  expect(await found(plain, folder)).toEqual([SERVER, "Bearer of KUBECONFIG"]);
  expect(await found("", folder)).toEqual([SERVER, "Bearer of the home"]);
});

test("several files are merged", async () => {
  const [one, other] = [write("one", { ...cluster, ...context }), write("other", user({ token: "of the other" }))];
  expect(await found([one, other].join(delimiter), folder)).toEqual([SERVER, "Bearer of the other"]);
});

test("a program is asked for its token", async () => {
  const apiVersion = "client.authentication.k8s.io/v1";
  const credential = { apiVersion, kind: "ExecCredential", status: { token: "of a program" } };
  const args = ["--print", `'${JSON.stringify(credential)}'`];
  const exec = { apiVersion, command: process.execPath, args, interactiveMode: "Never" };
  expect(await found(write("program", { ...cluster, ...context, ...user({ exec }) }), folder)).toEqual([
    SERVER,
    "Bearer of a program",
  ]);
});

test.each([join(folder, "nowhere"), undefined])(
  "with no file at all, and HOME %s, it says what to do",
  async (home) => {
    await expect(found("", home)).rejects.toThrow(/no cluster is named: set KUBECONFIG/);
  },
);
