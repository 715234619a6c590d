"""Restores a backup in this container, and looks whether its keys fit its data. Nothing of it stays.

PostgreSQL is started on a socket alone; the databases are filled as those of a Cloud are. A Fernet token says by its HMAC
whether a key made it (github.com/fernet/spec): so each key of a project in Barbican, and each credential in Keystone, is tried.
"""

import base64
import contextlib
import hmac
import signal
import time

WITHIN_SECONDS = 60
SERVER = os.path.join(plan["scratch"], "server")


def run_quietly(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused(f"{command[0]} ended with {done.returncode}: {' '.join(done.stderr.split())[-300:]}")


@contextlib.contextmanager
def server():
    run_quietly(
        *["initdb", "--pgdata", SERVER, "--username", "postgres", "--auth", "trust"],
        *["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"],
    )
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": plan["host"],
        "port": str(plan["port"]),
        "fsync": "off",
        "shared_buffers": "32MB",
        "dynamic_shared_memory_type": "mmap",
    }
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    running = subprocess.Popen(["postgres", "-D", SERVER, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield running
    finally:
        # A fast shutdown: at SIGTERM it would wait for sessions, and one that failed in the middle is open still.
        running.send_signal(signal.SIGINT)
        running.wait()


def administer(running):
    deadline = time.monotonic() + WITHIN_SECONDS
    while True:
        try:
            connection = psycopg2.connect(host=plan["host"], port=plan["port"], dbname="postgres", user="postgres")
            connection.autocommit = True
            return connection
        except psycopg2.OperationalError as problem:
            if running.poll() is not None or time.monotonic() > deadline:
                raise Refused(f"PostgreSQL does not start here: {problem}") from None
            time.sleep(0.2)


def made_by(token, keys):
    raw = base64.urlsafe_b64decode(token)
    signed, mac = raw[:-32], raw[-32:]
    return any(hmac.compare_digest(hmac.digest(key[:16], signed, "sha256"), mac) for key in keys)


def keys_named(items, name):
    (item,) = [item for item in items if item["metadata"]["name"] == f"{plan['cloud']}-{name}"]
    return [base64.urlsafe_b64decode(base64.b64decode(value)) for value in item["data"].values()]


def ask(database, statement):
    connection = connect(database)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return [row[0] for row in cursor.fetchall()]
    finally:
        connection.close()


def try_keys(database, statement, keys, what):
    tokens = ask(database, statement)
    lost = [token for token in tokens if not made_by(token, keys)]
    if lost:
        raise Refused(f"{len(lost)} of {len(tokens)} {what} were encrypted by none of the keys in the backup")
    return len(tokens)


def drill():
    manifest = read_manifest()
    items = keys_of(manifest)
    with server() as running:
        administrator = administer(running)
        with administrator.cursor() as cursor:
            for database in DATABASES:
                cursor.execute(f"CREATE ROLE {database} LOGIN")
                cursor.execute(f"CREATE DATABASE {database} OWNER {database}")
        administrator.close()
        for database in DATABASES:
            fill(database, manifest)
            connection = connect(database)
            found = revision(connection)
            connection.close()
            if found != manifest["schemas"][database]:
                raise Refused(f"{database} has schema {found} and the manifest says {manifest['schemas'][database]}")
        projects_keys = "SELECT plugin_meta FROM kek_data WHERE plugin_meta IS NOT NULL AND plugin_name LIKE '%SimpleCryptoPlugin'"
        tried = try_keys("barbican", projects_keys, keys_named(items, "kek"), "keys of projects")
        credentials = "SELECT encrypted_blob FROM credential"
        tried += try_keys("keystone", credentials, keys_named(items, "credential"), "credentials")
        (projects,) = ask("keystone", "SELECT count(*) FROM project WHERE NOT is_domain")
        (secrets,) = ask("barbican", "SELECT count(*) FROM secrets WHERE NOT deleted")
    return {"name": plan["name"], "projects": projects, "secrets": secrets, "tried": tried}


run(drill)
