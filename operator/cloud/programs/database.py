"""Makes the roles and databases of Keystone and Barbican, and marks them with the key set that belongs to their data.

A repeat changes nothing but passwords that are others. Who logs in are the files named after a service: `keystone`,
`keystone-2`; a login without a file is taken away. A database with another mark, or with tables and no mark, is not
touched: its data is of other keys. What went wrong is the container's termination message; no password is in it.

Usage: database.py <host> <port> <key set> [<file of the authority>]
"""

import os
import re
import sys
import time

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import encrypt_password

SECRETS = "/run/secrets/nephele"
WITHIN_SECONDS = 60
MARK = "nephele key set "

host, port, key_set, *authority = sys.argv[1:]


class Refused(Exception):
    """Nothing that a repeat would mend."""


def secret(name):
    with open(f"{SECRETS}/{name}", encoding="utf-8") as file:
        return file.read()


def connect(database):
    tls = {"sslmode": "verify-full", "sslrootcert": authority[0]} if authority else {}
    deadline = time.monotonic() + WITHIN_SECONDS
    while True:
        try:
            connection = psycopg2.connect(
                host=host,
                port=port,
                dbname=database,
                user=secret("admin-user"),
                password=secret("admin-password"),
                connect_timeout=3,
                **tls,
            )
            connection.autocommit = True
            return connection
        except psycopg2.OperationalError as error:
            problem = " ".join(str(error).split())
            if "authentication failed" in problem or "certificate" in problem or "no pg_hba.conf entry" in problem:
                raise Refused(problem) from None
            if time.monotonic() > deadline:
                raise Refused(f"no answer within {WITHIN_SECONDS} s: {problem}") from None
            time.sleep(0.25)


def tables(database):
    connection = connect(database)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        (count,) = cursor.fetchone()
    connection.close()
    return count


def ensure_role(cursor, name):
    """A role that owns the database of its name, and logs in only as long as it is one of the logins."""
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,))
    if cursor.fetchone() is None:
        cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if not cursor.fetchone()[0]:
        cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(name)))


def allow_login(connection, cursor, role, password):
    # The server gets a SCRAM verifier, so that no log of it can hold the password.
    verifier = encrypt_password(password, role, scope=connection, algorithm="scram-sha-256")
    cursor.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD %s").format(sql.Identifier(role)), (verifier,))


def ensure_logins(connection, cursor, name):
    """The owner is the first login; each later one is a role of its own that acts as the owner from its first word on."""
    owner = sql.Identifier(name)
    files = [file for file in os.listdir(SECRETS) if re.fullmatch(f"{name}(-[0-9]+)?", file)]
    roles = {file.replace("-", "_"): file for file in files}
    for role, file in roles.items():
        if role != name:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
            cursor.execute(sql.SQL("GRANT {} TO {}").format(owner, sql.Identifier(role)))
            cursor.execute(sql.SQL("ALTER ROLE {} SET role = {}").format(sql.Identifier(role), sql.Literal(name)))
        allow_login(connection, cursor, role, secret(file))
    if name not in roles:
        cursor.execute(sql.SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(owner))
    cursor.execute("SELECT rolname FROM pg_roles WHERE rolname ~ %s", (f"^{name}_[0-9]+$",))
    for (role,) in cursor.fetchall():
        if role not in roles:
            cursor.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def check_mark(cursor, name):
    cursor.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", (name,))
    found = cursor.fetchone()
    if found is None:
        return False
    mark = found[0]
    if mark is None and tables(name) > 0:
        raise Refused(f"database {name} has tables that are not of this Cloud: name another server, or empty it")
    if mark is not None and mark != MARK + key_set:
        raise Refused(
            f"database {name} is of {mark.removeprefix('nephele ')} and this Cloud has key set {key_set}: "
            "put the core Secrets of that key set back from a backup, or name another server"
        )
    return True


def ensure_database(cursor, name):
    if not check_mark(cursor, name):
        cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(name)))
    cursor.execute(sql.SQL("COMMENT ON DATABASE {} IS %s").format(sql.Identifier(name)), (MARK + key_set,))
    cursor.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


def main():
    connection = connect("postgres")
    with connection.cursor() as cursor:
        for name in ("keystone", "barbican"):
            check_mark(cursor, name)
        for name in ("keystone", "barbican"):
            ensure_role(cursor, name)
            ensure_database(cursor, name)
            ensure_logins(connection, cursor, name)
        # Without it Barbican takes a secret and can never read it: it compares bytes with PostgreSQL's text of them.
        cursor.execute("ALTER DATABASE barbican SET bytea_output = 'escape'")


try:
    main()
except Exception as problem:
    said = str(problem) if isinstance(problem, Refused) else f"{type(problem).__name__}: {' '.join(str(problem).split())}"
    with open("/dev/termination-log", "w", encoding="utf-8") as log:
        log.write(said[:4000])
    sys.exit(said)
