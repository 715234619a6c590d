import { coreSecrets } from "#operator/api/foreign.ts";
import { keyOf, keyText } from "#runtime/api/object.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { contentOf } from "./described.ts";
import type { Told } from "./world.ts";

/** Which phase of a life each content of a core Secret is of: so that one that was made anew is seen, though it is as random. */
export class Contents {
  /** By life, since some contents are the same in each. */
  readonly #phases = new Map<string, Map<string, string>>();

  /** Notes what the life's core Secrets hold as made in this phase, where it was not there before. */
  async remember(kube: KubeClient, life: string, phase: string): Promise<void> {
    const phases = this.#phases.get(life) ?? new Map<string, string>();
    this.#phases.set(life, phases);
    for (const secret of await kube.list(coreSecrets)) {
      if (!keyText(keyOf(secret)).includes(life)) continue;
      for (const value of Object.values(secret.data ?? {})) {
        const content = contentOf(Buffer.from(value, "base64"));
        if (!phases.has(content)) phases.set(content, `<content of ${phase}>`);
      }
    }
  }

  told(life: string): Told {
    return { things: [], ids: this.#phases.get(life) ?? new Map() };
  }
}
