import { type Outcome, settled, type Waiting, waiting } from "#runtime/controller/outcome.ts";
import { phaseAtEnd } from "../decide/release-phase.ts";
import { type CloudScope, unwellPoll, wellPoll } from "../scope.ts";
import { record } from "./schema.ts";

/** How soon the pass comes that contracts, in milliseconds. */
const CONTRACT_AFTER_MS = 1_000;
/**
 * What a Cloud can be without: Projects and Secrets need no hypervisor, all works slowly without a cache, and what was
 * registered with SPIRE stays so while it is away. Whether pods are all in the mesh says nothing of whether they answer. A
 * backup that fails is a condition to raise an alarm on, and nobody is served less.
 */
const NOT_NEEDED: readonly string[] = [
  ...["HypervisorReady", "CacheReady", "Confined", "WorkloadsRegistered", "MeshReady", "BackupReady", "Drilled"],
];

/** What a Cloud is not Ready without, and an upgrade ends without: neither release can mend it. */
const NOT_OF_UPGRADES: readonly string[] = ["GatewayReady", "StoresReady"];

/** Ready when all that is needed is; and the last of an upgrade, when everything of the new release serves. */
export async function conclude(scope: CloudScope): Promise<Outcome> {
  const awaited = [...scope.results].flatMap(([aspect, result]) =>
    result.kind === "waiting" && !NOT_NEEDED.includes(aspect) ? [{ aspect, ...result }] : [],
  );
  if (awaited.some(({ aspect }) => !NOT_OF_UPGRADES.includes(aspect))) return notReady(scope, awaited);
  const ended = await endUpgrade(scope);
  return ended.kind === "settled" && awaited.length > 0 ? notReady(scope, awaited) : ended;
}

function notReady(scope: CloudScope, awaited: readonly Waiting[]): Outcome {
  const reason = awaited[0]?.reason;
  return waiting(awaited.map(({ for: what }) => what).join("; "), {
    ...(reason === undefined ? {} : { reason }),
    pollAfterMs: unwellPoll(scope),
  });
}

async function endUpgrade(scope: CloudScope): Promise<Outcome> {
  const { deployment, plan } = scope;
  if (deployment === undefined || plan === undefined)
    return settled({ message: "Keystone and Barbican answer", pollAfterMs: wellPoll(scope) });
  const { release } = deployment;
  const phase = phaseAtEnd(plan.decision, deployment.contract);
  const { rollbackTo } = scope.release ?? {};
  scope.release = { deployed: release, target: release, phase };
  if (phase === "Contracting") {
    // From here on there is no way back; the next pass contracts the schemas as those of this release alone.
    await record(scope, deployment, { oldest: release, newest: release });
    scope.event("Normal", "UpgradeContracts", `everything is of ${release}: the schemas are contracted`);
    return waiting(`the schemas to be contracted to ${release}`, { pollAfterMs: CONTRACT_AFTER_MS });
  }
  if (phase === "Soaking") {
    scope.release = { ...scope.release, ...(rollbackTo === undefined ? {} : { rollbackTo }) };
    return settled({
      message: `Keystone and Barbican answer; spec.release may be set back to ${rollbackTo ?? "the former"} until spec.contract is Automatic`,
      pollAfterMs: wellPoll(scope),
    });
  }
  return settled({ message: "Keystone and Barbican answer", pollAfterMs: wellPoll(scope) });
}
