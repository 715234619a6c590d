import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureGatewayApi } from "#e2e/cluster/gateway-api.ts";
import { put } from "#e2e/envoy/control-plane.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { defineResource, type Resource } from "#runtime/api/resource.ts";
import { connect } from "#runtime/client/connection.ts";
import { createTransport, type Transport } from "#runtime/client/transport.ts";
import { namespaces, secrets } from "../cluster-view/kinds.ts";
import { SecretsByName } from "./secrets-by-name.ts";

/** With the rights of the control plane's own account, which may list no Secret of this namespace. */

const soon = { timeout: 45_000, interval: 50 };
const namespace = unique("named");
const rbac = { group: "rbac.authorization.k8s.io", version: "v1" } as const;
const roles = defineResource({ ...rbac, plural: "roles", kind: "Role", namespaced: true });
const roleBindings = defineResource({ ...rbac, plural: "rolebindings", kind: "RoleBinding", namespaced: true });
const [certificate, neighbour] = [`${namespace}/tls`, `${namespace}/keys`];
const open: (() => unknown)[] = [];
let bed: Bed;
let read: SecretsByName;
let transport: Transport;
/** What was said of each that is not read, as `name: what`. */
const failures: string[] = [];
/** What the API server was asked to watch, by the field selectors. */
const asked: unknown[] = [];
/** Ends each watch that runs, as the API server does by itself every few minutes. */
let cut = new AbortController();
/** How long what was read is used on in this test, milliseconds. */
const keptMs = 3_000;

beforeAll(async () => {
  bed = await openBed();
  open.push(() => bed.close());
  await ensureGatewayApi(bed.cluster);
  await bed.kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  open.push(() => bed.kube.delete(namespaces, { name: namespace }));
  for (const name of ["tls", "keys"]) await keep(name, "one");
  const connection = await connect({
    kubeconfig: bed.cluster.kubeconfigPath,
    impersonate: { user: "system:serviceaccount:nephele-system:nephele-xds", groups: ["system:authenticated"] },
  });
  open.push(() => connection.close());
  const real = createTransport(connection, { userAgent: "nephele-tests" });
  transport = {
    ...real,
    lines: (request) => {
      asked.push(request.query?.["fieldSelector"]);
      const signal = request.signal === undefined ? cut.signal : AbortSignal.any([request.signal, cut.signal]);
      return real.lines({ ...request, signal });
    },
  };
  read = new SecretsByName(transport, {
    onChange: () => {},
    onFailure: (name, error) => failures.push(`${name.slice(namespace.length + 1)}: ${error.message}`),
    keptMs,
  });
  open.push(() => read.close());
});
afterAll(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const keep = (name: string, text: string): Promise<unknown> =>
  put(bed, secrets as Resource, {
    metadata: { name, namespace },
    data: { "tls.crt": Buffer.from(text).toString("base64") },
  });

/** What is known of each, as `name: state content`. */
const known = (...names: readonly string[]): readonly string[] =>
  [...read.want(new Set(names))].map(([name, { state, secret }]) => {
    const content = Buffer.from(secret?.data?.["tls.crt"] ?? "", "base64").toString();
    return `${name.slice(namespace.length + 1)}: ${state} ${content}`.trim();
  });

/** A Role for this Secret alone. */
async function allow(name: string): Promise<void> {
  const rule = { apiGroups: [""], resources: ["secrets"], resourceNames: [name], verbs: ["list", "watch"] };
  await put(bed, roles as Resource, { metadata: { name, namespace }, rules: [rule] } as never);
  await put(
    bed,
    roleBindings as Resource,
    {
      metadata: { name, namespace },
      roleRef: { apiGroup: rbac.group, kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name: "nephele-xds", namespace: "nephele-system" }],
    } as never,
  );
}

test("a Role for one Secret lets it be read, with its changes, and nothing beside it", async () => {
  await expect.poll(() => known(certificate, neighbour), soon).toEqual(["tls: forbidden", "keys: forbidden"]);

  await allow("tls");
  await expect.poll(() => known(certificate, neighbour), soon).toEqual(["tls: readable one", "keys: forbidden"]);

  await keep("tls", "two");
  await expect.poll(() => known(certificate, neighbour), soon).toContain("tls: readable two");
  await bed.kube.delete(secrets, { namespace, name: "tls" });
  await expect.poll(() => known(certificate, neighbour), soon).toEqual(["tls: readable", "keys: forbidden"]);
  // What is wanted no more is known no more.
  expect(known(neighbour)).toEqual(["keys: forbidden"]);
  // Asked for several times by now, and said once.
  expect(failures.filter((each) => each.startsWith("keys: "))).toHaveLength(1);
}, 120_000);

test("what is no name of an object is known not to be read, and asks the API server for nothing", async () => {
  asked.length = 0;
  const names = [`${namespace}/tls,x=y`, `${namespace}/a/b`, `${namespace}/other`];
  expect(known(...names)).toEqual(["tls,x=y: failed", "a/b: failed"]);
  // Control: for the one that is a name it is asked.
  await expect.poll(() => known(...names), soon).toContain("other: forbidden");
  expect(new Set(asked)).toEqual(new Set(["metadata.name=other"]));
});

test("a certificate that may be read no more is used on for a while, then let go, and read again once it may be", async () => {
  await keep("kept", "one");
  const name = `${namespace}/kept`;
  await expect.poll(() => known(name), soon).toEqual(["kept: forbidden"]);
  await allow("kept");
  await expect.poll(() => known(name), soon).toEqual(["kept: readable one"]);

  // Its Role is gone, which shows once its watch has ended: control, it is not let go at once.
  failures.length = 0;
  await bed.kube.delete(roles, { namespace, name: "kept" });
  cut.abort();
  cut = new AbortController();
  await expect.poll(() => failures.some((each) => each.includes("forbidden")), soon).toBe(true);
  expect(known(name)).toEqual(["kept: readable one"]);
  await expect.poll(() => known(name), soon).toEqual(["kept: forbidden"]);

  await allow("kept");
  await expect.poll(() => known(name), soon).toEqual(["kept: readable one"]);
}, 180_000);
