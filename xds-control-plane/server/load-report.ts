import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import { messageType } from "../proto/descriptors.ts";
import { type Caller, callerOf, Refusal } from "./client.ts";
import { type Method, streaming } from "./service.ts";

/** What a proxy counted since its last report, for one cluster and one locality of its endpoints. */
export interface LoadReport {
  /** The proxy's node id. */
  readonly node: string;
  readonly cluster: string;
  /** `region/zone/sub-zone`, without trailing parts that are empty. */
  readonly locality: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly issued: number;
  /** At the time of the report. */
  readonly inProgress: number;
}

export interface LoadReportOptions {
  /** How often proxies report, milliseconds. */
  readonly everyMs: number;
  readonly onReport: (report: LoadReport) => void;
  /** Whether somebody may report for a node. @throws Refusal */
  readonly admit: (node: string, caller: Caller) => void;
}

interface LocalityStats {
  readonly locality?: { readonly region?: string; readonly zone?: string; readonly subZone?: string };
  readonly totalSuccessfulRequests?: number;
  readonly totalErrorRequests?: number;
  readonly totalIssuedRequests?: number;
  readonly totalRequestsInProgress?: number;
}

interface LoadStatsRequest {
  readonly node?: { readonly id?: string };
  readonly clusterStats?: readonly {
    readonly clusterName?: string;
    readonly upstreamLocalityStats?: readonly LocalityStats[];
  }[];
}

const service = "envoy.service.load_stats.v3.LoadReportingService";

/** The load reporting service (LRS): every proxy is asked for all its clusters. */
export function loadReporting({ everyMs, onReport, admit }: LoadReportOptions): ReadonlyMap<string, readonly Method[]> {
  const handle = (call: ServerDuplexStream<LoadStatsRequest, Buffer>): void => {
    let node: string | undefined;
    call.on("data", (request: LoadStatsRequest) => {
      if (node === undefined) {
        node = request.node?.id ?? "";
        if (node === "") {
          call.emit("error", {
            code: status.INVALID_ARGUMENT,
            details: "the first message must name its node (node.id)",
          });
          return;
        }
        try {
          admit(node, callerOf(call));
        } catch (error) {
          const isRefusal = error instanceof Refusal;
          const details = isRefusal ? error.message : "the control plane cannot say whose load this is";
          call.emit("error", { code: isRefusal ? status.PERMISSION_DENIED : status.INTERNAL, details });
          return;
        }
        call.write(encodeInterval(everyMs));
      }
      for (const report of reportsOf(node, request)) onReport(report);
    });
    call.on("error", () => call.end());
    call.on("end", () => call.end());
  };
  return new Map([[service, [streaming("StreamLoadStats", decode, handle)]]]);
}

function decode(bytes: Uint8Array): LoadStatsRequest {
  const type = messageType("envoy.service.load_stats.v3.LoadStatsRequest");
  return type.toObject(type.decode(bytes), { longs: Number });
}

function encodeInterval(everyMs: number): Buffer {
  const type = messageType("envoy.service.load_stats.v3.LoadStatsResponse");
  const loadReportingInterval = { seconds: Math.floor(everyMs / 1000), nanos: (everyMs % 1000) * 1e6 };
  return Buffer.from(type.encode({ sendAllClusters: true, loadReportingInterval }).finish());
}

/** The counts of a message, one for each cluster and locality. */
function reportsOf(node: string, request: LoadStatsRequest): readonly LoadReport[] {
  return (request.clusterStats ?? []).flatMap(({ clusterName = "", upstreamLocalityStats = [] }) =>
    upstreamLocalityStats.map((stats) => ({
      node,
      cluster: clusterName,
      locality: localityName(stats.locality ?? {}),
      succeeded: stats.totalSuccessfulRequests ?? 0,
      failed: stats.totalErrorRequests ?? 0,
      issued: stats.totalIssuedRequests ?? 0,
      inProgress: stats.totalRequestsInProgress ?? 0,
    })),
  );
}

function localityName({ region = "", zone = "", subZone = "" }: NonNullable<LocalityStats["locality"]>): string {
  return [region, zone, subZone].join("/").replace(/\/+$/, "");
}
