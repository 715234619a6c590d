import { mkdirSync, renameSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type ClientsBed, operatorSettings } from "#e2e/clients/operator-clients.ts";
import type { BarbicanInAPod } from "./barbican-in-a-pod.ts";
import { type Answer, type ProjectSecrets, projectSecrets } from "./project-secrets.ts";

/** A store as Barbican's API lists it. */
export interface ListedStore {
  readonly name: string;
  readonly global_default: boolean;
  readonly secret_store_ref: string;
}

export async function listStores(secrets: ProjectSecrets): Promise<readonly ListedStore[]> {
  const { json } = await secrets.call("GET", "/v1/secret-stores");
  return (json as { readonly secret_stores: readonly ListedStore[] }).secret_stores;
}

/** A project of its own, which prefers a store; without one its secrets go where Barbican's default is. */
export async function projectWith(bed: ClientsBed, { url }: BarbicanInAPod, store?: string): Promise<ProjectSecrets> {
  const project = await bed.createProject(`stores-${Math.random().toString(36).slice(2)}`);
  const keystone = bed.cloud.keystone();
  // Whoever chooses a project's store is an administrator of it.
  const roleId = (await keystone.roles.findByName("admin"))?.id ?? "";
  const { userId } = await keystone.whoAmI();
  await keystone.assignments.assign({ projectId: project.id, roleId, actor: { kind: "user", id: userId } });
  const secrets = await projectSecrets(url, project.id, operatorSettings().credentials);
  if (store === undefined) return secrets;
  const { secret_store_ref: ref = "" } = (await listStores(secrets)).find(({ name }) => name === store) ?? {};
  const { status, said } = await secrets.call("POST", `${new URL(ref).pathname}/preferred`);
  if (status !== 204) throw new Error(said);
  return secrets;
}

const away = (folder: string): string => `${folder}.away`;

/** Takes SoftHSM2's tokens away, as a volume that is gone. */
export function takeAway(folder: string): void {
  renameSync(folder, away(folder));
  mkdirSync(folder);
}

export function putBack(folder: string): void {
  rmSync(folder, { recursive: true });
  renameSync(away(folder), folder);
}

/**
 * Does something while Barbican is asked again and again how its stores are, as the operator does. What a worker has unwrapped
 * needs the token no more, for a while: that is how it is found out.
 */
export async function whileAsked<T>(barbican: BarbicanInAPod, work: () => Promise<T>): Promise<T> {
  let going = true;
  const asking = (async () => {
    while (going) {
      await barbican.states();
      await sleep(ASK_AGAIN_MS);
    }
  })();
  try {
    return await work();
  } finally {
    going = false;
    await asking;
  }
}

/** Clients that store and read until they are told to stop. */
export interface Load {
  /** All that they were answered, in order. */
  readonly answers: readonly Answer[];
  stop(): Promise<readonly Answer[]>;
}

const ASK_AGAIN_MS = 200;
/** How long a client that was refused waits, in milliseconds. */
const AFTER_REFUSAL_MS = 50;

export function load(secrets: ProjectSecrets, clients: number): Load {
  const answers: Answer[] = [];
  let going = true;
  const one = async (): Promise<void> => {
    while (going) {
      const { ref, ...answer } = await secrets.store("under load");
      answers.push(answer);
      if (answer.status === 201) answers.push(await secrets.read(ref));
      else await sleep(AFTER_REFUSAL_MS);
    }
  };
  const all = Promise.all(Array.from({ length: clients }, one));
  return {
    answers,
    stop: async () => {
      going = false;
      await all;
      return answers;
    },
  };
}

/** Whether something was not done. */
export const failed = ({ status }: Answer): boolean => status >= 500 || status === 0;

/** Whether the last answers of those that came after so many are all good: enough of them that every worker gave some. */
export function allWell(answers: readonly Answer[], after: number): boolean {
  const last = answers.slice(after).slice(-40);
  return last.length === 40 && !last.some(failed);
}
