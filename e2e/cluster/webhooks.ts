import { parseAllDocuments, stringify } from "yaml";
import { writeWhole } from "./files.ts";

/** A Kubernetes object as it is read from a file. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** The objects of a file of YAML documents. */
export function manifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);
}

/** Writes objects as YAML documents for kubectl. */
export function writeManifests(path: string, objects: readonly Manifest[]): void {
  writeWhole(path, objects.map((object) => `---\n${stringify(object)}`).join(""));
}

/** A process on this machine that answers in the place of a Service's pods. */
export interface LocalService {
  readonly name: string;
  readonly namespace: string;
  readonly port: number;
  /** The authority of the process's certificate, PEM. */
  readonly authority: string;
}

/** The Service: a name for localhost, with the port of the process. The API server resolves it for its own calls. */
export function externalService({ name, namespace, port }: LocalService): Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: { type: "ExternalName", externalName: "localhost", ports: [{ port }] },
  };
}

interface ServiceReference {
  readonly name: string;
  readonly path?: string;
}

interface Webhook {
  readonly clientConfig: { readonly service?: ServiceReference };
}

/**
 * Makes webhooks and API services call the process. Those that call another service are left out, because nothing
 * answers for it here; objects that call nothing stay as they are.
 */
export function rewired(objects: readonly Manifest[], local: LocalService): readonly Manifest[] {
  const caBundle = Buffer.from(local.authority).toString("base64");
  return objects.flatMap((object): readonly Manifest[] => {
    if (object.kind === "APIService") {
      const spec = object["spec"] as { readonly service?: ServiceReference };
      if (spec.service?.name !== local.name) return [];
      const { insecureSkipTLSVerify: _insecure, ...rest } = spec as Record<string, unknown>;
      return [{ ...object, spec: { ...rest, caBundle, service: { ...spec.service, port: local.port } } }];
    }
    if (!Array.isArray(object["webhooks"])) return [object];
    const webhooks = (object["webhooks"] as readonly Webhook[])
      .filter(({ clientConfig }) => clientConfig.service?.name === local.name)
      .map((webhook) => ({
        ...webhook,
        clientConfig: { caBundle, service: { ...webhook.clientConfig.service, port: local.port } },
      }));
    return webhooks.length === 0 ? [] : [{ ...object, webhooks }];
  });
}
