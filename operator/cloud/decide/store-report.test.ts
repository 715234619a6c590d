import { expect, test } from "vitest";
import { aCloud } from "../fixtures.ts";
import { storesOf } from "../secret-stores.ts";
import { storeReport } from "./store-report.ts";

/** What StoresReady says, by what a worker of Barbican's told. */

const pkcs11 = (tokenLabel: string) => ({ tokenLabel, pinSecretRef: { name: "pin", key: "pin" } });
const stores = storesOf(
  aCloud({
    keyManager: {
      stores: [
        { name: "software", type: "SimpleCrypto", default: false },
        { name: "hsm", type: "PKCS11", default: true, pkcs11: pkcs11("vault") },
        { name: "other", type: "PKCS11", default: false, pkcs11: pkcs11("safe") },
      ],
    },
  }),
);
const SAID = "software: by keys of this cluster; hsm (default): token vault answers; other: token safe answers";

test.each<readonly [string, readonly [string, string | undefined][], string | undefined]>([
  [
    "all answer",
    [
      ["hsm", undefined],
      ["other", undefined],
    ],
    undefined,
  ],
  [
    "one does not, and says why",
    [
      ["hsm", undefined],
      ["other", "the secret store other does not answer: CKR"],
    ],
    "the secret store other does not answer: CKR",
  ],
  [
    "none does",
    [
      ["hsm", "one"],
      ["other", "two"],
    ],
    "one; two",
  ],
  ["one is not there", [["other", undefined]], "the secret store hsm is not known to Barbican"],
])("%s", (_which, states, away) => {
  const report = storeReport(stores, new Map(states));
  expect(report.away).toBe(away);
  if (away === undefined) expect(report.said).toBe(SAID);
});
