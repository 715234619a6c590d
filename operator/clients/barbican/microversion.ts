/**
 * The header that asks for a microversion of the key manager: 1.1 has consumers of secrets; from 1.2, which came with
 * 2026.2, a secret with consumers is not deleted without force.
 */
export function microversion(version: "1.1" | "1.2"): Readonly<Record<string, string>> {
  return { "openstack-api-version": `key-manager ${version}` };
}
