import { unique } from "#e2e/harness/bed.ts";
import type { Team } from "./secret-bed.ts";

/** Specs that the scenarios begin from. */
export const generated = { type: "passphrase", source: { generate: { length: 24 } } };

/** Copies the key `value` of a core Secret. */
export const copyOf = (name: string, type = "opaque") => ({ type, source: { secretKeyRef: { name, key: "value" } } });

export const imported = (id: string) => ({ type: "passphrase", source: { import: { id } } });

/** A secret that somebody made without us, as the stock client does. */
export async function foreignSecret(of: Team, name = unique("theirs")): Promise<string> {
  const id = await of.barbican.secrets.create({ name, secretType: "passphrase" });
  await of.barbican.secrets.putPayload(id, { bytes: Buffer.from("theirs"), contentType: "text/plain" });
  return id;
}
