import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Agent, request } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askRaw } from "./raw-request.ts";

/** A server that tells at which path it was asked. */
const server = createServer(({ url }, answer) => void answer.end(url));
const agent = new Agent();
let origin: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await agent.close();
  server.close();
});

test.each(["/a/../b", "/a/%2e%2e/b", "/a//b", "/a/./b?c=..", "/a%2f..%2fb"])(
  "%s is asked for as it is written",
  async (path) => {
    const { body } = await askRaw(agent, { origin, path, method: "GET" });
    expect(await body.text()).toBe(path);
  },
);

test("the control: by a URL nobody hears of the dots", async () => {
  const { body } = await request(`${origin}/a/../b`, { dispatcher: agent });
  expect(await body.text()).toBe("/b");
});
