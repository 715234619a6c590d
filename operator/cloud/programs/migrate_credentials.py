"""Runs `keystone-manage credential_migrate`: credentials are encrypted anew, by the key that Keystone uses.

The command insists on a repository that it may write, though it writes nothing there: it gets a copy in memory.

Usage: migrate_credentials.py <number of the key that is used>
"""

import os
import shutil
import sys

KEYS = "/etc/keystone-keys/credential"
COPY = "/tmp/credential"

(used,) = sys.argv[1:]
names = [name for name in os.listdir(KEYS) if name.isdigit()]
if max(map(int, names)) != int(used):
    sys.exit(f"key {used} is not mounted yet")
os.mkdir(COPY, 0o700)
for name in names:
    shutil.copyfile(f"{KEYS}/{name}", f"{COPY}/{name}")
os.environ["OS_CREDENTIAL__KEY_REPOSITORY"] = COPY

from keystone.cmd import cli  # noqa: E402 - it reads the environment

cli.main(argv=["keystone-manage", "credential_migrate"])
