import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openPki } from "#e2e/cluster/pki.ts";
import { freePort } from "#e2e/cluster/ports.ts";
import { listening } from "#e2e/cluster/wait.ts";
import { tools } from "#e2e/tools/build.ts";

/** A server that speaks S3 by TLS, with one bucket. */
export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Who signed its certificate, PEM. */
  readonly authority: string;
  /** Names of the objects in the bucket. */
  objects(): Promise<readonly string[]>;
  read(key: string): Promise<Buffer>;
  write(key: string, content: Buffer): Promise<void>;
  remove(key: string): Promise<void>;
  close(): Promise<void>;
}

const BUCKET = "clouds";

/** @param python one that has boto3: what the programs of backups run with */
export async function openS3Server(python: string): Promise<S3Server> {
  const { bin } = await tools("versitygw", (line) => process.stderr.write(`${line}\n`));
  const folder = mkdtempSync(join(tmpdir(), "nephele-s3-"));
  const store = join(folder, "store");
  mkdirSync(store);
  const signer = await openPki(join(folder, "pki")).authority("ca", "of the bucket");
  const { certificate, key } = await signer.issue({ commonName: "s3", addresses: ["127.0.0.1"] });
  const at = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const port = await freePort();
  const credentials = { accessKeyId: "of-the-bucket", secretAccessKey: "secret-of-the-bucket" };
  const server = spawn(
    join(bin, "versitygw"),
    [
      ...["--port", `127.0.0.1:${port}`, "--cert", at("tls.crt", certificate), "--key", at("tls.key", key), "--quiet"],
      ...["posix", store],
    ],
    {
      env: { ROOT_ACCESS_KEY_ID: credentials.accessKeyId, ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey },
      stdio: "ignore",
    },
  );
  const ended = once(server, "exit");
  await listening("the server that speaks S3", port);
  const endpoint = `https://127.0.0.1:${port}`;
  const ca = signer.certificateFile;
  /** Runs lines of Python with a client `s3`; what they print comes back. */
  const ask = async (script: string, ...args: readonly string[]): Promise<Buffer> => {
    const client =
      "import boto3, sys; from botocore.config import Config; " +
      `s3 = boto3.client("s3", endpoint_url="${endpoint}", region_name="us-east-1", verify="${ca}", ` +
      'config=Config(s3={"addressing_style": "path"}), ' +
      `aws_access_key_id="${credentials.accessKeyId}", aws_secret_access_key="${credentials.secretAccessKey}")`;
    const options = { encoding: "buffer", maxBuffer: 64 * 1024 * 1024 } as const;
    return (await promisify(execFile)(python, ["-c", `${client}\n${script}`, ...args], options)).stdout;
  };
  await ask(`s3.create_bucket(Bucket="${BUCKET}")`);
  return {
    endpoint,
    bucket: BUCKET,
    credentials,
    authority: signer.certificate,
    objects: async () => {
      const list = `[print(each["Key"]) for each in s3.list_objects_v2(Bucket="${BUCKET}").get("Contents", [])]`;
      return (await ask(list))
        .toString()
        .split("\n")
        .filter((line) => line !== "")
        .sort();
    },
    read: (key_) =>
      ask(`sys.stdout.buffer.write(s3.get_object(Bucket="${BUCKET}", Key=sys.argv[1])["Body"].read())`, key_),
    write: async (key_, content) => {
      const file = join(folder, "content");
      writeFileSync(file, content);
      await ask(`s3.upload_file(sys.argv[2], "${BUCKET}", sys.argv[1])`, key_, file);
    },
    remove: async (key_) => void (await ask(`s3.delete_object(Bucket="${BUCKET}", Key=sys.argv[1])`, key_)),
    close: async () => {
      server.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
