import fc from "fast-check";
import { expect, test } from "vitest";
import { PersistentMap } from "./persistent-map.ts";

const keys = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];
const key = fc.constantFrom(...keys);
const edits = fc.array(fc.array(fc.tuple(key, fc.option(fc.nat(9), { nil: undefined })), { maxLength: 4 }), {
  maxLength: 30,
});

function ordered(entries: Iterable<[string, number]>): [string, number][] {
  return [...entries].sort(([a], [b]) => a.localeCompare(b));
}

test("is what a Map would be after the same changes, and former copies stay as they were", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.nat(9))), edits, (start, changes) => {
      let map = PersistentMap.of(start);
      const model = new Map(start);
      for (const change of changes) {
        const former = map;
        const before = ordered(former.entries());
        map = map.with(change);
        for (const [name, value] of change) {
          if (value === undefined) model.delete(name);
          else model.set(name, value);
        }
        expect(ordered(map.entries())).toEqual(ordered(model));
        expect(map.size).toBe(model.size);
        for (const name of keys) expect(map.get(name)).toBe(model.get(name));
        expect(ordered(former.entries())).toEqual(before);
      }
    }),
  );
});
