import { expect, test } from "vitest";
import { parse } from "yaml";
import { auditPolicy, encryptionConfiguration } from "./api-server-config.ts";

interface Rule {
  readonly level: string;
  readonly resources?: readonly { readonly resources: readonly string[] }[];
  readonly nonResourceURLs?: readonly string[];
}

const rules = (parse(auditPolicy()) as { readonly rules: readonly Rule[] }).rules;

test("every request that no other rule is for leaves a line", () => {
  expect(rules.at(-1)).toEqual({ level: "Metadata" });
});

test("no rule leaves out requests for resources", () => {
  expect(rules.filter(({ level, nonResourceURLs }) => level === "None" && nonResourceURLs === undefined)).toEqual([]);
});

test("Secrets are decided upon before any rule that keeps bodies", () => {
  const secrets = rules.findIndex(({ resources }) => resources?.some((group) => group.resources.includes("secrets")));
  const bodies = rules.findIndex(({ level }) => level === "RequestResponse");
  expect(rules[secrets]?.level).toBe("Metadata");
  expect(secrets).toBeLessThan(bodies);
});

test("two clusters do not share a key", () => {
  expect(encryptionConfiguration()).not.toBe(encryptionConfiguration());
});
