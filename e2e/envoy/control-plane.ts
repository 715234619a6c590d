import { networkInterfaces } from "node:os";
import type { Desired } from "#runtime/api/object.ts";
import { apiVersionOf, type Resource } from "#runtime/api/resource.ts";
import { connect } from "#runtime/client/connection.ts";
import { createLogger } from "#runtime/observe/log.ts";
import type { X509Source } from "#spiffe/x509-source.ts";
import { type RunningProgram, startProgram } from "../../xds-control-plane/program/program.ts";
import type { Bed } from "../harness/bed.ts";

/** An address of this machine that the API server takes in an EndpointSlice: loopback is refused. */
export function ownAddress(): string {
  const found = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4");
  if (found === undefined) throw new Error("this machine has no IPv4 address but loopback");
  return found.address;
}

/** Makes an object, or makes it what is said. */
export function put(bed: Bed, resource: Resource, desired: Omit<Desired, "apiVersion" | "kind">): Promise<unknown> {
  const object = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...desired } as Desired;
  return bed.kube.apply(resource, object, { fieldOwner: "test", force: true });
}

export interface TestProgram extends RunningProgram {
  stop(): Promise<void>;
}

/** The control plane's program on the local cluster, with the rights of its ServiceAccount alone: the proof of rights counts them. */
export async function startTestProgram(bed: Bed, identity?: X509Source): Promise<TestProgram> {
  const impersonate = { user: "system:serviceaccount:nephele-system:nephele-xds", groups: ["system:authenticated"] };
  const connection = await connect({
    kubeconfig: bed.cluster.kubeconfigPath,
    impersonate,
  });
  const stopped = new AbortController();
  const program = await startProgram(
    {
      connection,
      log: createLogger({ level: "fatal" }),
      listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
      health: { host: "127.0.0.1", port: 0 },
      gateways: "elsewhere",
      identity,
    },
    stopped.signal,
  );
  return {
    ...program,
    stop: async () => {
      stopped.abort();
      await program.ended;
      await connection.close();
    },
  };
}
