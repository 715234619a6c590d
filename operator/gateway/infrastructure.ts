import type { Gateway } from "./resources.ts";

type Marks = Readonly<Record<string, string>>;

/** What a Gateway wants on all that is made of it (`spec.infrastructure`), as far as it is its own to say. */
export interface Infrastructure {
  readonly labels: Marks;
  readonly annotations: Marks;
  /** What is for load balancers alone, beside the others, on the Service. */
  readonly serviceAnnotations: Marks;
}

/**
 * Whose marks mean something to Nephele (a Service is in the mesh by them, for another ServiceAccount than its own) or to
 * Kubernetes (its controllers write some themselves: both would write for ever).
 */
const reserved = /(^|\.)(nephele\.dev|kubernetes\.io|k8s\.io)$/;
/** Of Kubernetes by its name, and a cloud's by what it says: how its load balancer is to be made. */
const LOAD_BALANCERS = "service.beta.kubernetes.io";

/** Pure. */
export function infrastructureOf({ spec }: Gateway): Infrastructure {
  const { labels = {}, annotations = {} } = spec?.infrastructure ?? {};
  return {
    labels: only(labels, (prefix) => !reserved.test(prefix)),
    annotations: only(annotations, (prefix) => !reserved.test(prefix)),
    serviceAnnotations: only(annotations, (prefix) => prefix === LOAD_BALANCERS),
  };
}

/** @param isTaken given what is before the slash of a key; empty where there is none */
function only(marks: Marks, isTaken: (prefix: string) => boolean): Marks {
  return Object.fromEntries(
    Object.entries(marks).filter(([key]) => isTaken(key.slice(0, Math.max(key.indexOf("/"), 0)))),
  );
}
