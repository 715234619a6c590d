import type { Gateway } from "#operator/api/gateway-api.ts";

type Marks = Readonly<Record<string, string>>;

/** What a Gateway wants on all that is made of it (`spec.infrastructure`), as far as it is its own to say. */
export interface Infrastructure {
  readonly labels: Marks;
  readonly annotations: Marks;
  /** What is for load balancers alone, beside the others, on the Service. */
  readonly serviceAnnotations: Marks;
}

/**
 * Whose marks mean something to Nephele (a Service is in the mesh by them, for another ServiceAccount than its own), to
 * Kubernetes (its controllers write some themselves: both would write for ever), or to what makes a node's pods: a network
 * more (Multus: `k8s.v1.cni.cncf.io/networks`), another runtime (CRI-O, whose keys have no slash).
 */
const reserved = /^([^/]*\.)?(nephele\.dev|kubernetes\.io|k8s\.io|cncf\.io)\/|^io\.kubernetes\./;
/** Of Kubernetes by its name, and a cloud's by what it says: how its load balancer is to be made. */
const LOAD_BALANCERS = "service.beta.kubernetes.io/";

/** Pure. */
export function infrastructureOf({ spec }: Gateway): Infrastructure {
  const { labels = {}, annotations = {} } = spec?.infrastructure ?? {};
  return {
    labels: only(labels, (key) => !reserved.test(key)),
    annotations: only(annotations, (key) => !reserved.test(key)),
    serviceAnnotations: only(annotations, (key) => key.startsWith(LOAD_BALANCERS)),
  };
}

function only(marks: Marks, isTaken: (key: string) => boolean): Marks {
  return Object.fromEntries(Object.entries(marks).filter(([key]) => isTaken(key)));
}
