import { stringify } from "yaml";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import type { Project } from "#operator/api/generated/project.ts";
import { BY_OPERATOR, MANAGED_BY_LABEL } from "#operator/api/marks.ts";
import type { Desired } from "#runtime/api/object.ts";
import {
  CREDENTIAL_ID_KEY,
  CREDENTIAL_SECRET_KEY,
  type CredentialGeneration,
  credentialAnnotations,
} from "../decide/credentials.ts";
import { CLOUDS_SECRET, childLabels, namespaceOf } from "../names.ts";

/** Where the Secret is to be mounted: one of the folders in which OpenStack's clients look for clouds.yaml. */
const MOUNT_PATH = "/etc/openstack";
const CA_KEY = "ca.crt";

export interface CloudsSecretInput {
  readonly project: Project;
  readonly cloud: Cloud;
  readonly generation: CredentialGeneration;
  /** The credential's secret, which only this object keeps. */
  readonly secret: string;
  /** The authority of Keystone's address in PEM, where the system's are not enough. */
  readonly ca: string | undefined;
}

/** The core Secret `clouds`: clouds.yaml for the stock clients, its two values apart for others, and the authority. */
export function cloudsSecret(input: CloudsSecretInput): Desired {
  const { project, generation, secret, ca } = input;
  const values: Readonly<Record<string, string>> = {
    "clouds.yaml": cloudsYaml(input),
    [CREDENTIAL_ID_KEY]: generation.id,
    [CREDENTIAL_SECRET_KEY]: secret,
    ...(ca === undefined ? {} : { [CA_KEY]: ca }),
  };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: CLOUDS_SECRET,
      namespace: namespaceOf(project),
      labels: { ...childLabels(project), [MANAGED_BY_LABEL]: BY_OPERATOR },
      annotations: credentialAnnotations(generation),
    },
    type: "Opaque",
    // `data` and not `stringData`, so that it can be compared with what is there.
    data: Object.fromEntries(Object.entries(values).map(([key, text]) => [key, Buffer.from(text).toString("base64")])),
  };
}

/** Two clouds: `<Project>` by the public addresses, `<Project>-internal` by those for what runs inside. */
function cloudsYaml({ project, cloud, generation, secret, ca }: CloudsSecretInput): string {
  const endpoints = cloud.status?.endpoints;
  const entry = (authUrl: string | undefined, use: "public" | "internal"): object => ({
    auth_type: "v3applicationcredential",
    auth: { auth_url: authUrl, application_credential_id: generation.id, application_credential_secret: secret },
    region_name: cloud.spec.region,
    interface: use,
    identity_api_version: 3,
    ...(ca === undefined ? {} : { cacert: `${MOUNT_PATH}/${CA_KEY}` }),
  });
  const { name } = project.metadata;
  return stringify({
    clouds: {
      [name]: entry(endpoints?.identity, "public"),
      [`${name}-internal`]: entry(endpoints?.internal?.identity ?? endpoints?.identity, "internal"),
    },
  });
}
