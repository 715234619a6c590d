import { ServerCredentials } from "@grpc/grpc-js";
import type { LoadReport } from "../server/load-report.ts";
import { XdsServer, type XdsServerOptions } from "../server/xds-server.ts";
import type { Resource } from "../snapshot/resource.ts";
import { Snapshot } from "../snapshot/snapshot.ts";
import type { Subject } from "./subject.ts";

const group = "all";

type Options = Omit<Partial<XdsServerOptions>, "observer"> & { readonly onLoadReport?: (report: LoadReport) => void };

/** Our own control plane, on a free port. */
export async function startOurs({
  onLoadReport,
  ...options
}: Options = {}): Promise<Subject & { readonly server: XdsServer }> {
  let onPushed = (): void => undefined;
  const server = new XdsServer({
    identifier: "nephele-test",
    admit: () => group,
    debounce: { quietMs: 0, busyMs: 0 },
    observer: { pushed: () => onPushed(), loadReported: (report) => onLoadReport?.(report) },
    ...options,
  });
  const port = await server.listen("127.0.0.1:0", ServerCredentials.createInsecure());
  return {
    server,
    port,
    serve: (resources: readonly Resource[]) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      onPushed = resolve;
      server.snapshots.set(group, Snapshot.of(resources));
      return promise;
    },
    close: () => server.close(),
  };
}
