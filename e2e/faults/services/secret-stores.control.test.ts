import { cpSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ClientsBed, openClientsBed } from "#e2e/clients/operator-clients.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { type BarbicanInAPod, barbicanInAPod, type InTokens, PIN } from "./barbican-in-a-pod.ts";
import { type HeldTokens, holdTokens } from "./held-tokens.ts";
import type { Answer, ProjectSecrets } from "./project-secrets.ts";
import { allWell, failed, listStores, load, projectWith, putBack, takeAway, whileAsked } from "./stores-bed.ts";

/** Barbican with stores in tokens of SoftHSM2's, by the files and programs of a Cloud's pods, and what becomes of them. */

/** Longer than a request waits for a library (programs/nephele_pkcs11.py), with a worker that others wait for, too. */
const ANSWERED_WITHIN_MS = 25_000;
/** Of a test: it may start a Barbican, and waits for what takes a minute. */
const LIMIT_MS = 300_000;
/** For what comes after a rest of seconds, or a hang of a minute, in both workers. */
const PATIENT = { withinMs: 120_000 };
const AWAY = /the secret store hsm does not answer, try again later/;

let bed: ClientsBed;
let held: HeldTokens | undefined;

beforeAll(async () => {
  bed = await openClientsBed("t-stores");
});
afterAll(() => bed?.close());
afterEach(async () => {
  await held?.release();
  held = undefined;
});

/** A Barbican that serves, with the keys of its stores made. */
async function serving(wish: InTokens): Promise<BarbicanInAPod> {
  const made = await barbicanInAPod(wish);
  try {
    const { ok, text } = await made.makeKeys();
    if (!ok) throw new Error(text);
    await made.start();
    return made;
  } catch (error) {
    await made.close();
    throw error;
  }
}

async function stored(secrets: ProjectSecrets, payload: string): Promise<string> {
  const { ref, status, said } = await secrets.store(payload);
  expect([status, said]).toEqual([201, expect.anything()]);
  return ref;
}

const statuses = (answers: readonly Answer[]): readonly number[] =>
  [...new Set(answers.map(({ status }) => status))].toSorted((one, other) => one - other);

describe("stores in two tokens and one by keys of ours", () => {
  let barbican: BarbicanInAPod;
  /** Of three projects, one for each store. */
  let inToken: ProjectSecrets;
  let other: ProjectSecrets;
  let software: ProjectSecrets;
  /** A secret of each. */
  let kept: readonly (readonly [ProjectSecrets, string, string])[];

  beforeAll(async () => {
    barbican = await serving({ stores: ["hsm", "hsm-b"] });
    inToken = await projectWith(bed, barbican);
    other = await projectWith(bed, barbican, "hsm-b");
    software = await projectWith(bed, barbican, "software");
    kept = [
      [inToken, await stored(inToken, "one"), "one"],
      [other, await stored(other, "two"), "two"],
      [software, await stored(software, "three"), "three"],
    ];
  }, LIMIT_MS);
  afterAll(() => barbican?.close());

  const read = (which: 0 | 1 | 2): Promise<Answer & { readonly payload: string }> => {
    const [secrets, ref] = kept[which] ?? [inToken, ""];
    return secrets.read(ref);
  };
  const untilAllRead = () =>
    eventually(
      "all that is kept to be read",
      async () => {
        for (const [secrets, ref, payload] of kept) if ((await secrets.read(ref)).payload !== payload) return false;
        return true;
      },
      PATIENT,
    );
  /** Makes workers log in anew when the token is back. */
  async function loseToken(): Promise<void> {
    takeAway(barbican.tokens);
    await whileAsked(barbican, () =>
      eventually("it to be missed", async () => failed(await read(0)) && failed(await read(0)), PATIENT),
    );
    putBack(barbican.tokens);
  }

  test(
    "are listed, chosen by projects, and give back after a restart what each was given",
    async () => {
      const listed = (await listStores(inToken)).map(({ name, global_default }) => [name, global_default] as const);
      expect(Object.fromEntries(listed)).toEqual({ hsm: true, "hsm-b": false, software: false });
      await barbican.stop();
      await barbican.start();
      for (const [secrets, ref, payload] of kept)
        expect(await secrets.read(ref)).toMatchObject({ status: 200, payload });
      expect(await barbican.states()).toEqual({ hsm: null, "hsm-b": null });
    },
    LIMIT_MS,
  );

  test(
    "are where they were to be: a Barbican that starts without tokens serves the one, says why not the others, and finds them once they are there",
    async () => {
      takeAway(barbican.tokens);
      await barbican.stop();
      await barbican.start();
      expect([(await read(0)).status, (await read(1)).status, (await read(2)).status]).toEqual([503, 503, 200]);
      expect((await read(0)).said).toMatch(AWAY);
      expect(await barbican.states()).toMatchObject({
        hsm: expect.stringContaining("Token Labels not found") as string,
      });
      putBack(barbican.tokens);
      await untilAllRead();
    },
    LIMIT_MS,
  );

  test(
    "have their keys made once, and neither they nor their token are made anew over what they encrypted",
    async () => {
      const again = await barbican.makeKeys();
      expect(again.text).toMatch(/both keys are there/);
      expect(again.text).not.toMatch(/was made/);
      takeAway(barbican.tokens);
      expect(await barbican.makeKeys()).toMatchObject({
        ok: false,
        text: expect.stringMatching(/there is no token hsm, and 1 projects' keys need it: put it back/) as string,
      });
      // Nor do other keys with the same labels pass for them.
      const foreign = await barbicanInAPod({ stores: ["hsm", "hsm-b"] });
      await foreign.makeKeys();
      cpSync(foreign.tokens, barbican.tokens, { recursive: true });
      await foreign.close();
      expect(await barbican.makeKeys()).toMatchObject({
        ok: false,
        text: expect.stringContaining("the keys in the token are not those of the projects' keys") as string,
      });
      putBack(barbican.tokens);
      expect(await barbican.makeKeys()).toMatchObject({ ok: true });
      await untilAllRead();
    },
    LIMIT_MS,
  );

  test(
    "with a PIN that is wrong: it is said, is tried once, keeps no other store from serving, and is mended without a restart",
    async () => {
      barbican.writePin("hsm", "0000-0000");
      expect(await barbican.makeKeys()).toMatchObject({
        ok: false,
        text: expect.stringMatching(/refuses the PIN: .*CKR_PIN_INCORRECT/) as string,
      });
      await loseToken();
      await eventually(
        "the PIN not to be tried again",
        async () => (await barbican.states())["hsm"]?.includes("is not tried again") === true,
        PATIENT,
      );
      expect(await read(0)).toMatchObject({ status: 503, said: expect.stringMatching(AWAY) as string });
      expect(await read(2)).toMatchObject({ status: 200 });
      expect(barbican.log()).not.toContain("0000-0000");
      barbican.writePin("hsm", PIN);
      await untilAllRead();
    },
    LIMIT_MS,
  );

  test(
    "of which a token goes in the midst of requests: who asks for it is told so, nobody else notices, and it works again once it is back",
    async () => {
      const [ofToken, besides] = [load(inToken, 3), load(software, 1)];
      await eventually("requests", async () => ofToken.answers.length > 10);
      takeAway(barbican.tokens);
      await whileAsked(barbican, () => eventually("an answer that says so", async () => ofToken.answers.some(failed)));
      putBack(barbican.tokens);
      const back = ofToken.answers.length;
      await eventually("both workers to find it again", async () => allWell(ofToken.answers, back), PATIENT);
      const all = await ofToken.stop();
      expect(statuses(all)).toEqual([200, 201, 503]);
      for (const { said } of all.filter(({ status }) => status === 503)) expect(said).toMatch(AWAY);
      expect(statuses(await besides.stop())).toEqual([200, 201]);
      await untilAllRead();
    },
    LIMIT_MS,
  );

  test(
    "of which a library hangs in the midst of requests: it is given up after a time, and works again once it goes on",
    async () => {
      // What is new has to be wrapped by the token.
      const fresh = await projectWith(bed, barbican);
      const [ofToken, besides] = [load(inToken, 3), load(software, 1)];
      await eventually("requests", async () => ofToken.answers.length > 10);
      held = await holdTokens(barbican.tokens);
      const hung = await fresh.store("new");
      expect(hung).toMatchObject({ status: 503, said: expect.stringMatching(AWAY) as string });
      expect(hung.ms).toBeLessThan(ANSWERED_WITHIN_MS);
      await whileAsked(barbican, () => eventually("others to be told so", async () => ofToken.answers.some(failed)));
      await held.release();
      held = undefined;
      const back = ofToken.answers.length;
      await eventually("both workers to go on", async () => allWell(ofToken.answers, back), PATIENT);
      const [all, others] = [await ofToken.stop(), await besides.stop()];
      expect(statuses(all)).toEqual([200, 201, 503]);
      expect(statuses(others)).toEqual([200, 201]);
      expect(Math.max(...[...all, ...others].map(({ ms }) => ms))).toBeLessThan(ANSWERED_WITHIN_MS);
    },
    LIMIT_MS,
  );

  test(
    "of which a library never comes back: a worker gives its place to another, which serves",
    async () => {
      held = await holdTokens(barbican.tokens);
      const ofToken = load(inToken, 2);
      await whileAsked(barbican, () =>
        eventually(
          "a worker that makes room",
          async () => barbican.log().includes("this worker makes room for another"),
          PATIENT,
        ),
      );
      await held.release();
      held = undefined;
      await untilAllRead();
      expect(statuses(await ofToken.stop()).filter((status) => ![200, 201, 503].includes(status))).toEqual([]);
    },
    LIMIT_MS,
  );
});

describe("the control: a store in a token by Barbican's own plugin", () => {
  let barbican: BarbicanInAPod;
  let used: ProjectSecrets;
  /** Projects whose keys no worker has. */
  let fresh: readonly ProjectSecrets[];
  beforeAll(async () => {
    barbican = await serving({ stores: ["hsm"], plain: true });
    used = await projectWith(bed, barbican);
    await stored(used, "before");
    fresh = await Promise.all(Array.from({ length: 9 }, () => projectWith(bed, barbican)));
  }, LIMIT_MS);
  afterAll(() => barbican?.close());

  test(
    "lets clients wait for as long as its library hangs",
    async () => {
      held = await holdTokens(barbican.tokens);
      const waiting = Promise.all(fresh.slice(0, 3).map((secrets) => secrets.store("hangs")));
      const first = await Promise.race([waiting, sleep(ANSWERED_WITHIN_MS, "nobody was answered")]);
      expect(first).toBe("nobody was answered");
      await held.release();
      held = undefined;
      await waiting;
    },
    LIMIT_MS,
  );

  test(
    "does not say that the token is gone, and does not find it again",
    async () => {
      takeAway(barbican.tokens);
      // Both workers are to find out.
      const away = await Promise.all(fresh.slice(3).map((secrets) => secrets.store("away")));
      expect(statuses(away)).toEqual([500]);
      await eventually("nobody to be served", async () => failed(await used.store("away")), PATIENT);
      putBack(barbican.tokens);
      const back = load(used, 4);
      await eventually("sixty requests", async () => back.answers.length > 60, PATIENT);
      expect(statuses((await back.stop()).filter(failed))).toEqual([500]);
    },
    LIMIT_MS,
  );
});
