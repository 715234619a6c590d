import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRound, type Round } from "./round.ts";
import { type OutageBed, openOutageBed } from "./stage.ts";

let bed: OutageBed;
const rounds: Round[] = [];
beforeAll(async () => {
  bed = await openOutageBed();
});
afterAll(async () => {
  bed?.startTheFallen();
  for (const round of rounds) await round.close();
  await bed?.close();
});

describe("the API server", () => {
  test("is killed while everything is under way, and comes back forgetful: the operator lives on and ends its work", async () => {
    const { cluster } = bed;
    const round = openRound(bed, "api-server");
    rounds.push(round);
    await round.prepare();
    await round.act();
    await cluster.compactEtcd();
    await cluster.stop("kube-apiserver", "SIGKILL");
    await cluster.restartApiServer();
    const fallen = setInterval(() => bed.startTheFallen(), 500);
    try {
      await round.finished();
    } finally {
      clearInterval(fallen);
    }
    await round.nothingDoubled();
    expect(bed.operatorLives()).toBe(true);
    // All its watches broke, and the versions that they stood at are gone: 410.
    expect(bed.operatorLog()).toContain("too old resource version");
  });
});
