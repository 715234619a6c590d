import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openPki } from "#e2e/cluster/pki.ts";
import { unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import { gateways } from "#operator/api/gateway-api.ts";
import { clouds } from "#operator/api/resources.ts";
import { httpRoutes } from "#operator/cloud/resources.ts";
import { images } from "../../images/build.ts";
import {
  administratorOf,
  asAdministrator,
  at,
  type CloudBed,
  MINUTES,
  openCloudBed,
  team,
} from "../scenarios/cloud-bed.ts";
import { ADMINISTRATION, IN_DISGUISE, WITH_ESCAPED_SLASHES } from "../scenarios/edge-refusals.ts";
import { askWhile, credentialIn, expectOneReplacement, outagesWhile } from "../scenarios/tenant-requests.ts";
import { type EdgeClients, type EdgeRequest, openEdgeClients } from "./edge-clients.ts";
import { killInPod } from "./kill-in-pod.ts";

/** A Cloud that is given an edge, and then sidecars, and people who come to it from outside of the cluster. */

const HOSTNAME = "cloud.test";
const CERTIFICATE = "cloud-tls";
const URL = `https://${HOSTNAME}`;
const GATEWAYS = [
  ...["spire.enabled=true", "spire.trustDomain=cloud.test", "xds.enabled=true"],
  ...["gateways.enabled=true", "gateways.serviceType=ClusterIP"],
];
const EDGE = [
  `cloud.spec.gateway.hostnames={${HOSTNAME}}`,
  `cloud.spec.gateway.certificateSecretRef.name=${CERTIFICATE}`,
];
/** Who ask at the same time. */
const CLIENTS = 12;
const PROXIES = "gateway.networking.k8s.io/gateway-name=default-edge";
const print = (line: string): void => void process.stderr.write(`${line}\n`);
const folder = mkdtempSync(join(tmpdir(), "edge-"));

let bed: CloudBed;
let edge: EdgeClients;
/** As the tenant's Project has it. */
let tenant: Readonly<Record<string, string>>;
let administrator: Readonly<Record<string, string>>;

beforeAll(async () => {
  bed = await openCloudBed(inject("nodeStateDir"));
  await bed.node.importImages(await images(["spire", "envoy"], print));
  const authority = await openPki(folder).authority("ca", "people's authority");
  const { certificate, key } = await authority.issue({ commonName: HOSTNAME, dnsNames: [HOSTNAME] });
  const stringData = { "tls.crt": certificate, "tls.key": key, "ca.crt": authority.certificate };
  const secret = { apiVersion: "v1", kind: "Secret", metadata: at(CERTIFICATE), type: "kubernetes.io/tls", stringData };
  await bed.kube.apply(coreSecrets, secret, { fieldOwner: "test", force: true });
  await bed.release.upgrade("9m", [...GATEWAYS, ...EDGE]);
  edge = await openEdgeClients(bed.node, { gateway: "default-edge", hostname: HOSTNAME, authority });
  const { id = "", secret: password = "" } = await credentialIn(bed.node, team);
  tenant = {
    OS_AUTH_TYPE: "v3applicationcredential",
    OS_AUTH_URL: `${URL}/identity/v3`,
    OS_APPLICATION_CREDENTIAL_ID: id,
    OS_APPLICATION_CREDENTIAL_SECRET: password,
  };
  administrator = { ...(await administratorOf(bed.kube, "default")), OS_AUTH_URL: `${URL}/identity/v3` };
}, 25 * MINUTES);

afterAll(async () => {
  await edge?.close();
  // Other files find the Cloud as the chart makes it by itself.
  await bed?.release.upgrade();
  await bed?.kube.delete(coreSecrets, at(CERTIFICATE));
  await bed?.close();
  rmSync(folder, { recursive: true });
}, 10 * MINUTES);

/** The tenant's login, as large as is said. */
function tenantsLogin(bytes = 0): EdgeRequest {
  const { OS_APPLICATION_CREDENTIAL_ID: id, OS_APPLICATION_CREDENTIAL_SECRET: secret } = tenant;
  const identity = { methods: ["application_credential"], application_credential: { id, secret } };
  const headers = { "content-type": "application/json" };
  return { method: "POST", headers, body: JSON.stringify({ auth: { identity } }).padEnd(bytes) };
}

/** A token of the tenant's, by the edge. */
async function login(): Promise<string> {
  const answer = await edge.ask("/identity/v3/auth/tokens", tenantsLogin());
  expect(answer.status).toBe(201);
  return String(answer.headers["x-subject-token"]);
}

/** How often a pod's container was started again. */
async function restartsOf(name: string): Promise<number> {
  const pod = (await bed.podsOf(PROXIES)).find(({ metadata }) => metadata.name === name);
  return pod?.status?.containerStatuses?.[0]?.restartCount ?? 0;
}

async function ok(...args: readonly string[]): Promise<string> {
  const { ok: well, text } = await edge.openstack(tenant, ...args);
  if (!well) throw new Error(`openstack ${args[0]} ${args[1]}: ${text}`);
  return text.trim();
}

const untilServed = (how: RegExp) =>
  untilCondition(bed.kube, clouds, at("default"), { type: "GatewayReady", status: "True", message: how }, 5 * MINUTES);

test(
  "sidecars come to the pods behind the edge: it goes over to mutual TLS, and no request is lost but while PostgreSQL's only pod is replaced",
  async () => {
    await untilServed(/calls the services in clear text inside the cluster$/);
    const headers = { "x-auth-token": await login() };
    const { answered, outages } = await outagesWhile(
      async () => {
        for (const path of ["/identity/v3/auth/projects", "/key-manager/v1/secrets"]) {
          const { status } = await edge.ask(path, { headers });
          if (status !== 200) throw new Error(`${path} ${status}`);
        }
      },
      async () => {
        await bed.release.upgrade("9m", [...GATEWAYS, "cloudSidecars.enabled=true", ...EDGE]);
        await untilServed(/calls the services by mutual TLS$/);
      },
    );
    print(`sidecars came behind the edge: ${answered * 2} requests answered; not answered: ${JSON.stringify(outages)}`);
    expect(answered).toBeGreaterThan(5);
    expectOneReplacement(outages);
  },
  20 * MINUTES,
);

describe("the stock client, from outside of the cluster", () => {
  test(
    "logs in, sees its project, keeps a secret and gets it back, by addresses of the edge alone",
    async () => {
      expect(await ok("token", "issue", "-f", "value", "-c", "project_id")).toMatch(/^[0-9a-f]{32}$/);
      expect(await ok("project", "list", "-f", "value", "-c", "Name")).toBe(team);
      const name = unique("secret");
      const payload = unique("payload");
      const href = await ok("secret", "store", "-n", name, "-p", payload, "-f", "value", "-c", "Secret href");
      expect(href).toMatch(new RegExp(`^${URL}/key-manager/v1/secrets/[0-9a-f-]{36}$`));
      expect(await ok("secret", "get", "--payload", href, "-f", "value", "-c", "Payload")).toBe(payload);
      await ok("secret", "delete", href);
      const catalog = await ok("catalog", "list", "-f", "json");
      expect(catalog).toContain(`${URL}/identity/v3`);
      expect(catalog).toContain("http://default-keystone.nephele-system.svc:5000/v3");
    },
    5 * MINUTES,
  );

  test(
    "and trusts it by its certificate alone",
    async () => {
      const { ok: well, text } = await edge.openstack({ ...tenant, OS_CACERT: "" }, "token", "issue");
      expect(well).toBe(false);
      expect(text).toMatch(/certificate verify failed/);
    },
    MINUTES,
  );

  test(
    "is not let to administration, whoever it is: what there is inside there is not outside",
    async () => {
      for (const args of [
        ["user", "list"],
        ["endpoint", "list"],
        ["project", "create", unique("project")],
      ]) {
        const { ok: well, text } = await edge.openstack(administrator, ...args);
        expect(`${args.join(" ")}: ${well} ${text}`).toMatch(/: false [\s\S]*404/);
      }
      // Control: the same administrator, by the same edge, is who he is; and inside he administers.
      const issued = await edge.openstack(administrator, "token", "issue", "-f", "value", "-c", "id");
      expect(issued.ok).toBe(true);
      const inside = await asAdministrator(
        bed,
        "default",
        ...["--os-interface", "internal", "user", "list"],
        "-c",
        "Name",
      );
      expect(inside.split("\n")).toContain("admin");
    },
    3 * MINUTES,
  );
});

test(
  "a Project's clouds.yaml leads to the edge, and has its authority",
  async () => {
    await eventually(
      "the Project's clouds.yaml to name the edge",
      async () => {
        const { data = {} } = (await bed.kube.get(coreSecrets, { namespace: team, name: "clouds" })) ?? {};
        const text = (key: string): string => Buffer.from(data[key] ?? "", "base64").toString();
        return text("clouds.yaml").includes(`${URL}/identity/v3`) && text("ca.crt").includes("BEGIN CERTIFICATE");
      },
      { withinMs: 3 * MINUTES },
    );
  },
  4 * MINUTES,
);

describe("what comes to the edge", () => {
  test("is told of addresses at which it came", async () => {
    const versions = await edge.ask("/identity/v3", {
      headers: { "x-forwarded-host": "evil.test", forwarded: "host=evil.test" },
    });
    expect(JSON.parse(versions.text)).toMatchObject({ version: { links: [{ href: `${URL}/identity/v3/` }] } });
    expect((await edge.ask("/key-manager/")).text).toContain(`${URL}/key-manager/v1/`);
    // Control: in the cluster, where nobody takes the header away, it has its effect.
    const keystone = "http://default-keystone.nephele-system.svc:5000/v3";
    const { text } = await bed.node.atNode("curl", ["-s", "-H", "X-Forwarded-Host: evil.test", keystone]);
    expect(text).toContain("evil.test");
  });

  test("is nobody without a token, whatever its headers say", async () => {
    const forged = {
      "x-identity-status": "Confirmed",
      "x-project-id": "0".repeat(32),
      "x-user-id": "0".repeat(32),
      "x-roles": "admin,creator",
      "x-is-admin-project": "True",
      "x-forwarded-client-cert": "URI=spiffe://cloud.test/ns/nephele-system/sa/nephele-operator",
    };
    const refused = await edge.ask("/key-manager/v1/secrets", { headers: forged });
    expect(refused.status).toBe(401);
    expect(refused.headers["www-authenticate"]).toContain(`Keystone uri="${URL}/identity"`);
    expect((await edge.ask("/identity/v3/auth/projects", { headers: forged })).status).toBe(401);
    // Control: with a token it is somebody.
    const headers = { ...forged, "x-auth-token": await login() };
    expect((await edge.ask("/key-manager/v1/secrets", { headers })).status).toBe(200);
  });

  test("and is not on the list is answered with 404, by paths in disguise too", async () => {
    const headers = { "x-auth-token": await login() };
    const status = async (path: string): Promise<number> => (await edge.ask(path, { headers })).status;
    for (const path of [...ADMINISTRATION, ...IN_DISGUISE]) expect(`${path} ${await status(path)}`).toBe(`${path} 404`);
    for (const path of WITH_ESCAPED_SLASHES) expect(`${path} ${await status(path)}`).toBe(`${path} 400`);
    // Control: what is on it, by whatever path.
    expect(await status("/key-manager/v1/orders/../secrets")).toBe(200);
    expect(await status("/identity/v3/auth/projects")).toBe(200);
  });

  test("is refused where it is too large", async () => {
    const padded = async (bytes: number): Promise<number> =>
      (await edge.ask("/identity/v3/auth/tokens", tenantsLogin(bytes))).status;
    expect(await padded(200_000)).toBe(413);
    // Control: it is the size.
    expect(await padded(1_000)).toBe(201);
  });
});

test(
  "one of the edge's proxies is killed under load: nobody who tries again on a lost connection is failed",
  async () => {
    const names = await bed.readyOf(PROXIES);
    expect(names).toHaveLength(2);
    const [victim = ""] = names;
    const servesAgain = async (): Promise<boolean> =>
      (await restartsOf(victim)) > 0 && (await bed.readyOf(PROXIES)).includes(victim);
    const headers = { "x-auth-token": await login() };
    let of = "before the kill";
    // By connections that are kept, so that each of both pods has some: one of those that are lost with it is a request's.
    const ask = async (): Promise<void> => {
      const { status } = await edge.ask("/key-manager/v1/secrets", { headers });
      if (status !== 200) throw new Error(`${status} ${of}`);
    };
    const before = edge.retried();
    const { answered, errors } = await askWhile(
      () => Promise.all(Array.from({ length: CLIENTS }, ask)),
      async () => {
        await Promise.all(Array.from({ length: CLIENTS }, ask));
        of = "after the kill";
        await killInPod(bed.node, victim, "envoy");
        await eventually("the killed one to serve again", servesAgain, { withinMs: 3 * MINUTES });
      },
    );
    const lost = edge.retried() - before;
    print(
      `a proxy of the edge was killed: ${answered * CLIENTS} requests answered, ${lost} tried again, ${errors.length} failed`,
    );
    expect(errors).toEqual([]);
    expect(answered).toBeGreaterThan(5);
    // Control: without another try they would have failed. So it did serve, and was killed.
    expect(lost).toBeGreaterThan(0);
  },
  6 * MINUTES,
);

test(
  "taken out of the spec it goes, and the catalog is as it was; a certificate for another name is told",
  async () => {
    await bed.kube.mergePatch(clouds, at("default"), { spec: { gateway: { hostnames: ["other.test"] } } });
    await untilCondition(bed.kube, clouds, at("default"), {
      ...{ type: "GatewayReady", status: "False" },
      message: /a certificate for other\.test: the one in core Secret cloud-tls is not for this name/,
    });
    // Until the edge serves as it is wanted now, the catalog is as it was.
    expect((await bed.cloud()).status?.endpoints?.identity).toBe(`${URL}/identity/v3`);
    await bed.kube.mergePatch(clouds, at("default"), { spec: { gateway: null } });
    const cloud = await untilReady(bed.kube, clouds, at("default"), 5 * MINUTES);
    expect(cloud.status?.endpoints?.identity).toBe("http://default-keystone.nephele-system.svc:5000/v3");
    await untilGone(bed.kube, gateways, at("default-edge"), 2 * MINUTES);
    await untilGone(bed.kube, httpRoutes, at("default-edge-identity"), 2 * MINUTES);
    expect(await bed.podsOf(PROXIES)).toEqual([]);
    expect(await asAdministrator(bed, "default", "endpoint", "list", "-c", "URL")).not.toContain(HOSTNAME);
  },
  12 * MINUTES,
);
