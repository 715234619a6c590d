"""Reads user data as cloud-init does at boot, and prints what came of each as a JSON list.

usage: read-user-data.py <file> ...

Only cloud-init's own code judges: its processor takes the message apart, its part handlers take the parts in their
order, its merger merges. Scripts are written below a scratch folder and boothooks are not run.
"""

import json
import logging
import os
import sys
import tempfile

from cloudinit import handlers, helpers, sources, stages, user_data, util
from cloudinit.handlers.boot_hook import BootHookPartHandler
from cloudinit.settings import PER_ALWAYS

logging.disable(logging.CRITICAL)


def read(name: str) -> dict:
    with open(name, "rb") as file:
        raw = file.read()
    scratch = tempfile.mkdtemp()
    hooks = []

    class Collected(BootHookPartHandler):
        """Keeps what it would run; it runs only as root on a guest."""

        def handle_part(self, data, ctype, filename, payload, frequency):
            if ctype not in handlers.CONTENT_SIGNALS:
                hooks.append(payload)

    paths = helpers.Paths({"cloud_dir": os.path.join(scratch, "cloud"), "run_dir": os.path.join(scratch, "run")})
    source = sources.DataSource({}, None, paths)
    source.userdata_raw = raw
    source.metadata = {"instance-id": "i-1", "local-hostname": "web-1"}
    source.vendordata_raw = None
    paths.datasource = source
    instance = os.path.join(scratch, "cloud", "instances", "i-1")
    for folder in ("scripts", "handlers", "boothooks", "sem"):
        os.makedirs(os.path.join(instance, folder))
    os.makedirs(os.path.join(scratch, "run"))
    link = os.path.join(scratch, "cloud", "instance")
    os.symlink(instance, link)
    util.write_file(os.path.join(scratch, "run", "instance-data.json"), json.dumps({"v1": {"local_hostname": "web-1"}}))
    util.write_file(paths.get_runpath("instance_data_sensitive"), json.dumps({"v1": {"local_hostname": "web-1"}}))

    init = stages.Init()
    init._paths = paths
    init._cfg = {"def_log_file": None}
    init.datasource = source

    message = user_data.UserDataProcessor(paths).process(raw)
    parts = [Collected(paths, source) if isinstance(each, BootHookPartHandler) else each for each in init._default_handlers()]
    init._do_handlers(message, parts, PER_ALWAYS)

    config_file = paths.get_ipath("cloud_config")
    config = util.load_yaml(util.load_file(config_file)) if config_file and os.path.exists(config_file) else None
    scripts = {}
    for name in sorted(os.listdir(os.path.join(instance, "scripts"))):
        with open(os.path.join(instance, "scripts", name), "rb") as file:
            scripts[name] = file.read().decode()
    kinds = [part.get_content_type() for part in message.walk() if not part.is_multipart()]
    return {"kinds": kinds, "config": config, "scripts": list(scripts.values()), "boothooks": hooks}


def read_or_say(name: str) -> dict:
    try:
        return read(name)
    except Exception as error:
        return {"error": repr(error)}


print(json.dumps([read_or_say(name) for name in sys.argv[1:]]))
