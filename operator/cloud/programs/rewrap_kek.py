"""Encrypts the projects' keys anew, by the key-encryption key that Barbican uses.

`barbican-manage` has a command for it in newer releases only, and that ends well whatever went wrong. Any of the keys
decrypts, the first encrypts; a repeat does the same again. All is written at once, or nothing.

Usage: rewrap_kek.py <how many keys there are> <number of the one that is used>
"""

import sys

from barbican.common import utils
from barbican.model import models, repositories
from barbican.plugin.crypto import simple_crypto
from cryptography.fernet import Fernet, MultiFernet

count, used = sys.argv[1:]
# The folder of configuration is read twice, and an option that repeats adds up.
keys = list(dict.fromkeys(simple_crypto.CONF.simple_crypto_plugin.kek))
if len(keys) != int(count):
    sys.exit(f"{len(keys)} keys are here and {count} are wanted: the newest are not mounted yet")
crypto = MultiFernet([Fernet(key) for key in keys])
plugin = utils.generate_fullname_for(simple_crypto.SimpleCryptoPlugin())
repositories.setup_database_engine_and_factory()
session = repositories.get_session()
found = session.query(models.KEKDatum).filter_by(plugin_name=plugin).all()
for datum in found:
    datum.plugin_meta = crypto.rotate(datum.plugin_meta).decode()
repositories.commit()
print(f"{len(found)} keys of projects are encrypted by key {used}")
