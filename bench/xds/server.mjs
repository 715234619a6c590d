// Our side: a control plane by the library as it is published, written as a user writes it, with its defaults.
//
//   node bench/xds/server.mjs <the built library's index.js>
//
// A line that it reads is put over what it serves: [[kind, message], …]. It answers with an empty line; the first line that
// it writes is the port.
import { createInterface } from "node:readline";
import { ServerCredentials } from "@grpc/grpc-js";

const { resource, Snapshot, XdsServer } = await import(process.argv[2]);
const server = new XdsServer({ identifier: "nephele", admit: () => "all" });
let snapshot = Snapshot.of([]);
const port = await server.listen("127.0.0.1:0", ServerCredentials.createInsecure());
process.stdout.write(`${port}\n`);
for await (const line of createInterface(process.stdin)) {
  const put = JSON.parse(line).map(([kind, message]) => resource(kind, message));
  snapshot = snapshot.with({ put });
  server.snapshots.set("all", snapshot);
  process.stdout.write("\n");
}
// Whoever drives it has gone. A regular end lets a profile be written.
await server.close(0);
