import protobuf from "protobufjs";
import type { WrittenSvid } from "../x509/svid.ts";

/** Messages of the SPIFFE Workload API, as its standard numbers them; those that are used here. */

export interface X509SvidResponse {
  readonly svids: readonly (WrittenSvid & { readonly bundle: Uint8Array })[];
  readonly federatedBundles: Readonly<Record<string, Uint8Array>>;
}

export interface JwtSvidRequest {
  readonly audience: readonly string[];
  /** Which of several; empty for the first. */
  readonly spiffeId: string;
}

export interface JwtSvidResponse {
  readonly svids: readonly { readonly spiffeId: string; readonly svid: string }[];
}

/** JSON Web Key Sets by the trust domain's ID. */
export interface JwtBundlesResponse {
  readonly bundles: Readonly<Record<string, Uint8Array>>;
}

const root = protobuf.Root.fromJSON({
  nested: {
    Empty: { fields: {} },
    X509SVIDResponse: {
      fields: {
        svids: { rule: "repeated", type: "X509SVID", id: 1 },
        federatedBundles: bytesByName(3),
      },
    },
    X509SVID: {
      fields: {
        spiffeId: { type: "string", id: 1 },
        x509Svid: { type: "bytes", id: 2 },
        x509SvidKey: { type: "bytes", id: 3 },
        bundle: { type: "bytes", id: 4 },
        hint: { type: "string", id: 5 },
      },
    },
    JWTSVIDRequest: {
      fields: { audience: { rule: "repeated", type: "string", id: 1 }, spiffeId: { type: "string", id: 2 } },
    },
    JWTSVIDResponse: { fields: { svids: { rule: "repeated", type: "JWTSVID", id: 1 } } },
    JWTSVID: { fields: { spiffeId: { type: "string", id: 1 }, svid: { type: "string", id: 2 } } },
    JWTBundlesResponse: { fields: { bundles: bytesByName(1) } },
  },
});

function bytesByName(id: number): protobuf.IMapField {
  return { keyType: "string", type: "bytes", id };
}

/** How a method's messages are written and read. */
export interface Codec<Request, Response> {
  readonly path: string;
  readonly encode: (request: Request) => Buffer;
  readonly decode: (bytes: Buffer) => Response;
}

function codec<Request extends object, Response>(
  method: string,
  request: string,
  response: string,
): Codec<Request, Response> {
  const [requests, responses] = [root.lookupType(request), root.lookupType(response)];
  return {
    path: `/SpiffeWorkloadAPI/${method}`,
    encode: (message) => Buffer.from(requests.encode(requests.create(message)).finish()),
    decode: (bytes) => responses.toObject(responses.decode(bytes), { defaults: true }) as Response,
  };
}

export const fetchX509Svid = codec<object, X509SvidResponse>("FetchX509SVID", "Empty", "X509SVIDResponse");
export const fetchJwtSvid = codec<JwtSvidRequest, JwtSvidResponse>("FetchJWTSVID", "JWTSVIDRequest", "JWTSVIDResponse");
export const fetchJwtBundles = codec<object, JwtBundlesResponse>("FetchJWTBundles", "Empty", "JWTBundlesResponse");
