/** The library: a snapshot for a group of nodes in, a gRPC service out. It knows nothing of Kubernetes. */
export { type Kind, kinds } from "./proto/kinds.ts";
export { type Admit, type Client, Refusal, type StreamInfo, spiffeIdOf } from "./server/client.ts";
export type { LoadReport } from "./server/load-report.ts";
export { metricsObserver } from "./server/metrics.ts";
export type { Observer } from "./server/observer.ts";
export { XdsServer, type XdsServerOptions } from "./server/xds-server.ts";
export type { Reference } from "./snapshot/references.ts";
export { InvalidResource, type Json, type Resource, type ResourceOptions, resource } from "./snapshot/resource.ts";
export { type Change, InconsistentSnapshot, Snapshot, type SnapshotOptions } from "./snapshot/snapshot.ts";
export { SnapshotStore } from "./snapshot/store.ts";
