import type { NodeHandle } from "./handle.ts";

/** The folder on the node's disk that is the volume of a claim; the host has it under the same path. */
export async function folderOfClaim({ run }: NodeHandle, namespace: string, claim: string): Promise<string> {
  const jsonPath = (path: string) => ["-o", `jsonpath={${path}}`];
  const bound = ["get", `persistentvolumeclaim/${claim}`, "-n", namespace, ...jsonPath(".spec.volumeName")];
  const volume = (await run(...bound)).trim();
  return (await run("get", `persistentvolume/${volume}`, ...jsonPath(".spec.local.path"))).trim();
}
