import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { openstack, payloadOf } from "#e2e/node/openstack.ts";
import { searcherFor } from "#e2e/proofs/canary/search.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import { clouds } from "#operator/api/resources.ts";
import { configMaps } from "#operator/cloud/resources.ts";
import { isTrue } from "#runtime/api/conditions.ts";
import { at, type CloudBed, MINUTES, OPERATOR, openCloudBed, partOf } from "./cloud-bed.ts";
import { openStoreChooser, pluginOf, rollBarbican, type StoreChooser } from "./cloud-stores.ts";
import { openTokensVolume, type TokenAway, type TokensVolume } from "./cloud-tokens.ts";
import { type OwnCloud, openOwnCloud } from "./own-cloud.ts";
import { type StoreKeysJob, storeKeysJobOf } from "./store-keys-job.ts";
import { askWhile, type TenantRequests } from "./tenant-requests.ts";

/** A Cloud that keeps secrets by keys of the cluster and in two tokens of SoftHSM2's, in pods. */
const name = unique("cloud").slice(2);
const BARBICAN = partOf(name, "barbican");
/** How Barbican knows who encrypted what. */
const PLUGINS = {
  software: "barbican.plugin.crypto.simple_crypto.SimpleCryptoPlugin",
  hsm: "nephele_pkcs11.store_hsm",
  "hsm-b": "nephele_pkcs11.store_hsm_b",
} as const;
type Store = keyof typeof PLUGINS;
const STORES: readonly Store[] = ["software", "hsm", "hsm-b"];
/** The stores in tokens, each with the label of its token. */
const TOKENS = { hsm: "vault", "hsm-b": "vault-b" } as const;
const PINS = { hsm: unique("pin"), "hsm-b": unique("pin"), wrong: unique("pin") } as const;
const IN_EACH = Object.fromEntries(STORES.map((store) => [store, unique("payload")])) as Readonly<
  Record<Store, string>
>;

let bed: CloudBed;
let own: OwnCloud;
let tenant: TenantRequests;
let chooser: StoreChooser;
let tokens: TokensVolume;
let keysJob: StoreKeysJob;
beforeAll(async () => {
  bed = await openCloudBed(inject("nodeStateDir"));
  for (const store of ["hsm", "hsm-b"] as const) await bringPin(store, PINS[store]);
  const inToken = (store: keyof typeof TOKENS) => ({
    ...{ name: store, type: "PKCS11" as const, default: store === "hsm" },
    pkcs11: { tokenLabel: TOKENS[store], pinSecretRef: { name: `${name}-${store}-pin`, key: "pin" } },
  });
  const software = { name: "software", type: "SimpleCrypto" as const, default: false };
  const keyManager = { stores: [software, inToken("hsm"), inToken("hsm-b")] };
  own = await openOwnCloud(bed, name, { release: "2026.2", instances: 1, keyManager });
  ({ tenant } = own);
  chooser = await openStoreChooser(bed, name, own.project);
  tokens = await openTokensVolume(bed.node, name);
  keysJob = storeKeysJobOf(bed, name);
}, 15 * MINUTES);
afterAll(async () => {
  chooser?.close();
  await own?.close();
  tokens?.close();
  for (const store of ["hsm", "hsm-b"]) await bed?.kube.delete(coreSecrets, at(`${name}-${store}-pin`));
  await bed?.close();
}, 9 * MINUTES);

/** The core Secret with a PIN, as a person brings or changes it. */
const bringPin = (store: keyof typeof TOKENS, pin: string): Promise<unknown> => {
  const object = { apiVersion: "v1", kind: "Secret", metadata: at(`${name}-${store}-pin`), stringData: { pin } };
  return bed.kube.apply(coreSecrets, object, { fieldOwner: "test", force: true });
};

const untilStores = (
  status: "True" | "False",
  expected: { readonly reason?: string; readonly message?: RegExp } = {},
): Promise<Cloud> =>
  untilCondition(bed.kube, clouds, at(name), { type: "StoresReady", status, ...expected }, 5 * MINUTES);

/** What the Job says that makes all that a store needs. */
const allOf = (store: keyof typeof TOKENS): readonly string[] => [
  `store ${store}: the token ${TOKENS[store]} was made`,
  `store ${store}: the key ${name}-${store}-mkek was made`,
  `store ${store}: the key ${name}-${store}-hmac was made`,
];

/** The address in Barbican of what is kept in each store. */
const kept = new Map<Store, string>();
const idOf = (href = ""): string => href.slice(href.lastIndexOf("/") + 1);
const read = (store: Store): Promise<string> => tenant.ask(idOf(kept.get(store)));

/** The tenant stores something by the stock client, where the Project prefers it. Gives its address. */
async function storeIn(store: Store, payload: string): Promise<string> {
  await chooser.prefer(store);
  const args = ["-n", store, "-p", payload, "-f", "value", "-c", "Secret href"];
  const { ok, text } = await openstack(bed.node, own.project, "secret", "store", ...args);
  if (!ok) throw new Error(text);
  return text.trim();
}

/** Asked often enough for every worker of both pods to be asked. */
async function readAll(...stores: readonly Store[]): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1)
    for (const store of stores) expect([store, await read(store)]).toEqual([store, IN_EACH[store]]);
}

describe("a Cloud with stores in tokens", () => {
  /** What is in the tokens when all is said and done, and the token that was there before it. */
  let keys: Readonly<Record<keyof typeof TOKENS, readonly string[]>>;
  let former: TokenAway;
  let job: string;
  /** Barbican's since they were rolled the last time. */
  let pods: readonly string[];
  const keysNow = () => ({ hsm: tokens.keysIn(TOKENS.hsm), "hsm-b": tokens.keysIn(TOKENS["hsm-b"]) });

  test(
    "is Ready: a Job has made two keys for each, once, and status names each store and how it is",
    async () => {
      const { status } = await untilStores("True");
      expect(isTrue(status?.conditions, "Ready")).toBe(true);
      expect(status?.conditions?.find(({ type }) => type === "StoresReady")?.message).toBe(
        "software: by keys of this cluster; hsm (default): token vault answers; hsm-b: token vault-b answers",
      );
      for (const store of ["pkcs11-hsm", "pkcs11-hsm-b"])
        expect(status?.keys).toContainEqual(expect.objectContaining({ name: store, active: 2, custody: "Token" }));
      expect(await keysJob.madeBy(await keysJob.current())).toEqual([...allOf("hsm"), ...allOf("hsm-b")]);
      keys = keysNow();
      expect([keys.hsm.length, keys["hsm-b"].length, new Set(Object.values(keys).flat()).size]).toEqual([2, 2, 4]);
      expect((await bed.readyOf(BARBICAN)).length).toBe(2);
    },
    2 * MINUTES,
  );

  test(
    "has no key made anew by a Job that runs again; control: where nothing is stored and the token is gone they are, and that is seen",
    async () => {
      expect(await keysJob.madeBy(await keysJob.again())).toEqual([]);
      expect(keysNow()).toEqual(keys);
      former = tokens.takeOut(TOKENS["hsm-b"]);
      const again = await keysJob.again();
      expect(await keysJob.madeBy(again)).toEqual(allOf("hsm-b"));
      const made = keysNow();
      expect(made.hsm).toEqual(keys.hsm);
      expect(made["hsm-b"]).toHaveLength(2);
      expect(made["hsm-b"].filter((key) => keys["hsm-b"].includes(key))).toEqual([]);
      [keys, job] = [made, again.metadata.uid];
      // What is logged in to the token that is gone must not wrap anything by its keys.
      await rollBarbican(bed, name);
      await untilReady(bed.kube, clouds, at(name), 2 * MINUTES);
    },
    12 * MINUTES,
  );

  test(
    "keeps a Project's secret in the store that the Project prefers, and gives each back to the stock client",
    async () => {
      for (const store of STORES) {
        const href = await storeIn(store, IN_EACH[store]);
        kept.set(store, href);
        expect(await payloadOf(bed.node, own.project, href)).toBe(IN_EACH[store]);
        expect(await pluginOf(bed, name, idOf(href))).toBe(PLUGINS[store]);
      }
      await readAll(...STORES);
    },
    5 * MINUTES,
  );

  test(
    "whose pods are rolled loses no request, reads all that was stored, and has the same keys",
    async () => {
      const rolling = await askWhile(
        async () => {
          for (const store of STORES) await read(store);
        },
        async () => void (await rollBarbican(bed, name)),
      );
      process.stderr.write(`${rolling.answered} rounds of requests, ${rolling.errors.length} errors\n`);
      expect(rolling.errors).toEqual([]);
      await readAll(...STORES);
      expect(keysNow()).toEqual(keys);
      expect((await keysJob.current()).metadata.uid).toBe(job);
    },
    7 * MINUTES,
  );

  test(
    "says of a PIN that was changed wrongly which store refuses it and what to do, and serves the others on",
    async () => {
      await bringPin("hsm-b", PINS.wrong);
      const said =
        /Job \S+ to end well: it runs again when what it is given has changed, or when this Job is deleted .*store hsm-b: the token refuses the PIN: .*CKR_PIN_INCORRECT.*It is tried again when it is another/;
      const refused = await untilStores("False", { reason: "SetupFailed", message: said });
      expect(refused.status?.conditions?.find(({ type }) => type === "StoresReady")?.message).not.toMatch(/store hsm:/);
      expect(isTrue(refused.status?.conditions, "Ready")).toBe(false);
      expect((await bed.kube.get(configMaps, at(`${name}-refused-pins`)))?.data).toEqual({ "hsm-b": "refused" });

      // Pods that have to log in: who asked for what is in the others does not notice.
      const rolling = await askWhile(
        async () => {
          await read("hsm");
          await read("software");
        },
        async () => {
          pods = await rollBarbican(bed, name);
        },
      );
      process.stderr.write(`${rolling.answered} rounds of requests, ${rolling.errors.length} errors\n`);
      expect(rolling.errors).toEqual([]);
      await expect(read("hsm-b")).rejects.toThrow("Barbican answered 503");
      expect(await openstack(bed.node, own.project, "secret", "get", "--payload", kept.get("hsm-b") ?? "")).toEqual({
        ok: false,
        text: expect.stringContaining("the secret store hsm-b does not answer, try again later") as string,
      });
      for (const store of ["software", "hsm"] as const) {
        const href = await storeIn(store, "meanwhile");
        expect(await payloadOf(bed.node, own.project, href)).toBe("meanwhile");
      }
      await readAll("software", "hsm");
    },
    12 * MINUTES,
  );

  test(
    "shows no PIN in an object or a log, and not the one that was refused; control: it is found in its core Secret",
    async () => {
      const search = searcherFor(Object.entries(PINS).map(([pin, value]) => ({ name: pin, value })));
      const all = ["-n", systemNamespace, "-o", "json"];
      const logOf = (...what: readonly string[]) => bed.node.run("logs", "-n", systemNamespace, "--tail=-1", ...what);
      const refused = await keysJob.failed();
      const texts = {
        objects: await bed.node.run("get", "clouds.nephele.dev,jobs,pods,configmaps,deployments,events", ...all),
        job: await logOf(`job/${refused?.metadata.name ?? ""}`),
        barbican: await logOf("-l", BARBICAN),
        operator: await logOf("-l", OPERATOR),
      };
      for (const [where, text] of Object.entries(texts)) {
        expect([where, text.length > 0]).toEqual([where, true]);
        expect([where, search(Buffer.from(text))]).toEqual([where, []]);
      }
      const held = search(Buffer.from(await bed.node.run("get", "secrets", ...all))).map(({ canary }) => canary);
      expect([...new Set(held)].sort()).toEqual(["hsm", "wrong"]);
    },
    2 * MINUTES,
  );

  test(
    "serves all again when the PIN is put right, and no pod is started for it",
    async () => {
      await bringPin("hsm-b", PINS["hsm-b"]);
      await untilStores("True");
      await untilReady(bed.kube, clouds, at(name), 2 * MINUTES);
      await eventually("all that was stored", () => readAll(...STORES).then(() => true), { withinMs: 4 * MINUTES });
      expect(await bed.namesOf(BARBICAN)).toEqual(pods);
      expect(keysNow()).toEqual(keys);
      // That of the former PIN has done all there is to do; the one that was refused is taken away.
      const left = await eventually("one Job", () => keysJob.current(), { withinMs: MINUTES });
      expect(left.metadata.uid).toBe(job);
    },
    8 * MINUTES,
  );

  test(
    "is not given other keys over what is stored: a token that is gone is asked for, and other keys of the same labels are named, by which nothing could be read",
    async () => {
      const away = tokens.takeOut(TOKENS["hsm-b"]);
      expect(await keysJob.madeBy(await keysJob.again())).toEqual([]);
      await untilStores("False", {
        reason: "SetupFailed",
        message: /store hsm-b: there is no token vault-b, and 1 projects' keys need it: put it back as it was/,
      });
      expect(keysNow()).toEqual({ ...keys, "hsm-b": [] });

      former.putBack();
      expect(await keysJob.madeBy(await keysJob.again())).toEqual([]);
      await untilStores("False", {
        reason: "SetupFailed",
        message: /store hsm-b: the keys in the token are not those of the projects' keys in the database: put it back/,
      });
      // The control of all that was read after pods were rolled.
      await rollBarbican(bed, name);
      await expect(read("hsm-b")).rejects.toThrow(/Barbican answered 50[03]/);
      await readAll("software", "hsm");

      tokens.takeOut(TOKENS["hsm-b"]);
      away.putBack();
      expect(await keysJob.madeBy(await keysJob.again())).toEqual([]);
      await rollBarbican(bed, name);
      await untilStores("True");
      await untilReady(bed.kube, clouds, at(name), 2 * MINUTES);
      await readAll(...STORES);
      expect(keysNow()).toEqual(keys);
    },
    20 * MINUTES,
  );
});
