import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { checkout } from "#e2e/cluster/location.ts";
import { ensurePythonEnvironment } from "#e2e/cluster/openstack/python-environment.ts";

/** A private key of age and the recipient that goes with it. */
export interface AgeKey {
  readonly identity: string;
  readonly recipient: string;
}

/** The library that encrypts backups, as the image has it; whoever holds a private key uses the program `age` as well. */
export interface Age {
  /** Python with that library. */
  readonly python: string;
  key(): Promise<AgeKey>;
  /** What a file holds. */
  open(file: string, key: AgeKey): Promise<Buffer>;
}

const MAKE = "import pyrage; key = pyrage.x25519.Identity.generate(); print(key, key.to_public())";
const OPEN =
  "import pyrage, sys; key = pyrage.x25519.Identity.from_str(sys.argv[2]); " +
  "sys.stdout.buffer.write(pyrage.decrypt(open(sys.argv[1], 'rb').read(), [key]))";

export async function openAge(): Promise<Age> {
  const environment = await ensurePythonEnvironment(join(checkout, "images", "postgresql", "requirements.txt"));
  const python = environment.bin("python");
  const run = promisify(execFile);
  return {
    python,
    key: async () => {
      const [identity = "", recipient = ""] = (await run(python, ["-c", MAKE])).stdout.trim().split(" ");
      return { identity, recipient };
    },
    open: async (file, { identity }) =>
      (await run(python, ["-c", OPEN, file, identity], { encoding: "buffer", maxBuffer: 256 * 1024 * 1024 })).stdout,
  };
}
