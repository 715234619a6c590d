import { Readable } from "node:stream";
import { Agent, request } from "undici";
import type { NodeHandle } from "../handle.ts";

const namespace = "cdi";
const name = "cdi-uploadproxy";

/** CDI's proxy of uploads, as who sends a disk reaches it. */
export interface UploadProxy {
  /** Sends a disk with a token of an UploadTokenRequest; the answer comes when CDI has written the disk, or has not. */
  send(disk: Uint8Array, token: string): Promise<{ readonly status: number; readonly text: string }>;
  /** Begins to send a disk, and is cut off in its midst. */
  sendHalf(disk: Uint8Array, token: string): Promise<void>;
  close(): Promise<void>;
}

/** It is believed by the authority that CDI publishes for its users. */
export async function openUploadProxy(node: NodeHandle): Promise<UploadProxy> {
  const where = `--namespace=${namespace}`;
  const address = await node.run("get", "service", name, where, "--output=jsonpath={.spec.clusterIP}");
  const bundle = ["get", "configmap", `${name}-signer-bundle`, where, "--output=jsonpath={.data.ca-bundle\\.crt}"];
  const ca = await node.run(...bundle);
  const way = await node.reach(`${address.trim()}:443`);
  const dispatcher = new Agent({ connect: { ca, servername: `${name}.${namespace}.svc` } });
  const post = (body: Uint8Array | Readable, length: number, token: string) =>
    request(`https://127.0.0.1:${way.port}/v1beta1/upload`, {
      dispatcher,
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/octet-stream",
        "content-length": String(length),
      },
      body,
    });
  return {
    send: async (disk, token) => {
      const answer = await post(disk, disk.length, token);
      return { status: answer.statusCode, text: await answer.body.text() };
    },
    sendHalf: async (disk, token) => {
      const cut = new Error("cut off");
      const half = Readable.from(
        (async function* () {
          yield disk.subarray(0, disk.length / 2);
          throw cut;
        })(),
      );
      try {
        const { statusCode } = await post(half, disk.length, token);
        throw new Error(`half a disk was answered by ${statusCode}`);
      } catch (error) {
        if (error !== cut) throw error;
      }
    },
    close: async () => {
      await dispatcher.destroy();
      way.close();
    },
  };
}
