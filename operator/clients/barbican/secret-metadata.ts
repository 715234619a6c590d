import { defined, listIn, objectIn, optionalNumberIn, optionalTextIn, textIn } from "../shape.ts";
import { type Consumer, parseConsumer } from "./consumers.ts";
import { idIn, nameIn, optionalTimeIn, timeIn } from "./refs.ts";

const secretTypes = ["symmetric", "public", "private", "passphrase", "certificate", "opaque"] as const;
export type SecretType = (typeof secretTypes)[number];

/** What Barbican tells of a secret without its payload. */
export interface SecretMetadata {
  readonly id: string;
  readonly name: string;
  readonly secretType: string;
  /** ACTIVE, or what a store plugin makes of it. */
  readonly status: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly expiresAt?: string;
  readonly algorithm?: string;
  readonly bitLength?: number;
  readonly mode?: string;
  /** The user whose token created it. */
  readonly creatorId?: string;
  /** False between `create` and `putPayload`. */
  readonly hasPayload: boolean;
  /** Who is registered as using it. */
  readonly consumers: readonly Consumer[];
}

export function parseSecretMetadata(json: unknown): SecretMetadata {
  return {
    id: idIn(json, "secret_ref"),
    name: nameIn(json),
    secretType: textIn(json, "secret_type"),
    status: textIn(json, "status"),
    createdAt: timeIn(json, "created"),
    updatedAt: timeIn(json, "updated"),
    ...defined({
      expiresAt: optionalTimeIn(json, "expiration"),
      algorithm: optionalTextIn(json, "algorithm"),
      bitLength: optionalNumberIn(json, "bit_length"),
      mode: optionalTextIn(json, "mode"),
      creatorId: optionalTextIn(json, "creator_id"),
    }),
    hasPayload: objectIn(json)["content_types"] !== undefined && objectIn(json)["content_types"] !== null,
    consumers: objectIn(json)["consumers"] === undefined ? [] : listIn(json, "consumers").map(parseConsumer),
  };
}
