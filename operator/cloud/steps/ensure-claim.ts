import { persistentVolumeClaims } from "#operator/api/foreign.ts";
import { type Desired, keyOf } from "#runtime/api/object.ts";
import { isApiError } from "#runtime/client/errors.ts";
import type { CloudScope } from "../scope.ts";

/** Makes a claim where there is none of its name. What is there is never changed. */
export async function ensureClaim({ kube }: CloudScope, claim: Desired): Promise<void> {
  if ((await kube.get(persistentVolumeClaims, keyOf(claim))) !== undefined) return;
  try {
    await kube.create(persistentVolumeClaims, claim);
  } catch (error) {
    if (!isApiError(error, "AlreadyExists")) throw error;
  }
}
