"""Fills the databases of a new Cloud out of a backup, each in one transaction: whole, or not at all.

A database that is of the backup's schema already was filled by an earlier try, and is left; one with other tables is
refused. The roles that own the databases do it, and no superuser: what a dump says is done with their rights alone.
"""

import tempfile


def fill(database, manifest):
    path = os.path.join(folder, manifest["name"], dump_of(database))
    with tempfile.TemporaryFile(dir=plan["scratch"]) as stderr:
        options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--dbname", database]
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": stderr}
        restoring = program(["pg_restore", *options], database, **streams)
        try:
            decrypt_into(path, restoring.stdin, manifest)
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


def restore_database(database, manifest):
    connection = connect(database)
    try:
        found = revision(connection)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            (tables,) = cursor.fetchone()
    finally:
        connection.close()
    if tables > 0 and found == manifest["schemas"][database]:
        return
    if tables > 0:
        raise Refused(f"database {database} has tables already, and they are not the backup's: nothing is written over them")
    fill(database, manifest)


def restore_databases():
    manifest = manifest_of(plan["name"])
    for database in DATABASES:
        restore_database(database, manifest)
    return {"name": plan["name"], "completedAt": manifest["completedAt"]}


run(restore_databases)
