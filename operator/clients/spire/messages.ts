import protobuf from "protobufjs";

/** Messages of SPIRE's Entry API (spire.api.server.entry.v1), as its protos number them; those that are used here. */

export interface WrittenId {
  readonly trustDomain: string;
  readonly path: string;
}

/** spire.api.types.Entry. */
export interface WrittenEntry {
  readonly id: string;
  readonly spiffeId: WrittenId;
  readonly parentId: WrittenId;
  readonly selectors: readonly { readonly type: string; readonly value: string }[];
  /** Seconds since 1970; 0 is never. */
  readonly expiresAt: number;
  readonly x509SvidTtl: number;
  readonly jwtSvidTtl: number;
  readonly federatesWith: readonly string[];
  readonly admin: boolean;
  readonly downstream: boolean;
  readonly dnsNames: readonly string[];
  readonly storeSvid: boolean;
  readonly hint: string;
}

/** Of one entry of a batch; a code of gRPC's. */
export interface Result {
  readonly status: { readonly code: number; readonly message: string };
}

type Mask = Readonly<Record<string, boolean>>;

/** Every field of an entry but its id, which is always there. */
const fields = {
  spiffeId: { type: "SPIFFEID", id: 2 },
  parentId: { type: "SPIFFEID", id: 3 },
  selectors: { rule: "repeated", type: "Selector", id: 4 },
  x509SvidTtl: { type: "int32", id: 5 },
  federatesWith: { rule: "repeated", type: "string", id: 6 },
  admin: { type: "bool", id: 7 },
  downstream: { type: "bool", id: 8 },
  expiresAt: { type: "int64", id: 9 },
  dnsNames: { rule: "repeated", type: "string", id: 10 },
  storeSvid: { type: "bool", id: 12 },
  jwtSvidTtl: { type: "int32", id: 13 },
  hint: { type: "string", id: 14 },
} as const;

/** A mask of all of them: what is read whole, and written whole. */
export const everyField: Mask = Object.fromEntries(Object.keys(fields).map((name) => [name, true]));

const id = { type: "string", id: 1 };
const results = { fields: { results: { rule: "repeated", type: "Result", id: 1 } } };
const entries = { rule: "repeated", type: "Entry", id: 1 };
const root = protobuf.Root.fromJSON({
  nested: {
    SPIFFEID: { fields: { trustDomain: { type: "string", id: 1 }, path: { type: "string", id: 2 } } },
    Selector: { fields: { type: { type: "string", id: 1 }, value: { type: "string", id: 2 } } },
    Status: { fields: { code: { type: "int32", id: 1 }, message: { type: "string", id: 2 } } },
    Entry: { fields: { id, ...fields } },
    // The mask of a field has the field's number.
    EntryMask: {
      fields: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, { type: "bool", id: field.id }])),
    },
    ListEntriesRequest: {
      fields: {
        outputMask: { type: "EntryMask", id: 2 },
        pageSize: { type: "int32", id: 3 },
        pageToken: { type: "string", id: 4 },
      },
    },
    ListEntriesResponse: { fields: { entries, nextPageToken: { type: "string", id: 2 } } },
    BatchCreateEntryRequest: { fields: { entries } },
    BatchUpdateEntryRequest: { fields: { entries, inputMask: { type: "EntryMask", id: 2 } } },
    BatchDeleteEntryRequest: { fields: { ids: { rule: "repeated", type: "string", id: 1 } } },
    Result: { fields: { status: { type: "Status", id: 1 } } },
    BatchCreateEntryResponse: results,
    BatchUpdateEntryResponse: results,
    BatchDeleteEntryResponse: results,
  },
});

/** How a method's messages are written and read. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly encode: (request: Request) => Buffer;
  readonly decode: (bytes: Buffer) => Response;
}

function method<Request extends object, Response>(
  name: "ListEntries" | "BatchCreateEntry" | "BatchUpdateEntry" | "BatchDeleteEntry",
): Method<Request, Response> {
  const [requests, responses] = [root.lookupType(`${name}Request`), root.lookupType(`${name}Response`)];
  return {
    path: `/spire.api.server.entry.v1.Entry/${name}`,
    encode: (message) => Buffer.from(requests.encode(requests.create(message)).finish()),
    decode: (bytes) => responses.toObject(responses.decode(bytes), { defaults: true, longs: Number }) as Response,
  };
}

export const listEntries = method<
  { readonly outputMask: Mask; readonly pageSize: number; readonly pageToken: string },
  { readonly entries: readonly WrittenEntry[]; readonly nextPageToken: string }
>("ListEntries");

interface Results {
  readonly results: readonly Result[];
}
export const createEntries = method<{ readonly entries: readonly WrittenEntry[] }, Results>("BatchCreateEntry");
export const updateEntries = method<{ readonly entries: readonly WrittenEntry[]; readonly inputMask: Mask }, Results>(
  "BatchUpdateEntry",
);
export const deleteEntries = method<{ readonly ids: readonly string[] }, Results>("BatchDeleteEntry");
