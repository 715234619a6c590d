import { describe, expect, test } from "vitest";
import type { KeyManager, ListedSecret } from "./key-manager.ts";
import { ProjectListings } from "./listings.ts";

const NOW = new Date("2026-11-26T10:00:00Z");
const secret = (consumers: ListedSecret["consumers"]): ListedSecret => ({ id: "one", consumers }) as ListedSecret;
const web = { service: "nephele.dev", resourceType: "local/servers/team-a/web-1", resourceId: "1" };

/** A key manager that counts how often it is asked for all secrets. */
function listing(secrets: readonly ListedSecret[]): { readonly keys: KeyManager; asked: number } {
  const counted = { asked: 0, keys: {} as KeyManager };
  counted.keys = {
    list: async () => {
      counted.asked += 1;
      return secrets;
    },
  } as unknown as KeyManager;
  return counted;
}

describe("the list that a project's Secrets share", () => {
  test("tells later passes what an earlier one changed, and Barbican is not asked again for it", async () => {
    const [listings, barbican] = [new ProjectListings(), listing([secret([])])];
    await listings.get("p", barbican.keys, NOW);
    listings.amend("p", secret([web]));
    expect((await listings.get("p", barbican.keys, NOW)).secrets.get("one")?.consumers).toEqual([web]);
    expect(barbican.asked).toBe(1);
  });

  test("does not learn of a secret that it does not have: it is older, and who misses it looks again", async () => {
    const [listings, barbican] = [new ProjectListings(), listing([])];
    await listings.get("p", barbican.keys, NOW);
    listings.amend("p", secret([web]));
    listings.amend("another", secret([web]));
    expect((await listings.get("p", barbican.keys, NOW)).secrets.size).toBe(0);
  });
});
