import type { Node, VirtualMachine, VirtualMachineInstance } from "#operator/api/foreign.ts";
import type { Project } from "#operator/api/generated/project.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { BOUNDARY_LABEL_PREFIX, SERVER_LABEL, TRAIT_LABEL_PREFIX } from "#operator/api/marks.ts";
import { clouds } from "#operator/api/resources.ts";
import { allBoundaries } from "#operator/boundaries.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import type { MachineFlavor } from "./machine-flavor.ts";

/**
 * Where the machine may run, as pod affinity: within all boundaries, in its zone, by its Flavor's traits. Required traits
 * are the instancetype's node selector; KubeVirt refuses a machine that has a node selector beside it, so the others are
 * affinity too.
 */
export function affinityOf(
  server: Server,
  flavor: MachineFlavor,
  boundaries: readonly string[],
): Readonly<Record<string, unknown>> | undefined {
  const { zone, placement = {} } = server.spec;
  const nodes = [
    ...(zone === undefined ? [] : [{ key: "topology.kubernetes.io/zone", operator: "In", values: [zone] }]),
    ...(flavor.spec.traits?.forbidden ?? []).map((trait) => ({
      key: `${TRAIT_LABEL_PREFIX}${trait}`,
      operator: "NotIn",
      values: ["true"],
    })),
    ...allBoundaries(boundaries).map((boundary) => ({
      key: `${BOUNDARY_LABEL_PREFIX}${boundary}`,
      operator: "In",
      values: ["true"],
    })),
  ];
  const affinity = {
    ...(nodes.length === 0
      ? {}
      : {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: nodes }] },
          },
        }),
    ...hosts("podAffinity", placement.sameHost),
    ...hosts("podAntiAffinity", placement.differentHost),
  };
  return Object.keys(affinity).length === 0 ? undefined : affinity;
}

/** `sameHost` of two Servers asks for a node with both: a term for each. `differentHost` is the same, turned round. */
function hosts(kind: string, servers: readonly string[] = []): Readonly<Record<string, unknown>> {
  if (servers.length === 0) return {};
  const terms = servers.toSorted().map((name) => ({
    labelSelector: { matchLabels: { [SERVER_LABEL]: name } },
    topologyKey: "kubernetes.io/hostname",
  }));
  return { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: terms } };
}

/** The boundaries that a machine is kept within, as its affinity says. */
export function boundariesOf(machine: VirtualMachine | undefined): readonly string[] {
  const required =
    machine?.spec?.template?.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const keys = required?.nodeSelectorTerms.flatMap(
    ({ matchExpressions }) => matchExpressions?.map(({ key }) => key) ?? [],
  );
  return (keys ?? [])
    .filter((key) => key.startsWith(BOUNDARY_LABEL_PREFIX))
    .map((key) => key.slice(BOUNDARY_LABEL_PREFIX.length));
}

/**
 * What Servers of a Project are kept within, by its Cloud's word and its own, whatever their disks add. Undefined where the Cloud is
 * not known: no boundary is passed over because of that.
 */
export function commonBoundaries(project: Project | undefined, cache: CacheReader): readonly string[] | undefined {
  const ref = project?.status?.cloudRef;
  const cloud = ref === undefined ? undefined : cache.get(clouds, ref);
  return cloud === undefined ? undefined : allBoundaries(cloud.spec.boundaries, project?.spec.boundaries);
}

/** The reason of a Server's RestartRequired where its guest runs outside of its boundaries. */
export const OUTSIDE_BOUNDARIES = "OutsideBoundaries";

/**
 * The boundaries of a machine that its guest's node is not within: they came later than the guest, or a label was taken off the
 * node. Kubernetes looks at labels when a pod is placed, and not again.
 */
export function leftBoundaries(
  machine: VirtualMachine | undefined,
  instance: VirtualMachineInstance | undefined,
  node: Node | undefined,
): readonly string[] {
  if (node === undefined || instance?.status?.phase !== "Running") return [];
  const { labels = {} } = node.metadata;
  return boundariesOf(machine).filter((boundary) => labels[`${BOUNDARY_LABEL_PREFIX}${boundary}`] !== "true");
}

/** Whether a machine may start where its Cloud's and its Project's boundaries do not let it. */
export function isOutside(machine: VirtualMachine | undefined, boundaries: readonly string[] = []): boolean {
  if (machine === undefined) return false;
  const kept = boundariesOf(machine);
  return boundaries.some((boundary) => !kept.includes(boundary));
}
