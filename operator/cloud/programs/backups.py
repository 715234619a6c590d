"""What the programs of backups share. It stands before each of them.

A backup is a folder, `<volume>/<cloud>/<name>`, or that below a bucket's prefix: `keys.json.age`, a List of core Secrets as kubectl reads it;
`barbican.dump.age` and `keystone.dump.age`, as pg_restore reads them; and `manifest.json`, which holds no secret. What
ends in `.age` is encrypted to several recipients (age-encryption.org/v1): the stock programs age and pg_restore open it.

Each program takes one argument, JSON: its plan. What it has to say goes into the container's termination message.
"""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile

import psycopg2
import pyrage

FORMAT = 1
MANIFEST = "manifest.json"
KEYS = "keys.json.age"
# Barbican's data names projects and users of Keystone, and nothing of Keystone's names anything of Barbican's: whatever
# Barbican's snapshot names is in Keystone's, which comes after it.
DATABASES = ("barbican", "keystone")
NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z")
CHUNK = 1 << 20

plan = json.loads(sys.argv[1])
folder = os.path.join(plan["volume"], plan["cloud"])


class Refused(Exception):
    """What a person is to know, in words that hold no secret."""


def dump_of(database):
    return f"{database}.dump.age"


def secret(path):
    with open(os.path.join(plan["secrets"], path), encoding="utf-8") as file:
        return file.read()


def say(text):
    with open(plan["said"], "w", encoding="utf-8") as log:
        log.write(text[:4000])


def run(main):
    """Runs a program: what it returns, or what went wrong, is said."""
    try:
        said = main()
    except Exception as problem:
        words = str(problem) if isinstance(problem, (Refused, OSError)) else f"{type(problem).__name__}: {problem}"
        say(" ".join(words.split()))
        sys.exit(1)
    say(json.dumps(said, separators=(",", ":")))


def login_of(database):
    """Role and password; the password is empty where the server asks for none."""
    login = plan["logins"][database]
    return login["role"], secret(login["file"]) if "file" in login else ""


def connect(database):
    role, password = login_of(database)
    # A database that is not up yet is tried again by another pod, later.
    return psycopg2.connect(
        host=plan["host"], port=plan["port"], dbname=database, user=role, password=password, connect_timeout=10
    )


def program(command, database, **streams):
    """Starts one of PostgreSQL's own programs; it reads the password from a file, which no other process sees."""
    role, password = login_of(database)
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    passwords = os.path.join(plan["scratch"], f"{database}.pgpass")
    with open(os.open(passwords, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(f"*:*:{database}:{role}:{escaped}\n")
    where = ["--host", plan["host"], "--port", str(plan["port"]), "--username", role, "--no-password"]
    return subprocess.Popen([*command, *where], env={**os.environ, "PGPASSFILE": passwords}, **streams)


def complaint(stderr):
    """What one of these programs complained of. Its other lines may quote what is stored."""
    stderr.seek(0)
    lines = stderr.read().decode("utf-8", "replace").splitlines()
    return next((line for line in lines if "error:" in line), "it said nothing of an error")[:400]


def revision(connection):
    """Which schema a database has, as alembic notes it; empty where it has none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.alembic_version')")
        if cursor.fetchone()[0] is None:
            return ""
        cursor.execute("SELECT version_num FROM public.alembic_version ORDER BY 1")
        return ",".join(row[0] for row in cursor.fetchall())


def backups():
    """Names of the backups that are whole, the oldest first."""
    there = os.listdir(folder) if os.path.isdir(folder) else []
    whole = [name for name in there if NAME.fullmatch(name) and os.path.exists(os.path.join(folder, name, MANIFEST))]
    return sorted(whole)


class Volume:
    """Where backups are kept: the folder itself."""

    where = "on the volume"

    def look(self):
        """Brings what says which backups there are."""

    def fetch(self, name):
        """Brings all of one."""

    def put(self, name):
        """Takes one that is whole."""

    def remove(self, name):
        """Lets one go: first what says that it is there, so that half a backup is never taken for one."""


# What stands between this and the program puts another in its place (bucket.py).
store = Volume()


def path_of(file):
    """Of a file of the backup that the plan names, whatever its manifest calls it: whoever can write to the volume wrote that."""
    return os.path.join(folder, plan["name"], file)


def digest(path):
    sha256 = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            sha256.update(chunk)
    return {"bytes": os.path.getsize(path), "sha256": sha256.hexdigest()}


def read_manifest():
    """The manifest of the backup that the plan names, once all that it holds is there as it was written."""
    name = plan["name"]
    store.look()
    if name not in backups():
        there = ", ".join(backups()[-10:]) or "none"
        raise Refused(f"there is no backup {name} of {plan['cloud']} {store.where}; there are: {there}")
    with open(path_of(MANIFEST), encoding="utf-8") as file:
        manifest = json.load(file)
    if manifest["format"] != FORMAT:
        raise Refused(f"backup {name} is of format {manifest['format']}, and this version reads {FORMAT}")
    store.fetch(name)
    for file in (KEYS, *map(dump_of, DATABASES)):
        found = digest(path_of(file))
        if found != manifest["files"][file]:
            raise Refused(f"{file} of backup {name} is not as it was written: use another backup")
    return manifest


def identities():
    """The private keys out of the file that age-keygen writes."""
    lines = [line.strip() for line in secret(plan["identity"]).splitlines()]
    try:
        found = [pyrage.x25519.Identity.from_str(line) for line in lines if line.startswith("AGE-SECRET-KEY-")]
    except pyrage.IdentityError:
        raise Refused("the identity is damaged: a line AGE-SECRET-KEY-1… as age-keygen writes it is wanted") from None
    if not found:
        raise Refused("the identity holds no line AGE-SECRET-KEY-1…, as age-keygen writes it")
    return found


def decrypt_into(path, writer, manifest):
    with open(path, "rb") as reader:
        try:
            pyrage.decrypt_io(reader, writer, identities())
        except pyrage.DecryptError as problem:
            if "No matching keys" in str(problem):
                recipients = ", ".join(manifest["recipients"])
                raise Refused(f"the identity is of none of the backup's recipients: {recipients}") from None
            raise Refused(f"{os.path.basename(path)} cannot be decrypted: {problem}") from None
        except BrokenPipeError:
            raise
        except OSError as problem:
            raise Refused(f"{os.path.basename(path)} cannot be decrypted: {problem}") from None


def keys_of(manifest):
    """The core Secrets that a backup holds."""
    opened = io.BytesIO()
    decrypt_into(path_of(KEYS), opened, manifest)
    return json.loads(opened.getvalue())["items"]


def fill(database, manifest):
    """Fills an empty database, in one transaction, by the role that it belongs to."""
    with tempfile.TemporaryFile(dir=plan["scratch"]) as stderr:
        options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--dbname", database]
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": stderr}
        restoring = program(["pg_restore", *options], database, **streams)
        try:
            decrypt_into(path_of(dump_of(database)), restoring.stdin, manifest)
            restoring.stdin.close()
        except BrokenPipeError:
            # It has ended before: what it complained of is the reason.
            pass
        except BaseException:
            # Before its input ends, so that it cannot take what came for all there is.
            restoring.kill()
            raise
        finally:
            ended = restoring.wait()
        if ended != 0:
            raise Refused(f"pg_restore of {database} ended with {ended}: {complaint(stderr)}")
