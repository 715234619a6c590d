import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { run } from "#e2e/harness/run.ts";
import { identityProbe, type Seen, seenBy } from "#e2e/node/identity-probe.ts";
import { coreSecrets, pods } from "#operator/api/foreign.ts";
import { clouds } from "#operator/api/resources.ts";
import { configMaps, serviceAccounts } from "#operator/cloud/resources.ts";
import { trustNames } from "#operator/install/trust/decide.ts";
import { makeRoot } from "#operator/install/trust/root-certificate.ts";
import { isTrue } from "#runtime/api/conditions.ts";
import { isDeleting } from "#runtime/api/object.ts";
import { images } from "../../images/build.ts";
import { at, type CloudBed, MINUTES, OPERATOR, openCloudBed, partOf } from "./cloud-bed.ts";

/** SPIRE as the chart deploys it, on a real node: who is given an identity, by whom, and what outlasts what. */

const TRUST_DOMAIN = "cloud.test";
const SOCKET_FOLDER = "/run/nephele/spire-agent";
/** As short as the chart allows, so that they end while the test looks on. Seconds. */
const [leafSeconds, intermediateSeconds] = [30, 90];
const SPIRE = [
  "spire.enabled=true",
  `spire.trustDomain=${TRUST_DOMAIN}`,
  `spire.lifetimes.leafSeconds=${leafSeconds}`,
  `spire.lifetimes.intermediateSeconds=${intermediateSeconds}`,
  // It listens by its own identity, or not at all.
  "xds.enabled=true",
];
const [AGENT, SERVER] = ["agent", "server"].map((part) => `app.kubernetes.io/component=spire-${part}`) as [
  string,
  string,
];
const probe = { namespace: systemNamespace, name: "identity-probe" };
const [registered, other] = ["envoy", "other"];
const setup = at("default-setup");

let bed: CloudBed;
const print = (line: string): void => void process.stderr.write(`${line}\n`);

beforeAll(async () => {
  bed = await openCloudBed(inject("nodeStateDir"));
  await bed.node.importImages(await images(["spire"], print));
  await bed.release.upgrade("5m", SPIRE);
  // The operator that leads until the new one does answers the new revision's check, too.
  await untilRegistered("True", 3 * MINUTES);
  await untilReady(bed.kube, clouds, at("default"), 3 * MINUTES);
  const [nephele] = await images(["nephele"], print);
  const options = {
    ...probe,
    serviceAccount: "default-keystone",
    containers: [registered, other],
    socketFolder: SOCKET_FOLDER,
    image: nephele?.reference ?? "",
  };
  await bed.kube.create(pods, identityProbe(options) as never);
}, 15 * MINUTES);

afterAll(async () => {
  await bed?.kube.delete(pods, probe);
  // Other files find the Cloud as the chart makes it by itself.
  await bed?.release.upgrade();
  await bed?.close();
}, 10 * MINUTES);

const certificates = ({ chain = [] }: Seen): readonly X509Certificate[] => chain.map((pem) => new X509Certificate(pem));
/** When each certificate of a chain ends, leaf first. */
const endsOf = (seen: Seen): readonly number[] => certificates(seen).map(({ validToDate }) => validToDate.getTime());

/** What the registered container was given after a moment. */
function givenAfter(moment: number, withinMs = MINUTES): Promise<Seen> {
  return eventually(
    `an identity of after ${new Date(moment).toISOString()}`,
    async () => {
      const last = (await seenBy(bed.node, probe, registered)).findLast(({ id }) => id !== undefined);
      const [leaf] = last === undefined ? [] : certificates(last);
      // SPIRE dates its certificates ten seconds back.
      return leaf !== undefined && leaf.validFromDate.getTime() + 11_000 > moment ? last : undefined;
    },
    { withinMs },
  );
}

/** What OpenSSL says of a chain. */
async function verified(seen: Seen, root: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "chain-"));
  try {
    const [leaf = "", ...between] = seen.chain ?? [];
    const files = { leaf, intermediate: between.join(""), root };
    for (const [name, pem] of Object.entries(files)) writeFileSync(join(folder, name), pem);
    const named = (name: string): string => join(folder, name);
    const chain = ["-CAfile", named("root"), "-untrusted", named("intermediate"), named("leaf")];
    return (await run("openssl", ["verify", "-show_chain", "-x509_strict", ...chain])).text;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const rootNow = async (): Promise<string> =>
  (await bed.kube.get(configMaps, at(trustNames.bundle)))?.data?.["root.crt"] ?? "";
const untilRegistered = (status: "True" | "False", withinMs = MINUTES) =>
  untilCondition(bed.kube, clouds, at("default"), { type: "WorkloadsRegistered", status }, withinMs);
const scaleServer = (replicas: number) =>
  bed.node.run("scale", "statefulset/nephele-spire-server", `-n=${systemNamespace}`, `--replicas=${replicas}`);

describe("who is given an identity", () => {
  test("a container that is registered; another one of the same pod is nobody", async () => {
    const { id, chain } = await givenAfter(0);
    expect(id).toBe(`spiffe://${TRUST_DOMAIN}/ns/${systemNamespace}/sa/default-keystone`);
    expect(chain).toHaveLength(2);
    const nobody = await eventually("the other container to be answered", async () => {
      const seen = await seenBy(bed.node, probe, other);
      return seen.length > 3 && seen;
    });
    expect(new Set(nobody.map(({ id: none }) => none))).toEqual(new Set([undefined]));
    expect(nobody.at(-1)?.problem).toContain("it has no identity for this process");
  });

  test("it ends in the installation's root over one intermediate, as OpenSSL sees it; in another root it does not", async () => {
    const seen = await givenAfter(0);
    const root = await rootNow();
    const said = await verified(seen, root);
    expect(said).toContain("leaf: OK");
    expect(said.match(/^depth=/gm)).toHaveLength(3);
    expect(seen.roots).toEqual([root]);
    expect(await verified(seen, makeRoot(TRUST_DOMAIN, new Date()).certificate)).toContain("error");
    const [leaf, intermediate] = certificates(seen);
    const life = (certificate: X509Certificate | undefined): number =>
      ((certificate?.validToDate.getTime() ?? 0) - (certificate?.validFromDate.getTime() ?? 0)) / 1000;
    expect([leaf?.ca, intermediate?.ca]).toEqual([false, true]);
    // Dated back by ten seconds.
    expect(life(leaf)).toBeLessThanOrEqual(leafSeconds + 10);
    expect(life(intermediate)).toBeLessThanOrEqual(intermediateSeconds + 10);
  });

  test("the xDS control plane, which does not serve before it is somebody", async () => {
    const component = "app.kubernetes.io/component=xds-control-plane";
    await eventually("two pods that serve", async () => (await bed.readyOf(component)).length === 2, {
      withinMs: 2 * MINUTES,
    });
    const [name = ""] = await bed.readyOf(component);
    const said = await bed.node.run("logs", name, `--namespace=${systemNamespace}`);
    expect(said).toContain(`/ns/${systemNamespace}/sa/nephele-xds`);
  });

  test("the Cloud says so, is Ready, and its pods are of accounts of their own", async () => {
    const { status } = await untilRegistered("True");
    expect(isTrue(status?.conditions, "Ready")).toBe(true);
    expect(status?.conditions?.find(({ type }) => type === "WorkloadsRegistered")?.message).toBe(
      `5 workloads are registered in ${TRUST_DOMAIN}, whose root has its key on disk: for trials`,
    );
    // Those that were replaced may not have ended yet.
    const keystone = (await bed.podsOf(partOf("default", "keystone"))).filter((pod) => !isDeleting(pod));
    expect(keystone.map(({ spec }) => spec?.serviceAccountName)).toEqual(["default-keystone", "default-keystone"]);
  });
});

/** Keys of the entries that the server holds of a Cloud, as its own program shows them. */
async function entriesOf(cloud: string): Promise<readonly string[]> {
  const show = ["spire-server", "entry", "show", "-socketPath", "/run/spire/private/api.sock", "-output", "json"];
  const server = [`--namespace=${systemNamespace}`, "nephele-spire-server-0", "--container=server"];
  const { entries } = JSON.parse(await bed.node.run("exec", ...server, "--", ...show)) as {
    readonly entries: readonly { readonly id: string }[];
  };
  const prefix = `nephele_cloud_${systemNamespace}_${cloud}_`;
  return entries.flatMap(({ id }) => (id.startsWith(prefix) ? [id.slice(prefix.length)] : [])).sort();
}

test(
  "a Cloud that is deleted takes its own entries along, and no others",
  async () => {
    const before = await entriesOf("default");
    expect(before).toEqual(["barbican", "keystone", "memcached", "postgresql", "setup"]);
    const spec = { region: "RegionOne", release: "2026.2", identity: {}, keyManager: {}, onDelete: "Delete" };
    await bed.kube.create(clouds, {
      apiVersion: "nephele.dev/v1alpha1",
      kind: "Cloud",
      metadata: at("brief"),
      spec: { ...spec, protected: false },
    });
    const registeredNow = { type: "WorkloadsRegistered", status: "True" };
    await untilCondition(bed.kube, clouds, at("brief"), registeredNow, MINUTES);
    // PostgreSQL's too, though Clouds of one namespace share its account.
    expect(await entriesOf("brief")).toEqual(before);
    await bed.kube.delete(clouds, at("brief"));
    await untilGone(bed.kube, clouds, at("brief"), 3 * MINUTES);
    expect(await entriesOf("brief")).toEqual([]);
    expect(await entriesOf("default")).toEqual(before);
  },
  6 * MINUTES,
);

/** Whether a container of the release's namespace gets a connection to SPIRE's server. */
async function reachesServer(...container: readonly string[]): Promise<string> {
  const program = `
    const socket = require("net").connect(8081, "nephele-spire-server.${systemNamespace}.svc");
    const say = (what) => { console.log(what); process.exit(); };
    socket.on("connect", () => say("reached")).on("error", () => say("refused")).setTimeout(3000, () => say("no answer"));
  `;
  const said = await bed.node.run(
    "exec",
    `--namespace=${systemNamespace}`,
    ...container,
    "--",
    "node",
    "--eval",
    program,
  );
  return said.trim();
}

test("SPIRE's server is reached by the operator, and by no other pod of the namespace than agents", async () => {
  const [operator = ""] = await bed.readyOf(OPERATOR);
  expect(await reachesServer(operator)).toBe("reached");
  expect(await reachesServer(probe.name, `--container=${other}`)).not.toBe("reached");
});

describe("what outlasts what", () => {
  test(
    "agents and server that are killed: the workload is renewed by what takes their place",
    async () => {
      await bed.kill(AGENT);
      await givenAfter(Date.now(), 2 * MINUTES);
      await bed.kill(SERVER);
      await givenAfter(Date.now(), 2 * MINUTES);
      const { status } = (await bed.kube.get(pods, probe)) ?? {};
      expect(status?.containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([0, 0]);
    },
    5 * MINUTES,
  );

  test(
    "the server away for longer than leaf and intermediate live: the Cloud says so and goes on, and all is there again with the server",
    async () => {
      const before = await givenAfter(Date.now());
      await scaleServer(0);
      const { status } = await untilRegistered("False", 2 * MINUTES);
      expect(isTrue(status?.conditions, "Ready")).toBe(true);
      expect(status?.conditions?.find(({ type }) => type === "WorkloadsRegistered")?.message).toMatch(
        /^Waiting for SPIRE's server \(.*\)\. What it has issued is good until it expires/,
      );
      // Whose identity cannot be registered is not made: without its account there is no pod.
      await bed.kube.delete(serviceAccounts, setup);
      const notReady = { type: "Ready", status: "False", message: /SPIRE's server/ };
      await untilCondition(bed.kube, clouds, at("default"), notReady, MINUTES);
      expect(await bed.kube.get(serviceAccounts, setup)).toBeUndefined();
      const last = (await seenBy(bed.node, probe, registered)).findLast(({ id }) => id !== undefined) ?? before;
      const over = Math.max(...endsOf(last));
      await eventually("every certificate to have ended", async () => Date.now() > over + 1_000, {
        withinMs: 2 * intermediateSeconds * 1_000,
      });
      expect(await verified(last, await rootNow())).toContain("certificate has expired");
      await scaleServer(1);
      const after = await givenAfter(over, 4 * MINUTES);
      expect(await verified(after, await rootNow())).toContain("leaf: OK");
      await untilRegistered("True", 2 * MINUTES);
      await untilReady(bed.kube, clouds, at("default"), 2 * MINUTES);
      expect(await bed.kube.get(serviceAccounts, setup)).toBeDefined();
    },
    10 * MINUTES,
  );
});

describe("what never changes", () => {
  test(
    "the trust domain: an upgrade to another is refused",
    async () => {
      const changed = [...SPIRE, "spire.trustDomain=other.test"];
      await expect(bed.release.upgrade("60s", changed)).rejects.toThrow(
        /spire\.trustDomain is other\.test, and this installation's is cloud\.test/,
      );
    },
    2 * MINUTES,
  );

  test(
    "the root: one that is lost is not made anew; put back, the same upgrade succeeds",
    async () => {
      const root = await bed.kube.get(coreSecrets, at(trustNames.root));
      if (root === undefined) throw new Error("there is no root");
      await bed.kube.delete(coreSecrets, at(trustNames.root));
      await untilGone(bed.kube, coreSecrets, at(trustNames.root));
      try {
        await expect(bed.release.upgrade("90s", SPIRE)).rejects.toThrow(/nephele-spire-trust/);
        expect(await bed.kube.get(coreSecrets, at(trustNames.root))).toBeUndefined();
        const said = await bed.node.run("logs", "-n", systemNamespace, "job/nephele-spire-trust");
        expect(said).toContain("put it back from a backup");
      } finally {
        const { type, data, immutable } = root;
        await bed.kube.create(coreSecrets, {
          ...{ apiVersion: "v1", kind: "Secret", type, data, immutable },
          metadata: { ...at(trustNames.root), labels: root.metadata.labels ?? {} },
        });
      }
      await bed.release.upgrade("3m", SPIRE);
      await untilReady(bed.kube, clouds, at("default"));
    },
    6 * MINUTES,
  );
});
