import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Agent } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, exchange } from "./exchange.ts";

// A text of two bytes a letter, sent in parts that end in the middle of a letter.
const text = "ü".repeat(1_000);
const dispatcher = new Agent({ allowH2: false });
let server: Server;

beforeAll(async () => {
  server = createServer((request, response) => {
    response.statusCode = 201;
    const bytes = Buffer.from(text);
    response.write(bytes.subarray(0, 501));
    if (request.url === "/whole") setImmediate(() => response.end(bytes.subarray(501)));
    else if (request.url === "/broken") setImmediate(() => response.destroy());
    else server.emit("held", response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
});
afterAll(async () => {
  await dispatcher.destroy();
  server.closeAllConnections();
});

function get(path: string, signal?: AbortSignal): Promise<Answer> {
  const { port } = server.address() as AddressInfo;
  return exchange(dispatcher, { origin: `http://127.0.0.1:${port}`, path, method: "GET" }, signal);
}

test("an answer in parts is whole", async () => {
  const answer = await get("/whole");
  expect(answer).toMatchObject({ status: 201, text });
  expect(answer.headers["transfer-encoding"]).toBe("chunked");
});

test("an answer that breaks off is an error, not half an answer", async () => {
  await expect(get("/broken")).rejects.toThrow();
});

test("who cuts a request gives the error; the server sees it end", async () => {
  const held = once(server, "held") as Promise<[ServerResponse]>;
  const cut = new AbortController();
  const answer = get("/held", cut.signal);
  const [response] = await held;
  const closed = once(response, "close");
  const reason = new Error("enough");
  cut.abort(reason);
  await expect(answer).rejects.toBe(reason);
  await closed;
  await expect(get("/whole", cut.signal)).rejects.toBe(reason);
});
