// Serves one cluster, and moves its endpoint when it gets a line on standard input. Run: node serve.mjs
import { createInterface } from "node:readline";
import { ServerCredentials } from "@grpc/grpc-js";
import { resource, Snapshot, XdsServer } from "@nephele/xds";

const ads = { ads: {}, resourceApiVersion: "V3" };
const web = resource("cluster", {
  name: "web",
  type: "EDS",
  connectTimeout: "1s",
  edsClusterConfig: { edsConfig: ads },
});
const endpoints = (port) =>
  resource("endpoint", {
    clusterName: "web",
    endpoints: [
      { lbEndpoints: [{ endpoint: { address: { socketAddress: { address: "127.0.0.1", portValue: port } } } }] },
    ],
  });

const server = new XdsServer({
  identifier: "example",
  admit: () => "everybody", // which group a node belongs to; throw a Refusal for one that may have nothing
  observer: { rejected: (stream, _response, { message }) => console.error(stream.client.node.id, message) },
});
server.snapshots.set("everybody", Snapshot.of([web, endpoints(8080)]));
console.log(await server.listen("127.0.0.1:0", ServerCredentials.createInsecure()));

for await (const line of createInterface(process.stdin)) {
  server.snapshots.set("everybody", server.snapshots.current("everybody").with({ put: [endpoints(Number(line))] }));
}
await server.close();
