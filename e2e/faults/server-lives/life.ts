import { eventually } from "#e2e/harness/eventually.ts";
import type { RealGuests } from "#e2e/scenarios/real-guests.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { servers } from "#operator/api/resources.ts";
import { timeText } from "#runtime/api/time.ts";

const MINUTES = 60_000;
/** Where the Secret is in the guest. */
const FILE = "/etc/app/db-password";

/** What a life needs to be there before. */
export interface Needs {
  readonly small: string;
  readonly large: string;
  readonly first: string;
  readonly second: string;
  readonly secret: string;
}

/** What a guest and its Server were at the end of a phase, without what differs from one life to the next. */
export type Ending = Readonly<Record<string, unknown>>;

interface Phase {
  readonly name: string;
  readonly change: () => Promise<void>;
  /** Whether the Server has come where the phase leads. */
  readonly over: (server: Server) => boolean;
}

const settledAs = ({ metadata, status }: Server, state: string): boolean =>
  status?.state === state &&
  status.taskState === undefined &&
  status.observedGeneration === metadata.generation &&
  (state !== "ACTIVE" || (status.addresses ?? []).length > 0);

/**
 * A whole life of a Server with a file out of Barbican: made, stopped, started, paused, let go on, rebooted, resized and
 * confirmed, resized and reverted, rebuilt, deleted.
 * @param entered is told each phase as it begins
 * @param only the phases between its creation and its deletion that it has; all where none are named
 * @returns the end of each phase but the last, after which there is nothing
 */
export async function live(
  real: RealGuests,
  name: string,
  needs: Needs,
  entered: (phase: string) => void,
  only: readonly string[] = [],
): Promise<Readonly<Record<string, Ending>>> {
  const endings: Record<string, Ending> = {};
  for (const phase of phases(real, name, needs)) {
    if (only.length > 0 && phase.name !== "create" && !only.includes(phase.name)) continue;
    entered(phase.name);
    await phase.change();
    let last: unknown;
    const server = await eventually(
      `${name}, ${phase.name}, to end`,
      async () => {
        const found = await real.server(name);
        last = found.status;
        return phase.over(found) ? found : undefined;
      },
      { withinMs: 10 * MINUTES, seen: () => last },
    );
    endings[phase.name] = await ending(real, server);
  }
  entered("delete");
  await real.bed.kube.delete(servers, real.at(name));
  return endings;
}

function phases(real: RealGuests, name: string, needs: Needs): readonly Phase[] {
  const files = [{ path: FILE, mode: "0400", secretRef: { name: needs.secret } }];
  const spec = {
    flavorRef: { name: needs.small },
    imageRef: { name: needs.first },
    resize: { confirm: "Manual" },
    rebuildPolicy: "Replace",
    files,
  };
  const to = (state: string) => (server: Server) => settledAs(server, state);
  const patch = (change: object) => () => real.patch(name, change);
  const reboot = (phase: string, type: "Soft" | "Hard"): Phase => {
    const requestedAt = timeText(new Date(Date.now() + (type === "Hard" ? 1000 : 0)));
    return {
      name: phase,
      change: patch({ reboot: { requestedAt, type, hardAfter: "60s" } }),
      over: (server) =>
        server.status?.reboot?.type === type &&
        server.status.reboot.doneAt !== undefined &&
        settledAs(server, "ACTIVE"),
    };
  };
  return [
    { name: "create", change: () => real.apply(name, spec), over: to("ACTIVE") },
    { name: "stop", change: patch({ power: "Stopped" }), over: to("SHUTOFF") },
    { name: "start", change: patch({ power: "Running" }), over: to("ACTIVE") },
    { name: "pause", change: patch({ power: "Paused" }), over: to("PAUSED") },
    { name: "unpause", change: patch({ power: "Running" }), over: to("ACTIVE") },
    reboot("soft reboot", "Soft"),
    reboot("hard reboot", "Hard"),
    { name: "resize", change: patch({ flavorRef: { name: needs.large } }), over: to("VERIFY_RESIZE") },
    {
      name: "revert",
      change: patch({ flavorRef: { name: needs.small } }),
      over: (server) => settledAs(server, "ACTIVE") && server.status?.resize === undefined,
    },
    { name: "resize again", change: patch({ flavorRef: { name: needs.large } }), over: to("VERIFY_RESIZE") },
    { name: "confirm", change: patch({ resize: { confirm: "Manual", confirmed: needs.large } }), over: to("ACTIVE") },
    {
      name: "rebuild",
      change: patch({ imageRef: { name: needs.second } }),
      over: (server) => settledAs(server, "ACTIVE") && server.status?.rootDisk?.generation === 2,
    },
  ];
}

/** What a person would compare: the status without times, ids and addresses, and what the guest itself says. */
async function ending(real: RealGuests, server: Server): Promise<Ending> {
  const { name } = server.metadata;
  const { state, powerState, flavor, resize, image, rootDisk, fault, reboot } = server.status ?? {};
  const told = {
    state,
    powerState,
    flavor,
    resize: resize === undefined ? undefined : { from: resize.from, to: resize.to },
    image: image?.name,
    rootDisk: rootDisk?.volume.replace(name, "NAME"),
    fault,
    reboot: reboot === undefined ? undefined : { type: reboot.type, done: reboot.doneAt !== undefined },
  };
  if (state !== "ACTIVE" && state !== "VERIFY_RESIZE") return told;
  return await real.withGuest(name, async (guest) => ({
    ...told,
    // A disk that was booted once too often was rebooted twice for one request.
    boots: await guest.read("/disk/boots"),
    named: (await guest.read("/etc/hostname")) === name,
    // Its length and no more.
    file: (await guest.read(FILE)).length,
  }));
}
