import { expect, test } from "vitest";
import type { Server } from "#operator/api/generated/server.ts";
import { Admissions } from "./admissions.ts";

function named(uid: string, namespace = "n"): Server {
  return { metadata: { uid, name: uid, namespace } } as Server;
}

test("a Server that was admitted counts until it is refused or gone, in its namespace alone", () => {
  const admissions = new Admissions();
  for (const server of [named("a"), named("b"), named("a", "other")]) admissions.add(server);
  admissions.remove(named("b"));
  expect(
    [named("a"), named("b"), named("a", "other"), named("b", "other")].map((server) => admissions.has(server)),
  ).toEqual([true, false, true, false]);
  admissions.keep("n", [named("b")]);
  expect([named("a"), named("a", "other")].map((server) => admissions.has(server))).toEqual([false, true]);
});
