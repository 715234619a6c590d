import { namespaces } from "#operator/api/foreign.ts";
import { projects } from "#operator/api/resources.ts";
import type { KillBed } from "../bed.ts";
import type { Subject } from "../subject.ts";
import { isGone, isReady } from "./settled.ts";

const USERS = ["kill-one", "kill-two"] as const;
const GROUP = "kill-group";

async function apply(bed: KillBed, name: string, spec: object): Promise<void> {
  const wanted = { ...bed.projectSpec, ...spec };
  const object = { apiVersion: "nephele.dev/v1alpha1", kind: "Project", metadata: { name }, spec: wanted };
  await bed.kube.apply(projects, object, { fieldOwner: "test", force: true });
}

/** With all that a Project makes: rights in both worlds, bounds, isolation, quota, and an application credential. */
export const project: Subject = {
  name: "Project",
  open: async (bed) => {
    for (const user of USERS) await bed.domain.createUser(user);
    await bed.domain.createGroup(GROUP);
  },
  phases: [
    {
      name: "create",
      writesTo: ["kubernetes", "keystone", "barbican"],
      act: (bed, name) =>
        apply(bed, name, {
          workloads: true,
          quota: { servers: 2, cores: 4, memory: "8Gi", storage: "1Ti", secrets: 7 },
          credentials: { rotateEvery: "720h", role: "member" },
          members: [
            {
              user: USERS[0],
              domain: bed.domain.name,
              role: "manager",
              kubernetes: { kind: "User", name: "one@corp" },
            },
            { group: GROUP, domain: bed.domain.name, role: "reader", kubernetes: { kind: "Group", name: "corp:ops" } },
          ],
        }),
      settled: (bed, name) => isReady(bed, projects, { name }),
    },
    {
      // Another member, less rights, another credential at once, no bounds any more but the importers'.
      name: "update",
      writesTo: ["kubernetes", "keystone", "barbican"],
      act: (bed, name) =>
        apply(bed, name, {
          description: "changed",
          isolation: "Open",
          workloads: false,
          credentials: { rotateEvery: "720h", role: "reader" },
          members: [
            { user: USERS[1], domain: bed.domain.name, role: "member", kubernetes: { kind: "User", name: "two@corp" } },
            { group: GROUP, domain: bed.domain.name, role: "reader", kubernetes: { kind: "Group", name: "corp:ops" } },
          ],
        }),
      settled: (bed, name) => isReady(bed, projects, { name }),
    },
    {
      name: "delete",
      writesTo: ["kubernetes", "keystone", "barbican"],
      act: async (bed, name) => void (await bed.kube.delete(projects, { name })),
      settled: async (bed, name) =>
        (await isGone(bed, projects, { name })) && (await isGone(bed, namespaces, { name })),
    },
  ],
};
