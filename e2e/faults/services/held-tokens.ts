import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Locks on SoftHSM2's files, for which its library waits without an end, as one of a network's HSM does that is silent. */
export interface HeldTokens {
  release(): Promise<void>;
}

/** SoftHSM2 takes a lock of fcntl's before it reads a file: who has it keeps it waiting. */
const HOLD = `
import fcntl, sys
held = [open(name, "r+") for name in sys.argv[1:]]
for file in held:
    fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
`;

export async function holdTokens(folder: string): Promise<HeldTokens> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((name) => statSync(name).isFile());
  const holder: ChildProcess = spawn("python3", ["-c", HOLD, ...files], { stdio: ["pipe", "pipe", "inherit"] });
  const [said] = (await Promise.race([once(holder.stdout as NodeJS.ReadableStream, "data"), once(holder, "exit")])) as [
    unknown,
  ];
  if (String(said).trim() !== "held") throw new Error(`the locks on ${folder} were not given`);
  return {
    release: async () => {
      const ended = once(holder, "exit");
      holder.stdin?.end();
      await ended;
    },
  };
}
