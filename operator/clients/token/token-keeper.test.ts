import { describe, expect, test } from "vitest";
import type { Clock } from "../clock.ts";
import { ServiceError } from "../service-error.ts";
import type { IssuedToken } from "./issued-token.ts";
import { keepToken } from "./token-keeper.ts";

const minute = 60_000;

/** A clock that stands still but for sleeping, and an issuer whose tokens count up. */
function bench(lifetimeMs: number) {
  let now = 0;
  let issued = 0;
  let failure: Error | undefined;
  const clock: Clock = {
    now: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
  };
  const issue = async (): Promise<IssuedToken> => {
    await Promise.resolve();
    if (failure !== undefined) throw failure;
    issued += 1;
    return { value: `token-${issued}`, lifetimeMs, userId: "u", roles: [], catalog: [] };
  };
  return {
    keeper: keepToken(clock, issue),
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    failWith: (error: Error | undefined) => {
      failure = error;
    },
    now: () => now,
    issued: () => issued,
  };
}

const away = new ServiceError({
  service: "keystone",
  kind: "Unavailable",
  status: 0,
  requestId: "r",
  operation: "o",
  said: "s",
});

describe("a token of an hour", () => {
  test("is asked for once, by however many", async () => {
    const { keeper, issued } = bench(60 * minute);
    const tokens = await Promise.all([keeper.get(), keeper.get(), keeper.get()]);
    expect(new Set(tokens)).toEqual(new Set(["token-1"]));
    expect(issued()).toBe(1);
  });

  test.each([
    [54, "token-1"],
    [55, "token-2"],
  ])("after %i minutes is %s", async (minutes, expected) => {
    const { keeper, pass } = bench(60 * minute);
    await keeper.get();
    pass(minutes * minute);
    expect(await keeper.get()).toBe(expected);
  });

  test("is used until its end while Keystone is away", async () => {
    const { keeper, pass, failWith } = bench(60 * minute);
    await keeper.get();
    failWith(away);
    pass(59 * minute);
    expect(await keeper.get()).toBe("token-1");
    pass(minute);
    await expect(keeper.get()).rejects.toBe(away);
  });
});

test("a short token is renewed in the last tenth of its life", async () => {
  const { keeper, pass } = bench(10_000);
  await keeper.get();
  pass(8_999);
  expect(await keeper.get()).toBe("token-1");
  pass(1);
  expect(await keeper.get()).toBe("token-2");
});

describe("a refused token", () => {
  test("is replaced once for all who were refused, and never in the same second", async () => {
    const { keeper, now, issued } = bench(60 * minute);
    const refused = await keeper.get();
    const before = now();
    const renewed = await Promise.all([keeper.renew(refused), keeper.renew(refused)]);
    expect(renewed).toEqual(["token-2", "token-2"]);
    expect(now() - before).toBe(1_000);
    expect(await keeper.renew(refused)).toBe("token-2");
    expect(issued()).toBe(2);
  });

  test("is waited for by who asks while it is replaced: a token of the same second would be refused too", async () => {
    const { keeper, now, issued } = bench(60 * minute);
    const renewed = keeper.renew(await keeper.get());
    const asked = now();
    expect(await Promise.all([keeper.get(), renewed])).toEqual(["token-2", "token-2"]);
    expect(issued()).toBe(2);
    expect(now() - asked).toBeLessThanOrEqual(1_000);
    expect(await keeper.get()).toBe("token-2");
  });

  test("is not used again when no other can be had", async () => {
    const { keeper, failWith } = bench(60 * minute);
    const refused = await keeper.get();
    failWith(away);
    await expect(keeper.renew(refused)).rejects.toBe(away);
    await expect(keeper.get()).rejects.toBe(away);
  });
});
