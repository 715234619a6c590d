"""Runs `keystone-manage bootstrap` for the administrator and for the operator's own user.

The command takes the password as an argument or from the environment, which the process table shows; here it is set
inside the process only. Bootstrap gives its user the role admin on the system and on one project, which for the operator
is `service`. A repeat sets passwords and endpoints to what they should be.

Usage: bootstrap.py <region> <address of Keystone>
"""

import os
import sys

from keystone.cmd import cli

PASSWORDS = "/run/secrets/nephele"
region, url = sys.argv[1:]


def bootstrap(user, project, *more):
    """In a process of its own: Keystone's managers can be made once in each, and loading them is shared this way."""
    child = os.fork()
    if child == 0:
        with open(f"{PASSWORDS}/{user}", encoding="utf-8") as file:
            os.environ["OS_BOOTSTRAP_PASSWORD"] = file.read()
        command = ["bootstrap", "--bootstrap-username", user, "--bootstrap-project-name", project, *more]
        cli.main(argv=["keystone-manage", *command])
        sys.exit(0)
    _, status = os.waitpid(child, 0)
    if status != 0:
        sys.exit(f"the bootstrap of {user} ended with {os.waitstatus_to_exitcode(status)}")


bootstrap(
    "admin",
    "admin",
    *["--bootstrap-service-name", "keystone", "--bootstrap-region-id", region],
    *["--bootstrap-admin-url", url, "--bootstrap-public-url", url, "--bootstrap-internal-url", url],
)
bootstrap("nephele", "service")
