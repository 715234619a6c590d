import { isServiceError } from "#operator/clients/service-error.ts";
import type { Step } from "#runtime/controller/definition.ts";
import { invalid, waiting } from "#runtime/controller/outcome.ts";
import { REFUSAL_POLL_MS } from "./periods.ts";
import type { SecretScope } from "./scope.ts";

/**
 * A step whose refusals by Keystone and Barbican are told as what a person can do about them. A service that is away,
 * slow or answers nonsense still throws, and is tried again.
 */
export function withRefusals(step: Step<SecretScope>): Step<SecretScope> {
  return async (scope, signal) => {
    try {
      return await step(scope, signal);
    } catch (error) {
      const project = scope.home?.project.metadata.name ?? scope.secret.metadata.namespace ?? "";
      if (isServiceError(error, "Quota"))
        return waiting(`room in the quota of Project ${project} (spec.quota.secrets); Barbican says: ${error.said}`, {
          reason: "QuotaExceeded",
          pollAfterMs: REFUSAL_POLL_MS,
        });
      if (isServiceError(error, "ScopeRefused"))
        return waiting(`Keystone to let the operator into Project ${project}; it says: ${error.said}`, {
          pollAfterMs: REFUSAL_POLL_MS,
        });
      if (isServiceError(error, "TooLarge"))
        return invalid("spec.source", "holds more than this Barbican takes", { pollAfterMs: REFUSAL_POLL_MS });
      throw error;
    }
  };
}
