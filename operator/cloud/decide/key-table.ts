import { randomBytes } from "node:crypto";
import type { CloudDeployment } from "../deployment.ts";
import type { KeyName } from "../names.ts";
import { databaseLogins } from "./database-logins.ts";
import { pairsOf, signingPair, signingProblem, valuesOfPairs } from "./signing-keys.ts";

/** Values of a core Secret, decoded. */
export type Values = Readonly<Record<string, string>>;

/** One kind of key or password that we make and hold. */
export interface HeldKey {
  readonly name: KeyName;
  /** What is lost with it, in words that follow "Without it". */
  readonly lost: string;
  readonly make: () => Values;
  /** What is wrong with values that are there, in words; undefined where nothing is. Never names a value. */
  readonly problem: (values: Values) => string | undefined;
  /** How many are in use. */
  readonly active: (values: Values) => number;
}

/** 32 random bytes as Fernet writes them (cryptography, "Fernet"). */
export const fernetKey = (): string => randomBytes(32).toString("base64url").padEnd(44, "=");
/** A password that is never typed. */
export const password = (): string => randomBytes(24).toString("base64url");

const isFernetKey = (text: string): boolean =>
  /^[A-Za-z0-9_-]{43}=$/.test(text.trim()) && Buffer.from(text.trim(), "base64url").length === 32;

/** A repository of Keystone's: files with numbers as names; 0 is next, the highest is used. */
function repositoryProblem(values: Values): string | undefined {
  const names = Object.keys(values);
  const wrongName = names.find((name) => !/^\d+$/.test(name));
  if (wrongName !== undefined) return `${wrongName} is no number`;
  if (!names.includes("0") || names.length < 2) return "it must hold 0 and at least one key more";
  const wrong = names.find((name) => !isFernetKey(values[name] ?? ""));
  return wrong === undefined ? undefined : `${wrong} is not the base64url of 32 bytes`;
}

const needs =
  (...names: readonly string[]) =>
  (values: Values): string | undefined => {
    const missing = names.find((name) => (values[name] ?? "") === "");
    return missing === undefined ? undefined : `${missing} is missing or empty`;
  };

const login = (username: string, more: Values = {}): Pick<HeldKey, "make" | "problem" | "active"> => ({
  make: () => ({ username, password: password(), ...more }),
  problem: needs("username", "password", ...Object.keys(more)),
  active: () => 1,
});

const repository: Pick<HeldKey, "make" | "problem" | "active"> = {
  make: () => ({ "0": fernetKey(), "1": fernetKey() }),
  problem: repositoryProblem,
  active: (values) => Object.keys(values).length,
};

const SERVICES = ["keystone", "barbican"] as const;
const DATABASE_USERS = ["postgres", "replicator", "keystone", "barbican"] as const;

/** All that a Cloud needs. */
export function heldKeys({ identity }: Pick<CloudDeployment, "identity">): readonly HeldKey[] {
  return [
    {
      name: "database",
      lost: "nobody can log in to the database",
      make: () => ({
        "postgres-user": "postgres",
        ...Object.fromEntries(DATABASE_USERS.map((user) => [user, password()])),
      }),
      problem: (values) => {
        const missing = SERVICES.find((service) => databaseLogins(values, service).length === 0);
        return (
          needs("postgres-user", "postgres", "replicator")(values) ??
          (missing === undefined ? undefined : `${missing} is missing or empty`)
        );
      },
      active: (values) => Object.keys(values).filter((key) => key !== "postgres-user").length,
    },
    { name: "fernet", lost: "every token and receipt that is out ends", ...repository },
    { name: "credential", lost: "the credentials in Keystone's database cannot be read any more", ...repository },
    ...(identity.tokenFormat === "jws" ? [signingKeys] : []),
    {
      name: "kek",
      lost: "no secret in Barbican can be read any more",
      make: repository.make,
      problem: (values) => {
        const names = Object.keys(values);
        // The key 0, which is next, came later: a Cloud that lacks it gets it.
        if (!names.some((name) => name !== "0")) return "it must hold at least one key beside 0";
        const wrong = names.find((name) => !/^\d+$/.test(name) || !isFernetKey(values[name] ?? ""));
        return wrong === undefined ? undefined : `${wrong} is not the base64url of 32 bytes under a number`;
      },
      active: (values) => Object.keys(values).length,
    },
    { name: "administrator", lost: "nobody can administer Keystone when the operator cannot", ...login("admin") },
    {
      name: "operator",
      lost: "the operator cannot log in to Keystone",
      ...login("nephele", { userDomain: "Default" }),
    },
    { name: "barbicanUser", lost: "Barbican cannot ask Keystone about tokens", ...login("barbican") },
  ];
}

const signingKeys: HeldKey = {
  name: "jws",
  lost: "every token that is out ends",
  make: () => valuesOfPairs({ "0": signingPair(), "1": signingPair() }),
  problem: signingProblem,
  active: (values) => Object.keys(pairsOf(values)).length,
};

/** The keys of a KEK Secret as Barbican wants them: the highest number encrypts, 0 will. */
export function keksOf(values: Values): readonly string[] {
  return Object.keys(values)
    .sort((a, b) => Number(b) - Number(a))
    .map((name) => values[name] ?? "");
}
