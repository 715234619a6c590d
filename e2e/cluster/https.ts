import { readFileSync } from "node:fs";
import { Agent, type Dispatcher, request } from "undici";
import type { KeyPair } from "./pki.ts";

/** An HTTPS client of one server on loopback, with a client certificate. */
export interface HttpsClient {
  /** Sends a request and gives status and text. Throws when there is no answer. */
  send(path: string, options?: HttpsRequest): Promise<{ readonly status: number; readonly text: string }>;
  /** As send, for an answer that must be good; an error says method, path, status and what the server said. */
  json(path: string, options?: HttpsRequest): Promise<unknown>;
  close(): Promise<void>;
}

export interface HttpsRequest {
  readonly method?: Dispatcher.HttpMethod;
  readonly body?: unknown;
  readonly contentType?: string;
}

export function httpsClient(server: string, authority: string, client?: KeyPair): HttpsClient {
  const agent = new Agent({
    connect: { ca: authority, ...(client === undefined ? {} : { cert: client.certificate, key: client.key }) },
    connectTimeout: 2_000,
    headersTimeout: 30_000,
  });
  const send: HttpsClient["send"] = async (path, { method = "GET", body, contentType = "application/json" } = {}) => {
    const answer = await request(`${server}${path}`, {
      dispatcher: agent,
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": contentType } }),
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  };
  return {
    send,
    json: async (path, options) => {
      const { status, text } = await send(path, options);
      if (status >= 300) throw new Error(`${options?.method ?? "GET"} ${path}: ${status}: ${text.slice(0, 500)}`);
      return JSON.parse(text) as unknown;
    },
    close: () => agent.destroy(),
  };
}

/** Connections for streams that may be silent for as long as they like, with credentials from files. */
export function agentFor(files: {
  readonly authorityFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}): Agent {
  const [ca, cert, key] = [files.authorityFile, files.certificateFile, files.keyFile].map((path) =>
    readFileSync(path, "utf8"),
  );
  return new Agent({ connect: { ca, cert, key }, bodyTimeout: 0 });
}
