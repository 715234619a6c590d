"""Runs `keystone-manage db_sync` and `keystone-manage bootstrap`, with the administrator's password out of a file.

keystone-manage takes the password as an argument or from the environment, which the process table shows to everybody on
the machine; here it is set inside the process only. And loading Keystone takes seconds, so both are done in one process.

Usage: python keystone_setup.py <password file> <configuration file> <arguments of bootstrap …>
"""

import os
import sys

from keystone.cmd import cli

password_file, config_file, *bootstrap = sys.argv[1:]
config = ["--config-file", config_file]

cli.main(argv=["keystone-manage", *config, "db_sync"])

with open(password_file, encoding="utf-8") as file:
    os.environ["OS_BOOTSTRAP_PASSWORD"] = file.read()
# What main does once more, without registering its options again.
cli.CONF(args=[*config, "bootstrap", *bootstrap], project="keystone")
cli.CONF.command.cmd_class.main()
