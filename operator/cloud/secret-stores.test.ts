import { expect, test } from "vitest";
import type { CloudKeyManagerStore } from "#operator/api/generated/cloud.ts";
import { aCloud } from "./fixtures.ts";
import { storesOf } from "./secret-stores.ts";

/** What a Cloud's spec says of its stores, with every default in its place. */

const software = { name: "software", type: "SimpleCrypto", default: false } as const;
const token = (more: object = {}): CloudKeyManagerStore => ({
  ...{ name: "hsm", type: "PKCS11", default: true },
  pkcs11: { tokenLabel: "vault", pinSecretRef: { name: "hsm-pin", key: "pin" }, ...more },
});

const inSoftHsm = {
  name: "hsm",
  library: undefined,
  tokenLabel: "vault",
  pin: { name: "hsm-pin", key: "pin" },
  labels: { mkek: "default-hsm-mkek", hmac: "default-hsm-hmac" },
};

test("without stores it is one by keys that we hold, with the name software", () => {
  const none = { pkcs11: [], tokens: undefined, client: undefined };
  expect(storesOf(aCloud())).toEqual({ ...none, default: "software", simpleCrypto: "software" });
});

test("a token without a library is SoftHSM2's, in a volume of the Cloud's own", () => {
  expect(storesOf(aCloud({ keyManager: { stores: [software, token()] } }))).toEqual({
    default: "hsm",
    simpleCrypto: "software",
    pkcs11: [inSoftHsm],
    tokens: { name: "default-tokens", storage: "64Mi" },
    client: undefined,
  });
});

test("or in a claim that is named, which is not made", () => {
  const softHSM = { persistentVolumeClaim: { claimName: "shared" } };
  const { tokens } = storesOf(aCloud({ keyManager: { stores: [token()], softHSM } }));
  expect(tokens).toEqual({ name: "shared", storage: undefined });
});

test("a token of a vendor's library needs no volume for tokens, and has the labels that it is given", () => {
  const library = "/opt/hsm/libCryptoki2_64.so";
  const hsmClient = { mountPath: "/opt/hsm", image: "registry.example.org/luna:10" };
  const stores = [token({ library, mkekLabel: "wraps", hmacLabel: "signs" })];
  expect(storesOf(aCloud({ keyManager: { stores, hsmClient } }))).toMatchObject({
    simpleCrypto: undefined,
    pkcs11: [{ library, labels: { mkek: "wraps", hmac: "signs" } }],
    tokens: undefined,
    client: hsmClient,
  });
});

test("nothing of a vendor's is in the pods, nor an address allowed, where no store has its library", () => {
  const hsmClient = { mountPath: "/opt/hsm", image: "registry.example.org/luna:10" };
  for (const stores of [[software], [software, token()]])
    expect(storesOf(aCloud({ keyManager: { stores, hsmClient } })).client).toBeUndefined();
});
