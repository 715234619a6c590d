import type { AccessPolicy, AccessRule, AccessRules, CallerMatch, ClaimMatch } from "../../mesh/policy.ts";
import type { Json } from "../../snapshot/resource.ts";
import { pathMatchers } from "../match.ts";

/** Before the names of the counters and of the metadata of rules on trial. */
export const trialPrefix = "trial_";

const anyone = [{ any: true }];

/** Access as Envoy's RBAC has it: `rules` refuse, `shadowRules` only count. Without rules everybody may. */
export function rbac({ enforced, trial }: AccessPolicy, of: "http" | "tcp"): Json {
  return {
    ...rulesOf("rules", enforced, of),
    ...(trial === undefined ? {} : { ...rulesOf("shadowRules", trial, of), shadowRulesStatPrefix: trialPrefix }),
  };
}

function rulesOf(field: string, rules: AccessRules, of: "http" | "tcp"): Json {
  if (rules === "everyone") return {};
  const policies = Object.fromEntries(rules.map((rule) => [rule.name, policy(rule, of)]));
  return { [field]: { action: "ALLOW", policies } };
}

function policy(rule: AccessRule, of: "http" | "tcp"): Json {
  const permissions =
    of === "tcp"
      ? []
      : [
          ...oneOf(
            "orRules",
            "rules",
            rule.paths?.flatMap(pathMatchers).map((urlPath) => ({ urlPath })),
          ),
          ...oneOf(
            "orRules",
            "rules",
            rule.methods?.map((exact) => ({ header: { name: ":method", stringMatch: { exact } } })),
          ),
        ];
  const principals = [
    ...oneOf("orIds", "ids", rule.callers?.map(caller)),
    ...oneOf(
      "andIds",
      "ids",
      of === "tcp" || rule.claims === undefined || rule.claims.length === 0 ? undefined : rule.claims.map(claim),
    ),
  ];
  return {
    permissions: permissions.length === 0 ? anyone : [{ andRules: { rules: permissions } }],
    principals: principals.length === 0 ? anyone : [{ andIds: { ids: principals } }],
  };
}

/** A list, of which what is empty lets nobody in, and what is not said everybody. */
function oneOf(choice: string, list: string, members: readonly Json[] | undefined): readonly Json[] {
  if (members === undefined) return [];
  if (members.length === 0) return [choice === "orRules" ? { notRule: { any: true } } : { notId: { any: true } }];
  return [{ [choice]: { [list]: members } }];
}

/** A caller by the URI in its certificate. */
export function caller(match: CallerMatch): Json {
  const principalName = typeof match === "string" ? { exact: match } : { prefix: `${match.below}/` };
  return { authenticated: { principalName } };
}

function claim({ provider, path, value, isList }: ClaimMatch): Json {
  const exact = { stringMatch: { exact: value } };
  return {
    sourcedMetadata: {
      metadataMatcher: {
        filter: "envoy.filters.http.jwt_authn",
        path: [provider, ...path].map((key) => ({ key })),
        value: isList === true ? { listMatch: { oneOf: exact } } : exact,
      },
    },
  };
}
