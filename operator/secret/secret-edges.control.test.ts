import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unique } from "#e2e/harness/bed.ts";
import { untilGone } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import { projects, secrets, servers } from "#operator/api/resources.ts";
import { graceMs } from "./sweep/decide.ts";
import { sweep } from "./sweep/sweep.ts";
import { sweepKeys } from "./testing/key-manager.ts";
import { idIn, openSecretBed, payloadOf, type SecretBed, type Team } from "./testing/secret-bed.ts";
import { copyOf, foreignSecret, generated, imported } from "./testing/specs.ts";

let bed: SecretBed;
let team: Team;
let other: Team;

beforeAll(async () => {
  bed = await openSecretBed();
  [team, other] = await Promise.all([bed.team(), bed.team()]);
});
afterAll(() => bed.close());

describe("secret", () => {
  test("dependency missing: what is not there yet is waited for by name", async () => {
    await team.apply("waits", copyOf("not-yet"));
    await team.until("waits", "False", "Progressing", /core Secret not-yet/);
    await team.core("not-yet", { another: "x" });
    await team.until(
      "waits",
      "False",
      "InvalidConfiguration",
      /key: core Secret not-yet has no key value; it has another/,
    );
    await team.core("not-yet", { value: "" });
    await team.until("waits", "False", "InvalidConfiguration", /is empty/);
    await team.core("not-yet", { value: "x".repeat(20_001) });
    await team.until("waits", "False", "InvalidConfiguration", /20001 bytes; Barbican keeps at most 20000/);
    await team.core("not-yet", { value: "here" });
    expect(await payloadOf(team, idIn(await team.version("waits", 1)))).toBe("here");
  });

  test("dependency missing: a user who does not exist is waited for, and the rest is done", async () => {
    const access = { project: false, users: [{ user: "late", domain: bed.domain.name }] };
    await team.apply("for-late", { ...generated, access });
    const waiting = await team.until("for-late", "False", "Progressing", /Keystone user late in domain/);
    expect(await team.barbican.acls.get(idIn(waiting))).toEqual({ projectAccess: false, users: [] });
    const { id } = await bed.domain.createUser("late");
    await team.compare("for-late");
    const ready = await team.until("for-late", "True", "Success");
    expect(await team.barbican.acls.get(idIn(ready))).toEqual({ projectAccess: false, users: [id] });
  });

  test("dependency missing: a namespace without a Project waits for one", async () => {
    await bed.kube.apply(
      secrets,
      {
        apiVersion: "nephele.dev/v1alpha1",
        kind: "Secret",
        metadata: { name: "lost", namespace: "default" },
        spec: generated,
      },
      { fieldOwner: "test", force: true },
    );
    const lost = async (): Promise<boolean> => {
      const found = await bed.kube.get(secrets, { namespace: "default", name: "lost" });
      return (
        found?.status?.conditions?.some(
          ({ message }) => message.includes("waiting") || message.includes("Project default"),
        ) === true
      );
    };
    await eventually("the Secret to say what it waits for", lost);
    await bed.kube.delete(secrets, { namespace: "default", name: "lost" });
    await untilGone(bed.kube, secrets, { namespace: "default", name: "lost" });
  });

  test("dependency deleted: the copied version stays while its core Secret is gone", async () => {
    await team.core("going", { value: "kept" });
    const before = await team.ready("keeps", copyOf("going"));
    await bed.kube.delete(coreSecrets, { namespace: team.name, name: "going" });
    const waiting = await team.until("keeps", "False", "Progressing", /core Secret going/);
    expect(idIn(waiting)).toBe(idIn(before));
    await team.core("going", { value: "kept" });
    const after = await team.until("keeps", "True", "Success");
    expect([idIn(after), after.status?.version]).toEqual([idIn(before), 1]);
  });

  test("conflict: a core Secret that somebody else made is not touched", async () => {
    await team.core("taken", { value: "mine" });
    await team.apply("collides", { ...generated, syncTo: { name: "taken" } });
    await team.until("collides", "False", "InvalidConfiguration", /spec.syncTo.name: core Secret taken exists/);
    // Versions do not pile up meanwhile: one is kept, and the one before it.
    for (const version of [2, 3, 4]) {
      await team.rotate("collides");
      await eventually(`version ${version}`, async () => (await team.get("collides"))?.status?.version === version);
    }
    await eventually(
      "old versions to go",
      async () => (await team.barbican.secrets.listByName("collides")).length <= 2,
    );
    expect((await team.getCore("taken"))?.data).toEqual({ value: Buffer.from("mine").toString("base64") });
  });

  test("conflict: a core Secret that Nephele made is no source", async () => {
    await team.ready("origin", { ...generated, syncTo: { name: "origin-synced" } });
    await team.apply("loops", copyOf("origin-synced"));
    await team.until("loops", "False", "InvalidConfiguration", /is made by Nephele/);
  });

  test("external deletion: a generated secret gets a new version, with an event", async () => {
    const before = await team.ready("deleted-outside", generated);
    await team.barbican.secrets.delete(idIn(before));
    await team.compare("deleted-outside");
    const after = await team.version("deleted-outside", 2);
    expect(await payloadOf(team, idIn(after))).toHaveLength(24);
    expect(after.status?.versions).toHaveLength(1);
    const told = await team.events("deleted-outside");
    expect(told.some((event) => event.startsWith("CorrectedDrift: The current version was deleted"))).toBe(true);
  });

  test("external deletion: a copied secret is made again under its number", async () => {
    await team.core("copied", { value: "again" });
    const before = await team.ready("copied", copyOf("copied"));
    await team.barbican.secrets.delete(idIn(before));
    await team.compare("copied");
    const after = await eventually("another secret in Barbican", async () => {
      const secret = await team.get("copied");
      return secret !== undefined && idIn(secret) !== idIn(before) ? secret : undefined;
    });
    expect([after.status?.version, await payloadOf(team, idIn(after))]).toEqual([1, "again"]);
  });

  test("external deletion: an imported secret that is gone cannot be made again", async () => {
    const id = await foreignSecret(team);
    await team.ready("import-gone", imported(id));
    await team.barbican.secrets.delete(id);
    await eventually("the Secret to say so", async () => {
      await team.compare("import-gone");
      const conditions = (await team.get("import-gone"))?.status?.conditions ?? [];
      return conditions.some(
        ({ type, status, reason }) => type === "Stalled" && status === "True" && reason === "UnrecoverableError",
      );
    });
  });

  test("external deletion: an ACL and a core Secret that somebody changed are as they should be again", async () => {
    const secret = await team.ready("drifts", { ...generated, syncTo: { name: "drifts" } });
    const payload = await payloadOf(team, idIn(secret));
    await team.barbican.acls.put(idIn(secret), { projectAccess: true, users: ["somebody"] });
    await bed.kube.mergePatch(
      coreSecrets,
      { namespace: team.name, name: "drifts" },
      { data: { value: "eA==", more: "eA==" } },
    );
    await team.compare("drifts");
    await eventually("both to be corrected", async () => {
      const acl = await team.barbican.acls.get(idIn(secret));
      const { data = {} } = (await team.getCore("drifts")) ?? {};
      const right = data["value"] === Buffer.from(payload ?? "").toString("base64") && Object.keys(data).length === 1;
      return acl?.users.length === 0 && right;
    });
    await bed.kube.delete(coreSecrets, { namespace: team.name, name: "drifts" });
    await eventually("the core Secret to be back", async () => (await team.getCore("drifts")) !== undefined);
  });

  test("service down: Barbican away, failing or talking nonsense is waited out, and nothing is made twice", async () => {
    for (const fault of [
      { kind: "down" },
      { kind: "answer", status: 500, body: "{}", contentType: "application/json" },
      { kind: "answer", status: 200, body: "<html>", contentType: "text/html" },
    ] as const) {
      const name = unique("away");
      bed.barbicanProxy.fault = fault;
      await team.apply(name, generated);
      await team.until(name, "False", "TransientError");
      bed.barbicanProxy.fault = undefined;
      await team.until(name, "True", "Success");
      expect(await team.barbican.secrets.listByName(name)).toHaveLength(1);
    }
  });

  test("service down: what is Ready stays Ready", async () => {
    await team.ready("stays", generated);
    bed.barbicanProxy.fault = { kind: "down" };
    await team.compare("stays");
    await eventually("the trouble to be told", async () =>
      (await team.get("stays"))?.status?.conditions?.some(
        ({ type, reason }) => type === "Reconciling" && reason === "TransientError",
      ),
    );
    const ready = (await team.get("stays"))?.status?.conditions?.find(({ type }) => type === "Ready");
    bed.barbicanProxy.fault = undefined;
    expect(ready?.status).toBe("True");
  });

  test("delete: Barbican and the core Secret hold nothing of it any more", async () => {
    await team.ready("deleted", { ...generated, syncTo: { name: "deleted" } });
    await team.remove("deleted");
    expect(await team.barbican.secrets.listByName("deleted")).toEqual([]);
    await untilGone(bed.kube, coreSecrets, { namespace: team.name, name: "deleted" });
  });

  test("delete: a Secret that a Server uses is known as used, and waits until it is not", async () => {
    const files = [{ path: "/etc/password", secretRef: { name: "in-use" } }];
    const server = {
      apiVersion: "nephele.dev/v1alpha1",
      kind: "Server",
      metadata: { name: "web-1", namespace: team.name },
    };
    const spec = { flavorRef: { name: "none" }, imageRef: { name: "none" }, files };
    await team.ready("in-use", generated);
    await bed.kube.apply(servers, { ...server, spec }, { fieldOwner: "test", force: true });
    const used = await eventually("the Server to be named", async () => {
      const secret = await team.get("in-use");
      return secret?.status?.usedBy === 1 ? secret : undefined;
    });
    expect(used.status?.consumers).toEqual([{ kind: "Server", name: "web-1" }]);
    expect((await team.barbican.secrets.get(idIn(used)))?.consumers).toMatchObject([{ service: "nephele.dev" }]);
    await expect(team.barbican.secrets.delete(idIn(used))).rejects.toThrow(/consumers/);
    await bed.kube.delete(secrets, { namespace: team.name, name: "in-use" });
    await eventually("the deletion to say whom it waits for", async () =>
      (await team.get("in-use"))?.status?.conditions?.some(({ message }) =>
        message.includes("waiting for Server web-1"),
      ),
    );
    await bed.kube.delete(servers, { namespace: team.name, name: "web-1" });
    await untilGone(bed.kube, secrets, { namespace: team.name, name: "in-use" });
    expect(await team.barbican.secrets.listByName("in-use")).toEqual([]);
  });

  test("retain: the versions stay in Barbican", async () => {
    const secret = await team.ready("stays-behind", {
      ...generated,
      onDelete: "Retain",
      syncTo: { name: "stays-behind" },
    });
    await team.remove("stays-behind");
    expect(await payloadOf(team, idIn(secret))).toHaveLength(24);
    await untilGone(bed.kube, coreSecrets, { namespace: team.name, name: "stays-behind" });
  });

  test("retain: said while the Project is disabled, it is waited for until Barbican can be told", async () => {
    const before = await other.ready("told-late", generated);
    await bed.kube.mergePatch(projects, { name: other.name }, { spec: { enabled: false } });
    await other.until("told-late", "False", "ProjectDisabled");
    await other.apply("told-late", { ...generated, onDelete: "Retain" });
    await eventually("the status to speak of it", async () => {
      const { status, metadata } = (await other.get("told-late")) ?? {};
      return status?.observedGeneration === metadata?.generation;
    });
    const key = { namespace: other.name, name: "told-late" };
    await bed.kube.delete(secrets, key);
    await eventually("the deletion to say what it waits for", async () =>
      (await other.get("told-late"))?.status?.conditions?.some(({ message }) =>
        message.includes("to be enabled again"),
      ),
    );
    await bed.kube.mergePatch(projects, { name: other.name }, { spec: { enabled: true } });
    await untilGone(bed.kube, secrets, key);
    // Barbican takes a token that it knows for some minutes more; a new one is given when Keystone has heard.
    const id = idIn(before);
    await eventually("tokens to be given again", async () => (await other.barbican.secrets.get(id)) !== undefined);
    const keys = await sweepKeys(bed.clients, other.projectId);
    expect(JSON.stringify(await keys.metadata(id))).toMatch(/retain/i);
    await other.barbican.secrets.delete(id);
  });

  test("paused: nothing is done until the annotation goes", async () => {
    await team.apply("paused", generated, { "nephele.dev/paused": "true" });
    await eventually("the Secret to say that it is paused", async () =>
      (await team.get("paused"))?.status?.conditions?.some(({ reason }) => reason === "Paused"),
    );
    expect(await team.barbican.secrets.listByName("paused")).toEqual([]);
    await team.ready("paused", generated);
  });

  test("disabled: Secrets of a disabled Project say so, can be deleted, and what stays is swept later", async () => {
    const before = await other.ready("of-disabled", generated);
    await bed.kube.mergePatch(projects, { name: other.name }, { spec: { enabled: false } });
    await other.until("of-disabled", "False", "ProjectDisabled");
    await bed.kube.delete(secrets, { namespace: other.name, name: "of-disabled" });
    await untilGone(bed.kube, secrets, { namespace: other.name, name: "of-disabled" });
    await bed.kube.mergePatch(projects, { name: other.name }, { spec: { enabled: true } });
    const id = idIn(before);
    await eventually("tokens to be given again", async () => (await other.barbican.secrets.get(id)) !== undefined);

    const keys = await sweepKeys(bed.clients, other.projectId);
    const objects = await bed.kube.list(secrets);
    const now = new Date();
    const input = { keys, installation: "local", secrets: objects, graceMs: 10 * 60_000 };
    const first = await sweep({ ...input, listed: await keys.list(), memory: undefined, now });
    expect(first.removed).toEqual([]);
    const theirs = await foreignSecret(other);
    const later = new Date(now.getTime() + 10 * 60_000);
    // In a Cloud that came back out of a backup it is told, and stays.
    const restored = { ...input, graceMs: graceMs(now.toISOString(), now.toISOString(), later), memory: first.memory };
    const kept = await sweep({ ...restored, listed: await keys.list(), now: later });
    expect(kept).toMatchObject({ removed: [], kept: [`${other.name}/of-disabled version 1`] });
    expect(await other.barbican.secrets.get(id)).toBeDefined();
    const second = await sweep({ ...input, listed: await keys.list(), memory: first.memory, now: later });
    expect(second.removed).toEqual([`${other.name}/of-disabled version 1`]);
    expect(await other.barbican.secrets.get(id)).toBeUndefined();
    expect(await payloadOf(other, theirs)).toBe("theirs");
  });
});
