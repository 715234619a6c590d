/**
 * Decisions a second of authorization/, and the processor time of each, from the inside out: the policy's program alone, the threads
 * that it is run in, a decision with its input and its record, and the whole by gRPC over a socket. Prints a table.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Client, credentials } from "@grpc/grpc-js";
import { loadPolicy } from "@open-policy-agent/opa-wasm";
import { pino } from "pino";
import { readBundle } from "../../authorization/bundle/bundle.ts";
import { decide } from "../../authorization/check/decide.ts";
import { readRequest } from "../../authorization/check/input.ts";
import { authorizationServer } from "../../authorization/check/service.ts";
import { Pool, poolLimits } from "../../authorization/policy/pool.ts";
import { openSocket } from "../../authorization/program/door.ts";
import { opaBuild } from "../../authorization/testing/opa-build.ts";
import { messageType } from "../../xds-control-plane/proto/descriptors.ts";
import { inParallel } from "../in-parallel.ts";
import { median } from "../median.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "1" }, runs: { type: "string", default: "3" } },
});
const [runMs, runs] = [Number(values.seconds) * 1_000, Number(values.runs)];

const rego = `package bench

default decision := {"allowed": false, "reason": "nobody may"}

decision := {"allowed": true, "reason": "a project that may read", "headers": {"x-policy": "v1"}} if {
  input.attributes.request.http.method == "GET"
  input.parsed_path[0] == "v3"
  input.claims["clouds/tokens"].openstack_project_id in data.readers
}
`;

const headers = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`x-header-${at}`, "some value of a header"]));
const request = {
  attributes: {
    source: { principal: "spiffe://mesh.test/ns/web/sa/web" },
    request: { http: { id: "1", method: "GET", path: "/v3/users/1?a=b", host: "example.test", headers } },
    metadataContext: {
      filterMetadata: {
        "envoy.filters.http.jwt_authn": {
          fields: {
            "clouds/tokens": {
              structValue: {
                fields: { sub: { stringValue: "user" }, openstack_project_id: { stringValue: "project" } },
              },
            },
          },
        },
      },
    },
  },
};

/** What stands in `print` is a row: its name, decisions a second, and microseconds of processor time a decision. */
async function measure(name: string, atOnce: number, work: () => Promise<unknown>): Promise<void> {
  const rates: number[] = [];
  const costs: number[] = [];
  for (let run = -1; run < runs; run += 1) {
    const [begin, before] = [performance.now(), process.cpuUsage()];
    let count = 0;
    await inParallel(atOnce, atOnce, async () => {
      while (performance.now() - begin < runMs) {
        await work();
        count += 1;
      }
    });
    const { user, system } = process.cpuUsage(before);
    // The first one warms up.
    if (run >= 0) {
      rates.push((count / (performance.now() - begin)) * 1_000);
      costs.push((user + system) / count);
    }
  }
  const [rate, cost] = [median(rates).toFixed(0), median(costs).toFixed(1)];
  console.log(`| ${name.padEnd(46)} | ${String(atOnce).padStart(7)} | ${rate.padStart(11)} | ${cost.padStart(14)} |`);
}

const packed = await opaBuild({ rego, entrypoint: "bench/decision", revision: "1", data: { readers: ["project"] } });
const bundle = await readBundle(packed);
const { input } = readRequest(request);
const pool = await Pool.open(bundle);
const policy = { revision: bundle.revision, pool };
const folder = mkdtempSync(join(tmpdir(), "bench-authorization-"));
// What is recorded is written, to where nobody reads.
const record = pino({}, pino.destination({ dest: "/dev/null", sync: true }));
const deciding = { policy: () => policy, record, observe: () => undefined };
const server = authorizationServer(
  (asked) => decide(deciding, asked),
  (error) => console.error(error),
);
const socket = join(folder, "socket");
await openSocket(server, socket);
const client = new Client(`unix:${socket}`, credentials.createInsecure());
const [asked, answered] = [
  messageType("envoy.service.auth.v3.CheckRequest"),
  messageType("envoy.service.auth.v3.CheckResponse"),
];
const bytes = Buffer.from(asked.encode(asked.fromObject(request)).finish());
const call = () =>
  new Promise<void>((resolve, reject) => {
    client.makeUnaryRequest(
      "/envoy.service.auth.v3.Authorization/Check",
      () => bytes,
      (message) => answered.decode(message),
      undefined,
      (error) => (error === null ? resolve() : reject(error)),
    );
  });

console.log(`${poolLimits.workers} threads, ${input.length} bytes of input, ${bundle.wasm.length} of program\n`);
console.log("| what                                           | at once | decisions/s | µs CPU of each |");
console.log("| ---------------------------------------------- | ------: | ----------: | -------------: |");
const alone = await loadPolicy(Buffer.from(bundle.wasm));
alone.setData(JSON.parse(Buffer.from(bundle.data).toString()) as object);
const parsed = JSON.parse(input) as object;
await measure("opa-wasm alone, in this thread", 1, async () => alone.evaluate(parsed));
await measure("threads", 1, () => pool.evaluate(input));
await measure("threads", 64, () => pool.evaluate(input));
await measure("a decision: input, threads, judging, record", 64, () => decide(deciding, () => request));
await measure("by gRPC over a socket, the client's work too", 1, call);
await measure("by gRPC over a socket, the client's work too", 64, call);

client.close();
server.forceShutdown();
await pool.close();
rmSync(folder, { recursive: true });
