import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { register } from "@grpc/grpc-js-xds";
import { afterEach, beforeAll, expect, test } from "vitest";
import { cluster, route } from "./conformance/fixtures.ts";
import { type Resource, resource, Snapshot, XdsServer } from "./index.ts";

// gRPC's own xDS client (gRFC A27 and after it): it asks for a listener by the name of its target, and follows that to routes,
// cluster and endpoints, over one State-of-the-World stream.

const group = "grpc";
const soon = { timeout: 20_000, interval: 20 };
const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value };
const sayName = {
  path: "/test.Named/SayName",
  requestStream: false,
  responseStream: false,
  requestSerialize: bytes.serialize,
  requestDeserialize: bytes.deserialize,
  responseSerialize: bytes.serialize,
  responseDeserialize: bytes.deserialize,
} as const;
const open: (() => unknown)[] = [];

beforeAll(() => register());
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A gRPC service that answers with its name. */
async function startNamed(name: string): Promise<number> {
  const server = new Server();
  const answer = (_call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void =>
    done(null, Buffer.from(name));
  server.addService({ SayName: sayName }, { SayName: answer });
  open.push(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

interface Bed {
  readonly rejected: readonly string[];
  readonly serve: (resources: readonly Resource[], to?: string) => void;
  /** What answers a call to `xds:///<target>`. @throws ServiceError */
  readonly ask: () => Promise<string>;
}

async function openBed(target: string): Promise<Bed> {
  const rejected: string[] = [];
  const server = new XdsServer({
    identifier: "test",
    admit: () => group,
    debounce: { quietMs: 0, busyMs: 0 },
    observer: { rejected: (_stream, _response, { message }) => void rejected.push(message) },
  });
  const port = await server.listen("127.0.0.1:0", ServerCredentials.createInsecure());
  open.push(() => server.close(0));
  const bootstrap = {
    xds_servers: [
      { server_uri: `127.0.0.1:${port}`, channel_creds: [{ type: "insecure" }], server_features: ["xds_v3"] },
    ],
    node: { id: "grpc-of-test", locality: {} },
  };
  const client = new Client(`xds:///${target}`, credentials.createInsecure(), {
    // Without it the client is told by a variable of the whole process, and keeps one connection for all tests.
    "grpc.TEST_ONLY_DO_NOT_USE_IN_PROD.xds_bootstrap_config": JSON.stringify(bootstrap),
  });
  open.push(() => client.close());
  return {
    rejected,
    serve: (resources, to = group) => server.snapshots.set(to, Snapshot.of(resources)),
    ask: () =>
      new Promise((resolve, reject) => {
        const deadline = Date.now() + soon.timeout;
        const { path, requestSerialize, responseDeserialize } = sayName;
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          Buffer.alloc(0),
          new Metadata(),
          { deadline },
          (error, answer) => (error === null ? resolve(String(answer)) : reject(error)),
        );
      }),
  };
}

/** A listener as gRPC wants it: no address, and its routes by name. */
function apiListener(name: string, routeConfigName: string, statPrefix = "test"): Resource {
  const router = { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" };
  const manager = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    statPrefix,
    rds: { routeConfigName, configSource: { ads: {}, resourceApiVersion: "V3" } },
    httpFilters: [{ name: "router", typedConfig: router }],
  };
  return resource("listener", { name, apiListener: { apiListener: manager } });
}

/** Endpoints as gRPC wants them: of a locality that is named and has a weight. */
function endpoint(clusterName: string, portValue: number): Resource {
  const lbEndpoints = [{ endpoint: { address: { socketAddress: { address: "127.0.0.1", portValue } } } }];
  const locality = { region: "here" };
  return resource("endpoint", { clusterName, endpoints: [{ locality, loadBalancingWeight: 1, lbEndpoints }] });
}

test("gRPC's xDS client resolves and calls through us, and follows a change of endpoints without a failed call", async () => {
  const [one, two] = [await startNamed("one"), await startNamed("two")];
  const { serve, ask, rejected } = await openBed("named");
  const failed: unknown[] = [];
  // Polling alone would call again until one does not fail.
  const call = (): Promise<string> => ask().catch((error: unknown) => `${failed.push(error)} failed`);
  const world = (...rest: readonly Resource[]) => [apiListener("named", "routes"), ...rest];
  serve(world(route("routes", "first"), cluster("first"), endpoint("first", one)));
  expect(await call()).toBe("one");

  // Calls go on while the endpoints change; what is served to others changes nothing here.
  serve(world(route("routes", "first"), cluster("first"), endpoint("first", two)), "others");
  const before = await Promise.all(Array.from({ length: 20 }, call));
  expect(new Set(before)).toEqual(new Set(["one"]));
  serve(world(route("routes", "first"), cluster("first"), endpoint("first", two)));
  await expect.poll(call, soon).toBe("two");

  // Another cluster: the route follows when its endpoints are there.
  serve(world(route("routes", "second"), cluster("second"), endpoint("second", one)));
  await expect.poll(call, soon).toBe("one");
  expect(rejected).toEqual([]);
  expect(failed).toEqual([]);
});

test("what is served no more cannot be called, and can when it is served again", async () => {
  const port = await startNamed("one");
  const { serve, ask } = await openBed("named");
  const world = [apiListener("named", "routes"), route("routes", "first"), cluster("first"), endpoint("first", port)];
  serve(world);
  expect(await ask()).toBe("one");
  serve(world.slice(1));
  const problem = async (): Promise<unknown> => ask().catch((error: { readonly code?: number }) => error.code);
  await expect.poll(problem, soon).toBe(status.UNAVAILABLE);
  // Not what was there before: this client (1.14) takes what equals the last that it had for no news, also after it was gone.
  serve([apiListener("named", "routes", "again"), ...world.slice(1)]);
  await expect.poll(problem, soon).toBe("one");
});
