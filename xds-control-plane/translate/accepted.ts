import { problemsOf } from "../mesh/check.ts";
import type { HttpChain, HttpPolicies, Listener } from "../mesh/mesh.ts";
import type { HttpRule } from "../mesh/route.ts";
import { type AnyService, meshWith } from "./arbitrary-mesh.ts";

type AnyListener = Pick<Listener, "chains">;

/**
 * The accepted part of a listener, as large as leaving out one thing after another makes it; undefined where nothing is left.
 * So each draw says something about what it holds, however much else is wrong with it.
 */
export function accepted(listener: AnyListener, service: AnyService): AnyListener | undefined {
  const isGood = (chains: Listener["chains"]): boolean => {
    const { mesh, proxy } = meshWith([{ chains }], service);
    return problemsOf(mesh, proxy).length === 0;
  };
  const chains = listener.chains
    .map((chain) => (chain.kind === "http" ? part(chain, (each) => isGood([each])) : chain))
    .filter((chain) => isGood([chain]));
  const whole = chains.length > 1 && !isGood(chains) ? chains.slice(0, 1) : chains;
  return whole.length === 0 ? undefined : { chains: whole };
}

function part(chain: HttpChain, isGood: (chain: HttpChain) => boolean): HttpChain {
  const named = isGood({ ...bare(chain), serverNames: chain.serverNames }) ? chain.serverNames : [];
  let made: HttpChain = { ...bare(chain), serverNames: named };
  // The JWT check goes first: access rules and limits may name its claims.
  const keys = ["jwt", ...Object.keys(chain.policies).filter((key) => key !== "jwt")] as (keyof HttpPolicies)[];
  for (const key of keys) {
    if (chain.policies[key] === undefined) continue;
    const next = { ...made, policies: { ...made.policies, [key]: chain.policies[key] } };
    if (isGood(next)) made = next;
  }
  for (const { hostname, rules } of chain.hosts) {
    const good: HttpRule[] = [];
    for (const rule of rules) {
      const next = smaller(rule).find((each) =>
        isGood({ ...made, hosts: [...made.hosts, { hostname, rules: [...good, each] }] }),
      );
      if (next !== undefined) good.push(next);
    }
    const next = { ...made, hosts: [...made.hosts, { hostname, rules: good }] };
    if (isGood(next)) made = next;
  }
  return made;
}

function bare(chain: HttpChain): HttpChain {
  return { ...chain, serverNames: [], hosts: [], policies: { access: { enforced: "everyone" } } };
}

/** A rule, and what is left of it without one of its parts, or without all. */
function smaller(rule: HttpRule): readonly HttpRule[] {
  const { name, matches, action } = rule;
  const parts = ["requestHeaders", "responseHeaders", "overrides"] as const;
  const without = parts.map((part) => Object.fromEntries(Object.entries(rule).filter(([key]) => key !== part)));
  return [
    rule,
    { ...rule, matches: [] },
    ...(without as unknown as HttpRule[]),
    { name, matches, action },
    { ...rule, action: { kind: "forward", backends: [] } },
    { name, matches: [], action },
  ];
}
