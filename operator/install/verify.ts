/**
 * Says whether an installation works: an operator leads, and the named Cloud is Ready. `helm test` runs it.
 * Usage: node operator/install/verify.ts NAMESPACE [CLOUD]
 */
import { findCondition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import { defineResource } from "#runtime/api/resource.ts";
import { createClient } from "#runtime/client/client.ts";
import { connect } from "#runtime/client/connection.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { createTransport } from "#runtime/client/transport.ts";
import { clouds } from "../api/resources.ts";
import { cloudProblem, type Lease, leaderProblem } from "./health.ts";

interface LeaseObject extends KubeObject {
  readonly spec?: Lease;
}
const leases = defineResource<LeaseObject>({
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
});

async function problems(kube: KubeClient, namespace: string, cloud: string | undefined): Promise<readonly string[]> {
  const lease = await kube.get(leases, { namespace, name: "nephele-operator" });
  const found = [leaderProblem(lease?.spec, new Date())];
  if (cloud !== undefined) {
    const object = await kube.get(clouds, { namespace, name: cloud });
    found.push(cloudProblem(cloud, object && findCondition(object.status?.conditions, "Ready"), object !== undefined));
  }
  return found.filter((problem) => problem !== undefined);
}

const [namespace, cloud] = process.argv.slice(2);
if (namespace === undefined) throw new Error("usage: node operator/install/verify.ts NAMESPACE [CLOUD]");
const connection = await connect();
try {
  const kube = createClient(createTransport(connection, { userAgent: "nephele-verify" }));
  const found = await problems(kube, namespace, cloud);
  for (const problem of found) console.error(problem);
  if (found.length > 0) process.exitCode = 1;
  else console.log("Nephele works");
} finally {
  await connection.close();
}
