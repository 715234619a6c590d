/** What is answered with 404 at a Cloud's edge, whoever asks. */
export const ADMINISTRATION = [
  ...[
    "/",
    "/v3",
    "/identity/v3/users",
    "/identity/v3/roles",
    "/identity/v3/OS-TRUST/trusts",
    "/identity/nephele/ready",
  ],
  ...["/key-manager/v1/project-quotas", "/key-manager/nephele/ready"],
];

/** The same, by paths that begin as some that pass: to be sent as they are written. */
export const IN_DISGUISE = [
  ...["/identity/v3//users", "/identity/v3/auth/../users", "/identity/v3/auth/%2e%2e/users", "/identity/v3/./users"],
  ...["/key-manager/v1/secrets/../project-quotas/x", "/key-manager/v1/secrets/%2e%2e/project-quotas/x"],
  ...["/key-manager/v1/secrets/..//project-quotas/x", "/key-manager/v1/secrets/x/../../project-quotas"],
  ...["/key-manager/v1/secrets/.%2E/project-quotas", "/key-manager/v1/orders/../../nephele/ready"],
];

/** And by slashes that are none: refused as no path at all, with 400. */
export const WITH_ESCAPED_SLASHES = [
  ...[
    "/identity/v3/auth%2f..%2fusers",
    "/key-manager/v1/secrets%2F..%2Fproject-quotas",
    "/key-manager/v1/secrets/..%5cx",
  ],
];
