import type { Api } from "../api.ts";
import { defined, objectIn, optionalTextIn, textIn, textsIn } from "../shape.ts";
import { collect, pages } from "./pages.ts";
import { idIn, nameIn, optionalIdIn, timeIn } from "./refs.ts";

export interface NewOrder {
  /** Becomes the name of the secret; of an asymmetric order, of both secrets and of the container. */
  readonly name: string;
  /** `aes` … for a key, `rsa` … for a pair. */
  readonly algorithm: string;
  readonly bitLength: number;
  readonly mode?: string;
  /** RFC 3339; when what was made expires. */
  readonly expiration?: string;
  /** Kept with the order from the moment it is made, to find it by any of them; an order has no user metadata. */
  readonly marks?: readonly string[];
}

export interface Order {
  readonly id: string;
  /** The name that was ordered. */
  readonly name: string;
  readonly type: string;
  /** PENDING, ACTIVE or ERROR; without Barbican's queue never PENDING. */
  readonly status: string;
  readonly createdAt: string;
  /** What a `key` order made. */
  readonly secretId?: string;
  /** What an `asymmetric` order made: the container of both secrets. */
  readonly containerId?: string;
  /** Why the status is ERROR. */
  readonly error?: string;
  readonly marks: readonly string[];
  /** The user whose token ordered it. */
  readonly creatorId?: string;
}

export interface Orders {
  /** Orders a symmetric key and gives the order's id. A repeat makes another. Throws Quota. */
  createKey(order: NewOrder): Promise<string>;
  /** Orders a key pair: two secrets, PEM, and a container with `public_key` and `private_key`. Throws Quota. */
  createAsymmetric(order: NewOrder): Promise<string>;
  get(id: string): Promise<Order | undefined>;
  list(): Promise<readonly Order[]>;
  /** Orders that have this mark among theirs. */
  listByMark(mark: string): Promise<readonly Order[]>;
  /** Deletes the order; what it made stays. */
  delete(id: string): Promise<void>;
}

const all = "/v1/orders";
const one = "/v1/orders/{id}";
/** Barbican keeps fields of an order's `meta` that it does not know. */
const marksField = "nephele_marks";

export function createOrders(api: Api): Orders {
  const create = (type: string, { name, algorithm, bitLength, mode, expiration, marks }: NewOrder): Promise<string> => {
    const common = { name, algorithm, bit_length: bitLength, payload_content_type: "application/octet-stream" };
    const meta = { ...common, ...defined({ mode, expiration, [marksField]: marks }) };
    return api.read({ method: "POST", route: all, json: { type, meta } }, (json) => idIn(json, "order_ref"));
  };
  return {
    createKey: (order) => create("key", order),
    createAsymmetric: (order) => create("asymmetric", order),
    get: (id) => api.find({ method: "GET", route: one, params: { id } }, parseOrder),
    list: () => collect(pages(api, all, "orders"), parseOrder),
    listByMark: async (mark) => {
      // Barbican looks for the JSON of the value, quotes and all, in the text of `meta`: so for whole values only.
      const found = await collect(pages(api, all, "orders", { meta: mark }), parseOrder);
      return found.filter(({ marks }) => marks.includes(mark));
    },
    delete: (id) => api.remove({ method: "DELETE", route: one, params: { id } }),
  };
}

function parseOrder(json: unknown): Order {
  return {
    id: idIn(json, "order_ref"),
    name: nameIn(objectIn(json, "meta")),
    type: textIn(json, "type"),
    status: textIn(json, "status"),
    createdAt: timeIn(json, "created"),
    marks: textsIn(objectIn(json, "meta"), marksField),
    ...defined({
      secretId: optionalIdIn(json, "secret_ref"),
      containerId: optionalIdIn(json, "container_ref"),
      error: optionalTextIn(json, "error_reason"),
      creatorId: optionalTextIn(json, "creator_id"),
    }),
  };
}
