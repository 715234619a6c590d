import type { Cache } from "./go-control-plane.ts";

/** A case that go-control-plane does not pass: in which modes, by the cache that serves it, and why, out of its sources. */
export interface KnownMiss {
  readonly obligation: number;
  /** The case's own. */
  readonly title: string;
  readonly modes: Readonly<Record<Cache, readonly string[]>>;
  readonly why: string;
}

const sotw = ["SotW ADS", "SotW"];
const delta = ["delta ADS", "delta"];
const aggregated = ["SotW ADS", "delta ADS"];
const all = [...sotw, ...delta];

/** What the suite finds in go-control-plane v0.14. That it finds them is the proof that it can fail. */
export const knownMisses: readonly KnownMiss[] = [
  {
    obligation: 2,
    title: "a nonce is not used on a second stream",
    modes: { snapshot: all, linear: all },
    why: "nonces are counted from 1 on each stream. The protocol allows it; we are stricter, so that a nonce of a former stream is known as such",
  },
  {
    obligation: 3,
    title: "what was rejected is not sent again until it changes",
    modes: { snapshot: sotw, linear: [] },
    why: "a change of a type sends all its resources again, what was rejected among them",
  },
  {
    obligation: 6,
    title: "a resource that is asked for again is sent though it did not change",
    modes: { snapshot: delta, linear: delta },
    why: "a name in resource_names_subscribe whose version the server believes the client to have is passed over",
  },
  {
    obligation: 7,
    title: "a name that does not exist is answered as removed, remembered, and sent when it appears",
    modes: { snapshot: delta, linear: delta },
    why: "a name that does not exist is remembered and not answered: the client waits for its own time-out",
  },
  {
    obligation: 7,
    title: "a secret that does not exist, or vanishes, is never answered as removed",
    modes: { snapshot: delta, linear: delta },
    why: "what vanishes is sent as removed whatever its type; Envoy rejects that for a secret",
  },
  {
    obligation: 8,
    title: "unsubscribing from a name while subscribed to all is answered with it",
    modes: { snapshot: delta, linear: delta },
    why: "an unsubscription under a wildcard is not answered",
  },
  {
    obligation: 8,
    title: "no names mean all until a name was given, and never again",
    modes: { snapshot: all, linear: sotw },
    why: "a client that drops the wildcard and then asks for a name that it had by it gets no answer (as in 6)",
  },
  {
    obligation: 10,
    title: "changes are made in order, and what is gone is removed after the routes that used it were acknowledged",
    modes: { snapshot: aggregated, linear: aggregated },
    why: "types go without awaiting acknowledgements, and a cluster's removal goes with the change that adds its successor",
  },
  {
    obligation: 11,
    title: "endpoints are sent again after their cluster changed",
    modes: { snapshot: aggregated, linear: aggregated },
    why: "nothing is sent again; Envoy warms a changed cluster until its time-out",
  },
  {
    obligation: 11,
    title: "routes are sent again after their listener changed",
    modes: { snapshot: aggregated, linear: aggregated },
    why: "nothing is sent again",
  },
  {
    obligation: 12,
    title: "requests for one name each are answered together",
    modes: { snapshot: delta, linear: delta },
    why: "each request is answered by itself",
  },
];
