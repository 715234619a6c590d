import { join } from "node:path";
import { readJson, writeJson, writeWhole } from "../files.ts";
import type { ClusterLocation } from "../location.ts";
import { keyManagerUrl } from "./barbican.ts";
import { folderOf, type OpenStackContext } from "./context.ts";
import { identityUrl, region } from "./keystone.ts";
import { passwordFile, readPassword } from "./passwords.ts";
import type { PythonEnvironment } from "./python-environment.ts";

/** How to reach the OpenStack of a local cluster. Passwords stand in files, so that the handle itself can be shown. */
export interface OpenStackHandle {
  /** Ends in `/v3`. */
  readonly identityUrl: string;
  /** Without `/v1`. */
  readonly keyManagerUrl: string;
  readonly region: string;
  /** A clouds.yaml (mode 0600) with the clouds `admin` (project admin) and `admin-system` (system scope). */
  readonly adminCredentialsFile: string;
  readonly adminPasswordFile: string;
  /** The operator's own user: `admin` on the system and on the project `service`. */
  readonly operator: { readonly username: string; readonly passwordFile: string; readonly userDomain: string };
  /** The stock `openstack` client. */
  readonly openstackBin: string;
}

const handleFile = (location: Pick<ClusterLocation, "stateDir">): string => join(folderOf(location), "handle.json");

/** The handle of a running cluster. Throws when its OpenStack was never started. */
export function readOpenStackHandle(location: Pick<ClusterLocation, "stateDir">): OpenStackHandle {
  const handle = readJson<OpenStackHandle>(handleFile(location));
  if (handle === undefined)
    throw new Error(`no OpenStack was started in ${location.stateDir}; run CLUSTER=control make up`);
  return handle;
}

/** The handle of a cluster whose services run; writes it, and the administrator's clouds.yaml, into the state folder. */
export function makeHandle(context: OpenStackContext, python: PythonEnvironment): OpenStackHandle {
  const adminPasswordFile = passwordFile(context, "admin");
  const adminCredentialsFile = join(folderOf(context), "clouds.yaml");
  writeWhole(adminCredentialsFile, cloudsYaml(identityUrl(context), readPassword(context, "admin")));
  const handle = {
    identityUrl: identityUrl(context),
    keyManagerUrl: keyManagerUrl(context),
    region,
    adminCredentialsFile,
    adminPasswordFile,
    operator: { username: "nephele", passwordFile: passwordFile(context, "nephele"), userDomain: "Default" },
    openstackBin: python.bin("openstack"),
  };
  writeJson(handleFile(context), handle);
  return handle;
}

function cloudsYaml(authUrl: string, password: string): string {
  const cloud = (name: string, scope: string): string => `  ${name}:
    region_name: ${region}
    identity_api_version: 3
    auth:
      auth_url: ${authUrl}
      username: admin
      user_domain_name: Default
      password: "${password}"
${scope}`;
  const project = "      project_name: admin\n      project_domain_name: Default\n";
  return `clouds:\n${cloud("admin", project)}${cloud("admin-system", "      system_scope: all\n")}`;
}
