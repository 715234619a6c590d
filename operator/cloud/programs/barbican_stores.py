"""An address beside Barbican that tells how its stores in PKCS#11 tokens are: each is asked to sign something.

A worker speaks for itself; another may have found out later. What one found out is told for some seconds.
"""

import json
import time

from barbican.plugin.crypto import manager
from nephele_pkcs11 import StoreAway

TOLD_SECONDS = 2
last = {"at": None, "stores": {}}


def state_of(plugin):
    try:
        plugin.check()
    except StoreAway as away:
        return str(away)
    except Exception as error:
        return f"the secret store {plugin.store} failed: {type(error).__name__}"
    return None


def stores(environ, start_response):
    now = time.monotonic()
    if last["at"] is None or now - last["at"] > TOLD_SECONDS:
        found = [extension.obj for extension in manager.get_manager().extensions]
        last["stores"] = {plugin.store: state_of(plugin) for plugin in found if hasattr(plugin, "check")}
        last["at"] = time.monotonic()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"stores": last["stores"]}).encode()]


beside_stores = application


def application(environ, start_response):
    if environ.get("PATH_INFO") == "/nephele/stores":
        return answered(stores)(environ, start_response)
    return beside_stores(environ, start_response)
