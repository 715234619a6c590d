import type { Engine } from "../engine.ts";
import { machineFiles } from "../machine-files.ts";
import { capture, run } from "../run.ts";

/** Whether there is a Docker daemon to build with. */
export async function dockerAnswers(): Promise<boolean> {
  try {
    await capture("docker", ["info", "--format", "{{.ServerVersion}}"]);
    return true;
  } catch {
    return false;
  }
}

/** Docker with BuildKit, from version 25 on, whose `save` writes OCI archives. The base is Debian's official image. */
export const docker: Engine = {
  async build(request) {
    const args = Object.entries(request.args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
    const secrets = machineFiles().flatMap(({ id, path }) => ["--secret", `id=${id},src=${path}`]);
    const name = ["--tag", request.reference, "--file", request.dockerfile];
    const target = request.target === undefined ? [] : ["--target", request.target];
    await run("docker", ["build", ...args, ...secrets, ...target, ...name, request.context]);
    await run("docker", ["save", "--output", request.archive, request.reference]);
  },
};
