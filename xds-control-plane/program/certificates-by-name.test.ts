import { describe, expect, test } from "vitest";
import type { Gateway, ReferenceGrant } from "../cluster-view/kinds.ts";
import { certificatesByName, mostByName, WholeGateways } from "./certificates-by-name.ts";

/** A Gateway of the namespace `shop`, with a listener for each list of certificates. */
function gateway(name: string, ...listeners: readonly (readonly object[])[]): Gateway {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name, namespace: "shop", uid: name, creationTimestamp: "2026-01-01T00:00:00Z", generation: 1 } as never,
    spec: {
      gatewayClassName: "nephele",
      listeners: listeners.map((certificateRefs, at) => ({
        ...{ name: `l${at}`, port: 443, protocol: "HTTPS", tls: { certificateRefs } },
      })),
    } as never,
  };
}

const refs = (count: number, prefix: string): readonly object[] =>
  Array.from({ length: count }, (_, at) => ({ name: `${prefix}-${at}` }));
const namesOf = (gateways: readonly Gateway[], grants: readonly ReferenceGrant[] = []): readonly string[] => {
  const { wanted } = certificatesByName(gateways, new Set(["shop", "other"]), grants);
  return [...wanted].map(([{ metadata }, names]) => `${metadata.name}: ${[...names].join(" ")}`);
};

describe("read by name is", () => {
  test("each core Secret of a namespace that may not be read as a whole, once", () => {
    const both = gateway(
      "a",
      [{ name: "tls" }, { name: "more" }],
      [{ name: "tls" }, { kind: "ConfigMap", name: "no" }, { name: "no,such=name" }],
    );
    expect(namesOf([both])).toEqual(["a: shop/tls shop/more"]);
    expect([...certificatesByName([both], new Set(), []).wanted.values()]).toEqual([new Set()]);
  });

  test("one of another namespace where a grant of that lets the Gateway refer to it, and not without", () => {
    const foreign = gateway("a", [{ name: "tls", namespace: "other" }]);
    const grant = {
      metadata: { name: "grant", namespace: "other" },
      spec: {
        from: [{ group: "gateway.networking.k8s.io", kind: "Gateway", namespace: "shop" }],
        to: [{ group: "", kind: "Secret" }],
      },
    } as unknown as ReferenceGrant;
    expect(namesOf([foreign])).toEqual(["a: "]);
    expect(namesOf([foreign], [grant])).toEqual(["a: other/tls"]);
  });

  test("no more than the bound, for a Gateway and for all of a namespace, and the older ones keep theirs", () => {
    const full = Math.ceil(mostByName.namespace / mostByName.gateway);
    const older = Array.from({ length: full }, (_, at) => gateway(`b${at}`, refs(mostByName.gateway, `b${at}`)));
    const later = gateway("a", refs(64, "a"), refs(64, "more"));
    Object.assign(later.metadata, { creationTimestamp: "2026-01-02T00:00:00Z" });

    const alone = certificatesByName([later], new Set(["shop"]), []);
    expect(alone.wanted.get(later)?.size).toBe(mostByName.gateway);
    expect(alone.excess.size).toBe(128 - mostByName.gateway);

    const all = certificatesByName([later, ...older], new Set(["shop"]), []);
    expect(all.wanted.get(later)?.size).toBe(0);
    expect(older.map((each) => all.wanted.get(each)?.size)).toEqual(older.map(() => mostByName.gateway));
    expect(all.excess.size).toBe(128);
  });
});

describe("a Gateway", () => {
  const none = new Set<string>();
  const look = (whole: WholeGateways, known: ReadonlySet<string>, ...gateways: readonly Gateway[]) => {
    const asked = certificatesByName(gateways, new Set(["shop"]), []);
    const names = [...whole.names(asked)].sort();
    return { names, seen: gateways.map((each) => whole.seen(asked, known).get(each)) };
  };

  test("that is changed to a name without an answer is seen as it was, and another goes on", () => {
    const whole = new WholeGateways();
    const before = gateway("a", [{ name: "old" }]);
    expect(look(whole, new Set(["shop/old"]), before).seen).toEqual([before]);

    const after = gateway("a", [{ name: "new" }]);
    Object.assign(after.metadata, { generation: 2, labels: { now: "yes" } });
    const other = gateway("b", [{ name: "theirs" }]);
    const { names, seen } = look(whole, new Set(["shop/old", "shop/theirs"]), after, other);
    // What it is seen with is read on.
    expect(names).toEqual(["shop/new", "shop/old", "shop/theirs"]);
    expect(seen).toEqual([{ ...before, metadata: { ...after.metadata, generation: 1 } }, other]);

    expect(look(whole, new Set(["shop/old", "shop/new"]), after).seen).toEqual([after]);
    expect(look(whole, none, after).names).toEqual(["shop/new"]);
  });

  test("that is changed to other such names again and again is seen as it was, and asks for no more than both", () => {
    const whole = new WholeGateways();
    const before = gateway("a", [{ name: "old" }]);
    look(whole, new Set(["shop/old"]), before);
    for (let at = 0; at < 10; at += 1) {
      const { names, seen } = look(whole, new Set(["shop/old"]), gateway("a", refs(32, `x${at}`)));
      expect(names).toHaveLength(33);
      expect(seen).toEqual([before]);
    }
  });

  test("that is new is seen at once, and made anew by the same name it is new", () => {
    const whole = new WholeGateways();
    const first = gateway("a", [{ name: "old" }]);
    expect(look(whole, none, first).seen).toEqual([first]);
    look(whole, new Set(["shop/old"]), first);
    const anew = gateway("a", [{ name: "new" }]);
    Object.assign(anew.metadata, { uid: "another" });
    expect(look(whole, none, anew).seen).toEqual([anew]);
  });
});
