import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { beforeAll, describe, expect, test } from "vitest";
import { type Certified, certify, hoursFrom, type Made } from "../certificate-fixtures.ts";
import { trustDomain } from "../spiffe-id.ts";
import type { X509Bundles } from "./bundle.ts";
import { certificatesOf } from "./der.ts";
import { UntrustedSvid, verifySvid } from "./verify.ts";

const now = new Date("2026-06-01T12:00:00Z");
const hours = (count: number): Date => hoursFrom(now, count);
const { digitalSignature, keyCertSign, cRLSign } = x509.KeyUsageFlags;
const web = "spiffe://d.test/web";
const make = (name: string, by: Certified | undefined, made: Made): Promise<Certified> => certify(name, by, made, now);

let root: Certified;
let middle: Certified;
let bundles: X509Bundles;
beforeAll(async () => {
  root = await make("root", undefined, { isAuthority: true });
  middle = await make("middle", root, { isAuthority: true, pathLength: 0 });
  const away = await make("root", undefined, { isAuthority: true });
  bundles = new Map([
    [trustDomain("d.test"), [away.certificate, root.certificate]],
    [trustDomain("away.test"), [away.certificate]],
  ]);
});

const verify = (...chain: readonly Certified[]) =>
  verifySvid(
    chain.map(({ certificate }) => certificate),
    bundles,
    now,
  );

describe("a peer's chain", () => {
  test("one that a root issued, and one below an intermediate, are whom they name", async () => {
    expect(verify(await make("leaf", root, { uris: [web] }))).toBe(web);
    expect(verify(await make("leaf", middle, { uris: [web] }), middle)).toBe(web);
    const both = [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth];
    expect(verify(await make("leaf", root, { uris: [web], extended: both }))).toBe(web);
  });

  test.each<[string, Made, string]>([
    ["no URI", {}, "names no SPIFFE ID"],
    ["two URIs", { uris: [web, "https://d.test/"] }, "names 2 URIs"],
    ["a URI that is no SPIFFE ID", { uris: ["https://d.test/web"] }, "does not begin"],
    ["a trust domain alone", { uris: ["spiffe://d.test"] }, "no workload"],
    ["a trust domain that nobody trusts", { uris: ["spiffe://other.test/web"] }, "is not trusted here"],
    ["another trust domain's workload, named by our authority", { uris: ["spiffe://away.test/web"] }, "no authority"],
    ["an end that has been", { uris: [web], to: hours(-0.01) }, "valid from"],
    ["a beginning to come", { uris: [web], from: hours(0.01) }, "valid from"],
    ["an authority's certificate", { uris: [web], isAuthority: true, usage: digitalSignature }, "an authority's"],
    ["no key usage", { uris: [web], usage: undefined }, "what its key may do"],
    ["a key that may not sign", { uris: [web], usage: x509.KeyUsageFlags.keyAgreement }, "may not sign"],
    ["a key that may sign certificates", { uris: [web], usage: digitalSignature | keyCertSign }, "as an authority"],
    ["a key that may sign revocations", { uris: [web], usage: digitalSignature | cRLSign }, "as an authority"],
    ["clients alone", { uris: [web], extended: [x509.ExtendedKeyUsage.clientAuth] }, "both ends"],
    [
      "a critical extension that is unknown",
      { uris: [web], more: [new x509.Extension("1.2.3.4", true, new Uint8Array([5, 0]))] },
      "not understood here: 1.2.3.4",
    ],
  ])("%s is refused", async (_what, made, why) => {
    const leaf = await make("leaf", root, made);
    expect(() => verify(leaf)).toThrow(why);
    expect(() => verify(leaf)).toThrow(UntrustedSvid);
  });

  test("an issuer that is none is refused: not sent, no authority, expired, too deep, of another key", async () => {
    const below = async (by: Certified) => make("leaf", by, { uris: [web] });
    const refused = "no authority in the bundle";
    expect(() => verify()).toThrow("no certificate was shown");
    const leaf = await below(middle);
    expect(() => verify(leaf)).toThrow(refused);

    const plain = await make("plain", root, { uris: [web] });
    expect(() => verify(leaf, plain)).toThrow(refused);
    const ofPlain = await below(plain);
    expect(() => verify(ofPlain, plain)).toThrow(refused);
    const old = await make("old", root, { isAuthority: true, to: hours(-0.5) });
    const ofOld = await below(old);
    expect(() => verify(ofOld, old)).toThrow(refused);
    const deeper = await make("deeper", middle, { isAuthority: true });
    const ofDeeper = await below(deeper);
    expect(() => verify(ofDeeper, deeper, middle)).toThrow(refused);
    const impostor = await make("root", undefined, { isAuthority: true });
    const ofImpostor = await below(impostor);
    expect(() => verify(ofImpostor, impostor)).toThrow(refused);
    const signsNothing = await make("mute", root, { isAuthority: true, usage: cRLSign });
    const ofMute = await below(signsNothing);
    expect(() => verify(ofMute, signsNothing)).toThrow(refused);
    expect(() => verify(leaf, middle, middle, middle, middle, middle)).toThrow("6 certificates");
  });

  test("control: the same without what is wrong with it is believed", async () => {
    const free = await make("free", root, { isAuthority: true });
    const deeper = await make("deeper", free, { isAuthority: true });
    const leaf = await make("leaf", deeper, { uris: [web] });
    expect(verify(leaf, free, deeper)).toBe(web);
  });
});

describe("chains as the Workload API writes them", () => {
  test("one behind the other", () => {
    const both = Buffer.concat([root.certificate.raw, middle.certificate.raw]);
    expect(certificatesOf(both).map(String)).toEqual([root, middle].map(({ certificate }) => String(certificate)));
    expect(certificatesOf(Buffer.alloc(0))).toEqual([]);
  });

  test("what is cut off, or something else, is refused", () => {
    const { raw } = root.certificate;
    for (const bad of [raw.subarray(0, 40), raw.subarray(0, 1), Buffer.from([0x30, 0x80]), Buffer.from("no DER")]) {
      expect(() => certificatesOf(bad)).toThrow(TypeError);
    }
  });
});
