import type { ProxyClass } from "./mesh.ts";

/** The names of all services that a proxy's configuration speaks of, each once. */
export function servicesOf(proxy: ProxyClass): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (name: string | undefined): void => {
    if (name !== undefined) names.add(name);
  };
  add(proxy.tracing?.service);
  for (const chain of proxy.listeners.flatMap(({ chains }) => chains)) {
    if (chain.kind === "tcp") {
      for (const { service, weight } of chain.backends) if (weight > 0) add(service);
      continue;
    }
    const { jwt, externalAuthorization, globalRateLimit } = chain.policies;
    add(externalAuthorization?.service);
    add(globalRateLimit?.service);
    for (const { keys } of jwt?.providers ?? []) if (keys.kind === "remote") add(keys.service);
    for (const { action, overrides } of chain.hosts.flatMap(({ rules }) => rules)) {
      if (overrides?.externalAuthorization) add(overrides.externalAuthorization.service);
      if (action.kind !== "forward") continue;
      for (const { service, weight } of action.backends) if (weight > 0) add(service);
      for (const { service } of action.mirrors ?? []) add(service);
    }
  }
  return names;
}
