import { configurationFile } from "../cluster/openstack/configuration-file.ts";

/** A cloud with nothing but Keystone and Barbican, and its administrator. */
export interface TestedCloud {
  /** Keystone's address, with `/v3`. */
  readonly identityUrl: string;
  readonly region: string;
  readonly password: string;
}

/** tempest.conf: accounts are made for each test by the administrator, in Keystone itself; what is not there is said so. */
export function tempestConfig({ identityUrl, region, password }: TestedCloud, folder: string): string {
  const absent = ["nova", "glance", "cinder", "neutron", "swift", "horizon"].map(
    (service) => [service, false] as const,
  );
  return configurationFile({
    DEFAULT: { log_file: `${folder}/tempest.log`, debug: false },
    oslo_concurrency: { lock_path: `${folder}/locks` },
    auth: {
      use_dynamic_credentials: true,
      create_isolated_networks: false,
      admin_username: "admin",
      admin_password: password,
      admin_project_name: "admin",
      admin_domain_name: "Default",
    },
    identity: {
      auth_version: "v3",
      uri_v3: identityUrl,
      region,
      v3_endpoint_type: "public",
      default_domain_id: "default",
    },
    "identity-feature-enabled": {
      api_v2: false,
      api_v3: true,
      trust: true,
      application_credentials: true,
      access_rules: true,
      project_tags: true,
    },
    service_available: { ...Object.fromEntries(absent), barbican: true },
    enforce_scope: { keystone: true, barbican: true },
    key_manager: { region, min_microversion: "1.0", max_microversion: "1.1" },
  });
}
