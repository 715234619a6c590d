import { optionalNumber, pathMatchProblem } from "./check-routes.ts";
import { each, type Finding, finding, repeated, within } from "./finding.ts";
import { jwksProblem } from "./key-set.ts";
import type { HttpPolicies } from "./mesh.ts";
import type { AccessPolicy, AccessRule, JwtCheck, RateLimitDescriptor } from "./policy.ts";
import type { RuleOverrides } from "./route.ts";
import { headerNameProblem, headerValueProblem, numberProblem } from "./syntax.ts";

const longest = 24 * 60 * 60 * 1000;

/** What is wrong with policies of a listener or of a rule; `jwt` is the listener's check, which claims come from. */
export function policyProblems(
  at: string,
  policies: Partial<HttpPolicies> | RuleOverrides,
  jwt: JwtCheck | undefined,
): readonly Finding[] {
  const { access, bodyLimit, fault, globalRateLimit, externalAuthorization } = policies;
  const descriptors =
    globalRateLimit === undefined || "length" in globalRateLimit ? globalRateLimit : globalRateLimit.descriptors;
  const findings = [
    ...(access === undefined ? [] : accessProblems(access, jwt)),
    ...optionalNumber("bodyLimit.maxBytes", bodyLimit?.maxBytes, 1, 2 ** 31),
    ...optionalNumber("fault.delay.ms", fault?.delay?.ms, 1, longest),
    ...optionalNumber("fault.delay.perMillion", fault?.delay?.perMillion, 0, 1_000_000),
    ...optionalNumber("fault.abort.status", fault?.abort?.status, 200, 599),
    ...optionalNumber("fault.abort.perMillion", fault?.abort?.perMillion, 0, 1_000_000),
    ...each("globalRateLimit.descriptors", descriptors ?? [], (descriptor) => descriptorProblems(descriptor, jwt)),
    ...(externalAuthorization
      ? finding("externalAuthorization.timeoutMs", numberProblem(externalAuthorization.timeoutMs, 1, longest))
      : []),
    ...("jwt" in policies && policies.jwt !== undefined ? jwtProblems(policies.jwt) : []),
    ...("identityHeaders" in policies
      ? each("identityHeaders", policies.identityHeaders ?? [], (name) => finding("", headerNameProblem(name)))
      : []),
    ...(globalRateLimit !== undefined && "domain" in globalRateLimit
      ? [
          ...finding("globalRateLimit.domain", globalRateLimit.domain === "" ? "it has none" : undefined),
          ...finding("globalRateLimit.timeoutMs", numberProblem(globalRateLimit.timeoutMs, 1, longest)),
        ]
      : []),
  ];
  return at === "" ? findings : within(at, findings);
}

function accessProblems({ enforced, trial }: AccessPolicy, jwt: JwtCheck | undefined): readonly Finding[] {
  const of = (at: string, rules: readonly AccessRule[]): readonly Finding[] => [
    ...repeated(
      at,
      rules.map(({ name }) => name),
    ),
    ...each(at, rules, (rule) => [
      ...finding("name", rule.name === "" ? "it has no name" : undefined),
      ...each("paths", rule.paths ?? [], (path) => finding("", pathMatchProblem(path))),
      ...each("methods", rule.methods ?? [], (method) => finding("", headerNameProblem(method))),
      ...each("claims", rule.claims ?? [], (claim) => claimProblems(claim, jwt)),
    ]),
  ];
  return [...(enforced === "everyone" ? [] : of("access.enforced", enforced)), ...of("access.trial", trial ?? [])];
}

/** What is wrong with where a claim comes from. */
export function claimProblems(
  { provider, path }: { readonly provider: string; readonly path: readonly string[] },
  jwt: JwtCheck | undefined,
): readonly Finding[] {
  const isKnown = jwt?.providers.some(({ name }) => name === provider) === true;
  return [
    ...finding("provider", isKnown ? undefined : `there is no JWT provider "${provider}"`),
    ...finding("path", path.length === 0 || path.includes("") ? "it names no claim" : undefined),
  ];
}

function descriptorProblems(descriptor: RateLimitDescriptor, jwt: JwtCheck | undefined): readonly Finding[] {
  return [
    ...finding("", descriptor.length === 0 ? "it counts by nothing" : undefined),
    ...each("", descriptor, (entry) => [
      ...finding("key", "key" in entry && entry.key === "" ? "it has none" : undefined),
      ...finding("value", entry.kind === "constant" && entry.value === "" ? "it has none" : undefined),
      ...finding("name", entry.kind === "header" ? headerNameProblem(entry.name) : undefined),
      ...(entry.kind === "claim" ? claimProblems(entry, jwt) : []),
    ]),
  ];
}

function jwtProblems(jwt: JwtCheck): readonly Finding[] {
  const providers = jwt.providers.map(({ name }) => name);
  const requirements = jwt.requirements.map(({ name }) => name);
  return within("jwt", [
    ...repeated("providers", providers),
    ...repeated("requirements", requirements),
    ...finding(
      "standard",
      jwt.standard === undefined || requirements.includes(jwt.standard)
        ? undefined
        : `there is no requirement "${jwt.standard}"`,
    ),
    ...each("providers", jwt.providers, (provider) => [
      ...finding(
        "name",
        provider.name === "" || provider.name.startsWith("!") ? "it has no name of a provider" : undefined,
      ),
      ...(provider.keys.kind === "inline"
        ? finding("keys", jwksProblem(provider.keys.jwks))
        : [
            ...finding("keys.cacheMs", numberProblem(provider.keys.cacheMs, 1, longest)),
            ...finding("keys.uri", URL.canParse(provider.keys.uri) ? undefined : `"${provider.keys.uri}" is no URI`),
          ]),
      ...each("headers", provider.headers ?? [], ({ name }) => finding("name", headerNameProblem(name))),
    ]),
    ...each("requirements", jwt.requirements, ({ name, providers: wanted, challenge }) => [
      ...finding("name", name === "" ? "it has no name" : undefined),
      ...finding("challenge", challenge === undefined ? undefined : headerValueProblem(challenge)),
      ...finding("providers", wanted.length === 0 ? "no token would do" : undefined),
      ...each("providers", wanted, (wantedName) =>
        finding("", providers.includes(wantedName) ? undefined : `there is no provider "${wantedName}"`),
      ),
    ]),
  ]);
}
