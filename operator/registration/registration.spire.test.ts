import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "#e2e/harness/eventually.ts";
import { Spire } from "#e2e/spire/spire.ts";
import { SpireError } from "#operator/clients/spire/spire-error.ts";
import { SpireServer } from "#operator/clients/spire/spire-server.ts";
import { entryId, ownerOfCloud } from "./entry-id.ts";
import { register } from "./register.ts";
import { type Workload, workloadEntry } from "./workload.ts";

const TRUST_DOMAIN = "cloud.test";
const OPERATOR = "/ns/nephele-system/sa/nephele-operator";
const owner = ownerOfCloud({ namespace: "nephele-system", name: "default" });
const graceMs = 600_000;
const start = new Date();
const soon = { timeout: 40_000, interval: 100 };

let spire: Spire;
let operator: SpireServer;
const stop = new AbortController();

beforeAll(async () => {
  spire = await Spire.start({ trustDomain: TRUST_DOMAIN, admins: [OPERATOR] });
  await spire.enter(OPERATOR);
  operator = serverOf(spire);
  await eventually("the operator's identity", async () => (await operator.use((api) => api.list())).length > 0);
}, 300_000);
afterAll(async () => {
  stop.abort();
  await spire?.stop();
});

type Reached = Pick<Spire, "serverAddress" | "address">;
function serverOf({ serverAddress: server, address: workloadApi }: Reached, trustDomain = TRUST_DOMAIN): SpireServer {
  return new SpireServer({ trustDomain, server, workloadApi, rootOnDisk: true }, stop.signal);
}

const workload = (part: string): Workload => ({
  name: part,
  namespace: "nephele-system",
  serviceAccount: `default-${part}`,
  container: "envoy",
});
const entriesOf = (...parts: readonly string[]) =>
  parts.map((part) => workloadEntry(TRUST_DOMAIN, owner, workload(part)));
const registerParts = (parts: readonly string[], now = start) =>
  operator.use((api) => register(api, { owner, wanted: entriesOf(...parts), now, graceMs }));

interface Shown {
  readonly id: string;
  readonly selectors: readonly { readonly type: string; readonly value: string }[];
  readonly admin?: boolean;
  readonly revision_number: string;
  readonly expires_at: string;
}
/** An entry as SPIRE's own program shows it. */
async function shown(id: string): Promise<Shown | undefined> {
  const { entries } = JSON.parse(await spire.ask("entry", "show", "-output", "json")) as {
    readonly entries: readonly Shown[];
  };
  return entries.find((each) => each.id === id);
}
const [keystone, barbican] = [entryId(owner, "keystone"), entryId(owner, "barbican")];

describe("the operator at SPIRE's server, by its own SVID", () => {
  test("enters what is wanted, once", async () => {
    const first = await registerParts(["keystone", "barbican"]);
    expect(first.create.map(({ id }) => id)).toEqual([keystone, barbican]);
    expect(await shown(keystone)).toMatchObject({
      spiffe_id: { trust_domain: TRUST_DOMAIN, path: "/ns/nephele-system/sa/default-keystone" },
      parent_id: { trust_domain: TRUST_DOMAIN, path: "/nodes/nephele" },
      selectors: [
        { type: "k8s", value: "container-name:envoy" },
        { type: "k8s", value: "ns:nephele-system" },
        { type: "k8s", value: "sa:default-keystone" },
      ],
    });
    expect(await registerParts(["keystone", "barbican"])).toEqual({ create: [], update: [], delete: [] });
  });

  test("corrects one that was changed by hand, and takes away the rights that it was given", async () => {
    await spire.ask(
      ...["entry", "update", "-entryID", keystone, "-spiffeID", `spiffe://${TRUST_DOMAIN}/somebody`],
      ...["-parentID", `spiffe://${TRUST_DOMAIN}/nodes/nephele`, "-selector", "k8s:ns:tenant", "-admin"],
    );
    expect(await shown(keystone)).toMatchObject({ admin: true });
    const { update } = await registerParts(["keystone", "barbican"]);
    expect(update.map(({ id }) => id)).toEqual([keystone]);
    const after = await shown(keystone);
    expect(after?.admin).not.toBe(true);
    expect(after?.selectors.map(({ value }) => value)).toContain("sa:default-keystone");
  });

  test("gives one that is needed no more an end, and deletes it after that; others' stay as they are", async () => {
    const foreign = "somebody-else";
    await spire.ask(
      ...["entry", "create", "-entryID", foreign, "-spiffeID", `spiffe://${TRUST_DOMAIN}/ns/nephele-system/sa/theirs`],
      ...["-parentID", `spiffe://${TRUST_DOMAIN}/nodes/nephele`, "-selector", "k8s:ns:nephele-system"],
    );
    const before = await shown(foreign);
    await registerParts(["keystone"]);
    expect(Number((await shown(barbican))?.expires_at)).toBe(Math.ceil((start.getTime() + graceMs) / 1000));
    await registerParts(["keystone"], new Date(start.getTime() + graceMs - 1_000));
    expect(await shown(barbican)).toBeDefined();
    await registerParts(["keystone"], new Date(start.getTime() + graceMs + 1_000));
    expect(await shown(barbican)).toBeUndefined();
    await registerParts([]);
    await registerParts([], new Date(start.getTime() + graceMs + 1_000));
    expect(await shown(keystone)).toBeUndefined();
    expect(await shown(foreign)).toEqual(before);
  });

  test("takes what somebody else entered for the same workload as it is", async () => {
    const { spiffeId, parentId, selectors } = entriesOf("memcached")[0] ?? {
      spiffeId: "",
      parentId: "",
      selectors: [],
    };
    await spire.ask(
      ...["entry", "create", "-entryID", "theirs", "-spiffeID", spiffeId, "-parentID", parentId],
      ...selectors.flatMap((selector) => ["-selector", selector]),
    );
    // Of a list that was read before it came: SPIRE says that it is there, and that is no failure.
    await operator.use((api) => api.create(entriesOf("memcached")));
    expect(await registerParts(["memcached"])).toEqual({ create: [], update: [], delete: [] });
    expect(await shown(entryId(owner, "memcached"))).toBeUndefined();
  });

  test("says what is wrong while the server is away, and goes on when it is back", async () => {
    await spire.server.kill();
    const away = operator.use((api) => api.list());
    await expect(away).rejects.toThrow(SpireError);
    await expect(away).rejects.toThrow(`SPIRE at ${spire.serverAddress}: UNAVAILABLE`);
    // It stands in a condition, which is not to be written at each look.
    const problem = (): Promise<string> =>
      operator
        .use((api) => api.list())
        .then(
          () => "none",
          (error: Error) => error.message,
        );
    expect(await problem()).toBe(await problem());
    await spire.server.start();
    expect((await operator.use((api) => api.list())).length).toBeGreaterThan(0);
  });

  test("tells when its own identity ends", () => {
    expect(operator.expiry?.getTime()).toBeGreaterThan(Date.now());
  });

  test("is connected by one SVID as long as that is the newest, and then by the next", async () => {
    const brief = await Spire.start({ trustDomain: TRUST_DOMAIN, leafTtl: "20s", admins: [OPERATOR] });
    try {
      await brief.enter(OPERATOR);
      const renewed = serverOf(brief);
      const connection = () => renewed.use((api) => Promise.resolve(api));
      await eventually("the first identity", () => connection().then(Boolean, () => false));
      const [first, ends] = [await connection(), renewed.expiry?.getTime()];
      expect(await connection()).toBe(first);
      await expect.poll(() => renewed.expiry?.getTime(), soon).not.toBe(ends);
      expect(await connection()).not.toBe(first);
      expect((await renewed.use((api) => api.list())).length).toBeGreaterThan(0);
    } finally {
      await brief.stop();
    }
  });
});

describe("who is no administrator", () => {
  test("is refused, and told why", async () => {
    const other = await Spire.start({ trustDomain: TRUST_DOMAIN });
    try {
      await other.enter(OPERATOR);
      const stranger = serverOf(other);
      await expect
        .poll(() => stranger.use((api) => api.list()).catch(String), soon)
        .toMatch(/PERMISSION_DENIED: .*; the caller is none of the server's admin_ids/);
    } finally {
      await other.stop();
    }
  });

  test("without an agent says so", async () => {
    const { serverAddress } = spire;
    const nobody = serverOf({ serverAddress, address: "unix:///nonexistent/agent.sock" });
    await expect(nobody.use((api) => api.list())).rejects.toThrow(/^no identity for the operator: the Workload API at/);
  });

  test("a server of another trust domain is not believed", async () => {
    const imposed = serverOf(spire, "other.test");
    await expect
      .poll(() => imposed.use((api) => api.list()).catch(String), soon)
      .toMatch(/is not one that may be spoken to/);
  });
});
