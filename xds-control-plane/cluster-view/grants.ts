import type { ReferenceGrant } from "./kinds.ts";

export interface Referrer {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
}

export interface Referred {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Whether a reference is allowed: within a namespace always, into another where a ReferenceGrant of that one says so. */
export function isGranted(grants: readonly ReferenceGrant[], from: Referrer, to: Referred): boolean {
  if (from.namespace === to.namespace) return true;
  return grants.some(
    ({ metadata, spec }) =>
      metadata.namespace === to.namespace &&
      spec?.from.some(
        (each) => each.group === from.group && each.kind === from.kind && each.namespace === from.namespace,
      ) &&
      spec.to.some(
        (each) =>
          each.group === to.group && each.kind === to.kind && (each.name === undefined || each.name === to.name),
      ),
  );
}

/** Whether a grant lets Gateways of other namespaces refer to core Secrets of its own: then certificates are there. */
export function offersCertificates({ spec }: ReferenceGrant): boolean {
  return (
    spec?.from.some(({ group, kind }) => group === "gateway.networking.k8s.io" && kind === "Gateway") === true &&
    spec.to.some(({ group, kind }) => group === "" && kind === "Secret")
  );
}
