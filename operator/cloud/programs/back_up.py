"""Writes one backup: both databases as they were at one moment, and the keys that their data is of.

All is encrypted on its way to the volume. Until it is whole, it is of another name, and nothing that is there is touched;
then the oldest that are more than are to be kept go. A repeat of what is there already only says so.

The volume outlives the Cloud, and may be others' too: whose a backup is, its manifest says by the key set.
"""

import base64
import datetime
import fcntl
import shutil

PARTIAL = ".partial-"


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Digested(io.RawIOBase):
    """A file that is written, and its digest."""

    def __init__(self, file):
        self.file, self.size, self.sha256 = file, 0, hashlib.sha256()

    def writable(self):
        return True

    def write(self, data):
        self.file.write(data)
        self.sha256.update(data)
        self.size += len(data)
        return len(data)


def encrypt_into(path, reader):
    recipients = [pyrage.x25519.Recipient.from_str(each) for each in plan["recipients"]]
    with open(path, "xb") as file:
        written = Digested(file)
        pyrage.encrypt_io(reader, written, recipients)
        file.flush()
        os.fsync(file.fileno())
    return {"bytes": written.size, "sha256": written.sha256.hexdigest()}


def read_keys():
    """The core Secrets as they are mounted, without the passwords of PostgreSQL's roles: those are made anew."""
    items = []
    for name, metadata in sorted(plan["keys"].items()):
        mounted = os.path.join(plan["secrets"], "keys", name)
        data = {}
        for key in sorted(each for each in os.listdir(mounted) if not each.startswith(".")):
            with open(os.path.join(mounted, key), "rb") as file:
                data[key] = base64.b64encode(file.read()).decode()
        items.append({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data})
    return {"apiVersion": "v1", "kind": "List", "items": items}


def snapshot(connection):
    """A moment of one database; it holds as long as the transaction is open."""
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        return {"id": cursor.fetchone()[0], "at": now()}


def dump(database, moment, path):
    with tempfile.TemporaryFile(dir=plan["scratch"]) as stderr:
        command = ["pg_dump", "--format=custom", f"--snapshot={moment['id']}", "--dbname", database]
        dumping = program(command, database, stdout=subprocess.PIPE, stderr=stderr)
        try:
            written = encrypt_into(path, dumping.stdout)
        except BaseException:
            dumping.kill()
            raise
        finally:
            dumping.stdout.close()
            ended = dumping.wait()
        if ended != 0:
            raise Refused(f"pg_dump of {database} ended with {ended}: {complaint(stderr)}")
        return written


def write_backup(partial):
    started = now()
    keys = read_keys()
    connections = {database: connect(database) for database in DATABASES}
    try:
        moments = {database: snapshot(connection) for database, connection in connections.items()}
        schemas = {database: revision(connection) for database, connection in connections.items()}
        server = connections["keystone"].server_version
        files = {dump_of(each): dump(each, moments[each], os.path.join(partial, dump_of(each))) for each in DATABASES}
    finally:
        for connection in connections.values():
            connection.close()
    if read_keys() != keys:
        raise Refused("keys were rotated meanwhile: another backup is made of both as they are now")
    files[KEYS] = encrypt_into(os.path.join(partial, KEYS), io.BytesIO(json.dumps(keys, indent=1).encode()))
    manifest = {
        "format": FORMAT,
        "name": plan["name"],
        **{name: plan[name] for name in ("namespace", "cloud", "installation", "keySet", "release", "recipients")},
        "schemas": schemas,
        "postgresql": server // 10000,
        "startedAt": started,
        "snapshots": {database: moment["at"] for database, moment in moments.items()},
        "completedAt": now(),
        "files": files,
    }
    path = os.path.join(partial, MANIFEST)
    with open(path, "x", encoding="utf-8") as file:
        file.write(json.dumps(manifest, indent=2) + "\n")
    for each in (path, partial):
        sync(each)


def written_manifest(name):
    with open(os.path.join(folder, name, MANIFEST), encoding="utf-8") as file:
        return json.load(file)


def is_ours(name):
    """Whether a backup is of the keys that this Cloud has; what cannot be read is somebody else's."""
    try:
        return written_manifest(name)["keySet"] == plan["keySet"]
    except (OSError, ValueError, LookupError, TypeError):
        return False


def make_backup():
    name = plan["name"]
    target = os.path.join(folder, name)
    if name not in backups():
        for left in os.listdir(folder):
            if left.startswith(PARTIAL):
                shutil.rmtree(os.path.join(folder, left))
        partial = os.path.join(folder, PARTIAL + name)
        os.mkdir(partial, 0o700)
        write_backup(partial)
        os.rename(partial, target)
        sync(folder)
        store.put(name)
    if not is_ours(name):
        raise Refused(f"backup {name} of another Cloud {plan['cloud']} is {store.where}: this one is made by another name")
    return written_manifest(name)


def remove_oldest():
    """Removes our own that are more than are to be kept, and never the one that was just made. First the name goes, so that
    half a backup is never taken for one."""
    others = [name for name in backups() if name != plan["name"] and is_ours(name)]
    for name in others[: max(0, len(others) + 1 - plan["keep"])]:
        store.remove(name)
        gone = os.path.join(folder, PARTIAL + name)
        os.rename(os.path.join(folder, name), gone)
        sync(folder)
        shutil.rmtree(gone)


def back_up():
    os.makedirs(folder, mode=0o700, exist_ok=True)
    lock = os.open(os.path.join(folder, ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refused("another backup is being written to this volume") from None
    store.look()
    manifest = make_backup()
    remove_oldest()
    size = sum(file["bytes"] for file in manifest["files"].values())
    return {"name": plan["name"], "completedAt": manifest["completedAt"], "bytes": size, "kept": sum(map(is_ours, backups()))}


run(back_up)
