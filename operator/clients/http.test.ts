import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type Connection, connect } from "./http.ts";
import type { RequestObservation } from "./request.ts";
import { ServiceError } from "./service-error.ts";

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

interface Seen {
  readonly connection: Connection;
  readonly observations: RequestObservation[];
}

/** A connection to a server that answers as it is told; only what is between real parts is played here. */
async function connectTo(listener: RequestListener, timeoutMs = 2_000): Promise<Seen> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const observations: RequestObservation[] = [];
  const connection = connect({
    service: "keystone",
    baseUrl: `http://127.0.0.1:${port}/identity/`,
    timeoutMs,
    onRequest: (observation) => observations.push(observation),
  });
  closers.push(async () => {
    await connection.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { connection, observations };
}

async function errorOf(answer: Promise<unknown>): Promise<ServiceError> {
  const error: unknown = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ServiceError) return error;
  throw new Error("no ServiceError was thrown", { cause: error });
}

const get = { method: "GET", route: "/v3" } as const;
const post = { method: "POST", route: "/v3/things", json: { thing: "ä" } } as const;

describe("what is sent", () => {
  test("a body has its length in bytes and is never chunked", async () => {
    const headers: Record<string, unknown>[] = [];
    const { connection } = await connectTo((request, response) => {
      headers.push(request.headers);
      response.end("{}");
    });
    await connection.send(post);
    await connection.send({ method: "PUT", route: "/v3/nothing" });
    expect(headers[0]).toMatchObject({ "content-length": "14", "content-type": "application/json" });
    expect(headers[1]).toMatchObject({ "content-length": "0" });
    expect(headers.every((each) => each["transfer-encoding"] === undefined)).toBe(true);
  });

  test("the path keeps what stands before the version, and the request id is the caller's", async () => {
    const seen: unknown[] = [];
    const { connection } = await connectTo((request, response) => {
      seen.push(request.url, request.headers["x-openstack-request-id"]);
      response.end("{}");
    });
    await connection.send(get, { requestId: "req-1" });
    expect(seen).toEqual(["/identity/v3", "req-1"]);
  });
});

describe("a service that misbehaves", () => {
  test.each<[string, RequestListener, number, string]>([
    ["closes without an answer", (request) => void request.socket.destroy(), 0, "no connection or a broken one"],
    [
      "answers half",
      (_, response) => void response.writeHead(200, { "content-length": 9 }).write("{", () => response.destroy()),
      0,
      "broken",
    ],
    ["never answers", () => undefined, 0, "no answer within 0.3 s"],
    ["stalls in the middle", (_, response) => void response.writeHead(200).write("{"), 0, "no answer within 0.3 s"],
    [
      "answers with a page",
      (_, response) => void response.writeHead(503, { "content-type": "text/html; x" }).end("<h1>"),
      503,
      "4 bytes of text/html",
    ],
  ])("that %s is Unavailable, after three attempts", async (_, listener, status, said) => {
    const { connection, observations } = await connectTo(listener, 300);
    const error = await errorOf(connection.send(get));
    expect(error).toMatchObject({ kind: "Unavailable", status, retryable: true });
    expect(error.message).toContain(said);
    expect(observations).toHaveLength(3);
  });

  test("an answer that is no JSON is Unavailable when it is read", async () => {
    const { connection } = await connectTo((_, response) => void response.end("<html>"));
    const answer = await connection.send(get);
    expect(() => answer.json()).toThrow("the answer is not JSON but 6 bytes of no type");
  });

  test("an answer without end is cut off", async () => {
    const { connection } = await connectTo((_, response) => {
      response.end(Buffer.alloc(9 * 1024 * 1024));
    });
    expect((await errorOf(connection.send(post))).message).toContain("over 8 MiB");
  });
});

describe("repeats", () => {
  const failing = (times: number): RequestListener => {
    let count = 0;
    return (_, response) => {
      count += 1;
      response.writeHead(count > times ? 200 : 503).end("{}");
    };
  };

  test.each(["GET", "HEAD", "PUT", "DELETE"] as const)("a %s is repeated", async (method) => {
    const { connection, observations } = await connectTo(failing(2));
    await connection.send({ method, route: "/v3" });
    expect(observations.map(({ status }) => status)).toEqual([503, 503, 200]);
  });

  test.each(["POST", "PATCH"] as const)("a %s is not", async (method) => {
    const { connection, observations } = await connectTo(failing(1));
    expect(await errorOf(connection.send({ method, route: "/v3" }))).toMatchObject({ status: 503 });
    expect(observations).toHaveLength(1);
  });

  test("a 500 is not repeated: what lasts is the matter of the caller", async () => {
    const { connection, observations } = await connectTo((_, response) => void response.writeHead(500).end());
    expect(await errorOf(connection.send(get))).toMatchObject({ kind: "Unavailable", retryable: true });
    expect(observations).toHaveLength(1);
  });
});

test("aborting cuts the request and throws the signal's reason", async () => {
  const { connection, observations } = await connectTo(() => undefined);
  const controller = new AbortController();
  const answer = connection.send(get, { signal: controller.signal });
  setTimeout(() => controller.abort(new Error("no longer wanted")), 50);
  await expect(answer).rejects.toThrow("no longer wanted");
  expect(observations).toHaveLength(1);
});

test("a refused connection names the reason", async () => {
  const connection = connect({ service: "barbican", baseUrl: "http://127.0.0.1:9" });
  closers.push(() => connection.close());
  expect((await errorOf(connection.send(post))).message).toMatch(/^barbican: POST \/v3\/things: .*ECONNREFUSED/);
});

test("an error does not hold what was sent", async () => {
  const { connection } = await connectTo((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => response.writeHead(400).end(JSON.stringify({ error: { message: `bad: ${body}` } })));
  });
  const request = { ...post, json: { password: "hunter2-ö" }, sensitive: ["hunter2-ö"] };
  const error = await errorOf(connection.send(request));
  expect(error.message).toContain("bad: ");
  expect(JSON.stringify(error) + error.message + error.stack).not.toContain("hunter2");
});

test("nor what was sent in several lines, as keys are", async () => {
  const key = "-----BEGIN KEY-----\nc2VjcmV0\nbGluZXM=\n-----END KEY-----\n";
  for (const quote of [key, key.replaceAll("\n", "<br/>"), key.replaceAll("\n", " ").trim()]) {
    const { connection } = await connectTo((_request, response) => {
      response.writeHead(400).end(JSON.stringify({ error: { message: `bad: ${quote} in it` } }));
    });
    const error = await errorOf(connection.send({ ...post, json: {}, sensitive: [key] }));
    expect(error.message).toMatch(/bad: \[removed\] ?in it/);
    expect(JSON.stringify(error) + error.message + error.stack).not.toContain("c2VjcmV0");
  }
});
