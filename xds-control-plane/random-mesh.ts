import type { HttpChain, HttpPolicies, Mesh } from "./mesh/mesh.ts";
import type { HttpRule } from "./mesh/route.ts";
import type { Service } from "./mesh/service.ts";
import { httpChain, meshOf, proxyOf, ruleTo, serviceAt } from "./mesh-fixtures.ts";

/** Where the requests of a run go, whatever else changes: these paths are served in every mesh of it. */
export const paths = ["/a", "/b", "/c"] as const;

/** A pseudo-random number from 0 to below `below`, the same for the same seed. */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface State {
  /** Services by name, with the backends' ports. */
  readonly services: Map<string, Service>;
  /** Where each path goes. */
  readonly targets: Map<string, readonly { readonly service: string; readonly weight: number }[]>;
  readonly extras: Map<string, HttpRule>;
  readonly listeners: Set<number>;
  policies: HttpPolicies;
  denied: readonly string[];
}

/**
 * A mesh that changes by seed: services come and go, endpoints move, weights shift, rules, policies, listeners and denied
 * identities appear and vanish. Each of `paths` always leads to services that are there and have an endpoint.
 */
export class RandomMesh {
  readonly #pick: (below: number) => number;
  readonly #ports: readonly number[];
  readonly #listenerPorts: readonly number[];
  readonly #state: State = {
    services: new Map(),
    targets: new Map(),
    extras: new Map(),
    listeners: new Set(),
    policies: { access: { enforced: "everyone" } },
    denied: [],
  };
  #count = 0;

  /** @param ports of backends; @param listenerPorts the first always listens, the others now and then */
  constructor(seed: number, ports: readonly number[], listenerPorts: readonly number[]) {
    this.#pick = random(seed);
    this.#ports = ports;
    this.#listenerPorts = listenerPorts;
    for (const path of paths) this.#state.targets.set(path, [{ service: this.#newService(), weight: 1 }]);
  }

  /** Changes something, and says what. */
  change(): string {
    const changes = {
      moveRoute: () => this.#moveRoute(),
      moveEndpoints: () => this.#moveEndpoints(),
      changeCluster: () => this.#changeCluster(),
      shiftWeights: () => this.#shiftWeights(),
      toggleRule: () => this.#toggleRule(),
      changePolicies: () => this.#changePolicies(),
      toggleListener: () => this.#toggleListener(),
      changeDenied: () => this.#changeDenied(),
    };
    const name = this.#of(Object.keys(changes)) as keyof typeof changes;
    changes[name]();
    this.#dropUnused();
    return name;
  }

  mesh(): Mesh {
    const { services, targets, extras, listeners, policies, denied } = this.#state;
    const rules = [
      ...[...targets].map(([path, backends]) => ruleTo(path, "", { action: { kind: "forward", backends } })),
      ...extras.values(),
    ];
    const chain: HttpChain = httpChain([{ hostname: "*", rules }], { policies });
    const [first, ...others] = this.#listenerPorts;
    const ports = [first ?? 0, ...others.filter((port) => listeners.has(port))];
    const all = ports.map((port) => ({ name: `in-${port}`, address: "127.0.0.1", port, chains: [chain] }));
    return meshOf([proxyOf("edge", all)], [...services.values()], denied);
  }

  /** A path goes to a service that did not exist, and the former one goes. */
  #moveRoute(): void {
    this.#state.targets.set(this.#of(paths), [{ service: this.#newService(), weight: 1 }]);
  }

  #moveEndpoints(): void {
    const service = this.#anyService();
    this.#state.services.set(service.name, { ...service, endpoints: this.#someEndpoints() });
  }

  /** What makes Envoy warm the cluster anew. */
  #changeCluster(): void {
    const service = this.#anyService();
    this.#state.services.set(service.name, { ...service, connectTimeoutMs: 1_000 + this.#pick(1_000) });
  }

  #shiftWeights(): void {
    const path = this.#of(paths);
    const weighted = (name: string) => ({ service: name, weight: 1 + this.#pick(100) });
    const [kept] = this.#state.targets.get(path) ?? [];
    const backends = [kept?.service ?? this.#newService(), this.#newService()].map(weighted);
    this.#state.targets.set(path, backends);
  }

  #toggleRule(): void {
    const name = `extra-${this.#pick(4)}`;
    if (this.#state.extras.delete(name)) return;
    const service = this.#anyService().name;
    const kinds: readonly HttpRule["action"][] = [
      { kind: "respond", status: 404 },
      { kind: "redirect", status: 302, path: { kind: "full", value: "/a" } },
      {
        kind: "forward",
        backends: [
          { service, weight: 1 },
          { service: undefined, weight: 1 },
        ],
      },
    ];
    const matches = [{ path: { kind: "prefix", value: `/${name}` } as const }];
    this.#state.extras.set(name, { name, matches, action: this.#of(kinds) });
  }

  #changePolicies(): void {
    const everyAddress = { name: "any", by: [{ kind: "remoteAddress" } as const], requests: 1_000_000, perMs: 1_000 };
    const trial = this.#pick(2) === 0 ? [] : [{ name: "nobody", callers: [] }];
    const choices: readonly HttpPolicies[] = [
      { access: { enforced: "everyone" } },
      { access: { enforced: "everyone", trial } },
      { access: { enforced: [{ name: "get", methods: ["GET"] }], trial } },
      { access: { enforced: "everyone" }, bodyLimit: { maxBytes: 1_000 + this.#pick(10) } },
      { access: { enforced: "everyone" }, rateLimits: [everyAddress] },
    ];
    this.#state.policies = this.#of(choices);
  }

  #toggleListener(): void {
    const port = this.#of(this.#listenerPorts.slice(1));
    if (!this.#state.listeners.delete(port)) this.#state.listeners.add(port);
  }

  #changeDenied(): void {
    this.#state.denied = Array.from({ length: this.#pick(3) }, (_, at) => `spiffe://mesh.test/ns/x/sa/${at}`);
  }

  #dropUnused(): void {
    const { services, targets, extras } = this.#state;
    const actions = [...extras.values()].map(({ action }) => action);
    const used = new Set([
      ...[...targets.values()].flat().map(({ service }) => service),
      ...actions.flatMap((action) => (action.kind === "forward" ? action.backends.map(({ service }) => service) : [])),
    ]);
    for (const name of services.keys()) if (!used.has(name)) services.delete(name);
  }

  #newService(): string {
    this.#count += 1;
    const service = { ...serviceAt(`service-${this.#count}`, []), endpoints: this.#someEndpoints() };
    this.#state.services.set(service.name, service);
    return service.name;
  }

  #anyService(): Service {
    return this.#of([...this.#state.services.values()]);
  }

  #someEndpoints(): Service["endpoints"] {
    const start = this.#pick(this.#ports.length);
    const length = 1 + this.#pick(this.#ports.length - 1);
    const ports = Array.from({ length }, (_, at) => this.#ports[(start + at) % this.#ports.length] ?? 0);
    return ports.map((port) => ({ address: "127.0.0.1", port }));
  }

  #of<T>(list: readonly T[]): T {
    return list[this.#pick(list.length)] as T;
  }
}
