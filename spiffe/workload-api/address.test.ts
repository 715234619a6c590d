import { expect, test } from "vitest";
import { workloadApiAddress } from "./address.ts";

test.each([
  ["unix:///run/agent.sock", "unix:/run/agent.sock"],
  ["unix:/run/agent.sock", "unix:/run/agent.sock"],
  ["tcp://127.0.0.1:8000", "127.0.0.1:8000"],
  ["tcp://[::1]:8000", "[::1]:8000"],
])("%s", (text, address) => {
  expect(workloadApiAddress(text, {})).toBe(address);
  expect(workloadApiAddress(undefined, { SPIFFE_ENDPOINT_SOCKET: text })).toBe(address);
});

test.each([
  "unix://run/agent.sock",
  "unix:",
  "tcp://agent.test:80",
  "tcp://127.0.0.1",
  "/run/agent.sock",
  "http://1.2.3.4:1",
])("%s is none", (text) => {
  expect(() => workloadApiAddress(text, {})).toThrow("no address of a Workload API");
});

test("what is given comes before what the environment says; without both it says what to set", () => {
  expect(workloadApiAddress("unix:/a", { SPIFFE_ENDPOINT_SOCKET: "unix:/b" })).toBe("unix:/a");
  expect(() => workloadApiAddress(undefined, {})).toThrow("SPIFFE_ENDPOINT_SOCKET");
});
