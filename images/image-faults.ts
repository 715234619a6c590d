import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { MachineFile } from "./machine-files.ts";
import type { OpenedArchive, RunConfig } from "./oci-archive.ts";

/** Files that say where a machine gets packages, or who may: they belong to the machine that builds. */
const settings =
  /(^|\/)(pip\.conf|pydistutils\.cfg|\.npmrc|\.netrc|\.pypirc|\.git-credentials)$|^etc\/apt\/(sources\.list|apt\.conf|auth\.conf)|^root\/\.(docker|ssh|aws)\//;

/** A key as programs write it; a program that only names the format has no key after the first line. */
const privateKey = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\r?\n(?:[A-Za-z-]+: .*\r?\n|\r?\n)*[A-Za-z0-9+/=]{40,}/;

const secretName = /password|passwd|secret|token|credential|private_?key|api_?key/i;
const address = /[a-z][a-z0-9+.-]*:\/\//i;

/**
 * What forbids that an image is used: it runs as root, starts nothing, or carries something of the machine that built it
 * (settings of registries, certificates, addresses) or a secret. Empty for a good one.
 */
export async function faultsOf(image: OpenedArchive, machine: readonly MachineFile[]): Promise<readonly string[]> {
  const faults = [...configFaults(image.config)];
  const mounted = new Map(machine.map(({ path }) => [digest(readFileSync(path)), path]));
  for await (const { path, content } of image.files()) {
    if (settings.test(path)) faults.push(`/${path} is a setting of the machine that built it`);
    const same = content.length > 0 ? mounted.get(digest(content)) : undefined;
    if (same !== undefined) faults.push(`/${path} is ${same} of the machine that built it`);
    if (!isProgram(content) && privateKey.test(content.toString("latin1"))) faults.push(`/${path} holds a private key`);
  }
  return faults;
}

function* configFaults(config: RunConfig): Generator<string> {
  const user = (config.User ?? "").split(":")[0] ?? "";
  // By number, so that a kubelet can tell that it is not root (runAsNonRoot).
  if (!/^[1-9][0-9]*$/.test(user)) yield `it runs as ${user === "" ? "root" : user}: USER must be a number above 0`;
  if ((config.Entrypoint ?? []).length === 0) yield "it has no ENTRYPOINT";
  for (const variable of config.Env ?? []) {
    const [name = "", value = ""] = variable.split(/=(.*)/s);
    if (secretName.test(name)) yield `its environment has ${name}: secrets are mounted as files`;
    if (address.test(value)) yield `its environment has an address in ${name}`;
  }
}

/** Libraries carry keys for their self-tests (GnuTLS does), which everybody knows: an ELF file is not searched. */
function isProgram(content: Buffer): boolean {
  return content.subarray(0, 4).equals(Buffer.from("\x7fELF", "latin1"));
}

function digest(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
