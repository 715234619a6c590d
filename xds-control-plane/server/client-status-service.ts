import type { ServerDuplexStream, ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { messageType } from "../proto/descriptors.ts";
import { traits } from "../proto/kinds.ts";
import { clientStatus, type ResourceStatus } from "../stream/client-status.ts";
import { type Caller, callerOf, spiffeIdOf } from "./client.ts";
import type { LiveStream } from "./live-stream.ts";
import { type Method, streaming, unary } from "./service.ts";

const service = "envoy.service.status.v3.ClientStatusDiscoveryService";

/** envoy.service.status.v3.ConfigStatus, the server's view. */
const configStatus = { SYNCED: 1, NOT_SENT: 2, STALE: 3, ERROR: 4 } as const;

interface StatusRequest {
  readonly nodeMatchers?: readonly { readonly nodeId?: { readonly exact?: string; readonly prefix?: string } }[];
}

/**
 * The client status discovery service (CSDS): for each connected proxy, how each of its resources stands. Node matchers by
 * exact id or prefix are honoured. Who comes by mutual TLS sees the proxies of its own identity alone.
 */
export function clientStatusDiscovery(streams: () => Iterable<LiveStream>): ReadonlyMap<string, readonly Method[]> {
  const answer = (request: StatusRequest, caller: Caller): Buffer =>
    encode([...streams()].filter((each) => matches(each, request) && maySee(caller, each)));
  const stream = (call: ServerDuplexStream<StatusRequest, Buffer>): void => {
    call.on("data", (request: StatusRequest) => call.write(answer(request, callerOf(call))));
    call.on("error", () => call.end());
    call.on("end", () => call.end());
  };
  const fetch = (call: ServerUnaryCall<StatusRequest, Buffer>, done: sendUnaryData<Buffer>): void =>
    done(null, answer(call.request, callerOf(call)));
  return new Map([
    [service, [streaming("StreamClientStatus", decode, stream), unary("FetchClientStatus", decode, fetch)]],
  ]);
}

function decode(bytes: Uint8Array): StatusRequest {
  const type = messageType("envoy.service.status.v3.ClientStatusRequest");
  return type.toObject(type.decode(bytes));
}

function matches(stream: LiveStream, { nodeMatchers = [] }: StatusRequest): boolean {
  const id = stream.info?.client.node.id ?? "";
  return (
    nodeMatchers.length === 0 ||
    nodeMatchers.some(({ nodeId }) => {
      if (nodeId?.exact !== undefined) return id === nodeId.exact;
      return nodeId?.prefix !== undefined && id.startsWith(nodeId.prefix);
    })
  );
}

function maySee(caller: Caller, { info }: LiveStream): boolean {
  return caller.certificate === undefined || (info !== undefined && spiffeIdOf(info.client) === spiffeIdOf(caller));
}

/** A proxy's streams of single types are put together under its node. */
function encode(streams: readonly LiveStream[]): Buffer {
  const type = messageType("envoy.service.status.v3.ClientStatusResponse");
  const nodeType = messageType("envoy.config.core.v3.Node");
  const byNode = new Map<string, LiveStream[]>();
  for (const stream of streams) {
    const id = stream.info?.client.node.id ?? "";
    byNode.set(id, [...(byNode.get(id) ?? []), stream]);
  }
  const config = [...byNode.values()].map((group) => ({
    node: nodeType.decode(group[0]?.info?.client.node.encoded ?? new Uint8Array()),
    genericXdsConfigs: group.flatMap(({ state }) => clientStatus(state)).map(genericConfig),
  }));
  return Buffer.from(type.encode({ config }).finish());
}

function genericConfig({ kind, name, version, state, rejection }: ResourceStatus): object {
  const base = { typeUrl: traits[kind].typeUrl, name, versionInfo: version, configStatus: configStatus[state] };
  if (rejection === undefined) return base;
  const lastUpdateAttempt = { seconds: Math.floor(rejection.at / 1000), nanos: Math.floor(rejection.at % 1000) * 1e6 };
  return {
    ...base,
    errorState: { details: rejection.message, versionInfo: version, lastUpdateAttempt },
  };
}
