import { expect, test } from "vitest";
import { configurationFile } from "./configuration-file.ts";

test("sections, values of each type, and an option that is repeated", () => {
  const text = configurationFile({ DEFAULT: { debug: false, size: 3 }, plugin: { kek: ["new", "old"] } });
  expect(text).toBe("[DEFAULT]\ndebug = false\nsize = 3\n\n[plugin]\nkek = new\nkek = old\n");
});
