import { ServerCredentials } from "@grpc/grpc-js";
import { XdsServer, type XdsServerOptions } from "../server/xds-server.ts";
import type { Resource } from "../snapshot/resource.ts";
import { Snapshot } from "../snapshot/snapshot.ts";
import type { Subject } from "./subject.ts";

const group = "all";

/** Our own control plane, on a free port. */
export async function startOurs({
  observer,
  ...options
}: Partial<XdsServerOptions> = {}): Promise<Subject & { readonly server: XdsServer }> {
  let onPushed = (): void => undefined;
  const server = new XdsServer({
    identifier: "nephele-test",
    admit: () => group,
    debounce: { quietMs: 0, busyMs: 0 },
    observer: { ...observer, pushed: () => onPushed() },
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
