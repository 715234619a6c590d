"""Fills the databases of a new Cloud out of a backup, each in one transaction: whole, or not at all.

A database that is of the backup's schema already was filled by an earlier try, and is left; one with other tables is
refused. The roles that own the databases do it, and no superuser: what a dump says is done with their rights alone.
"""


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
    manifest = read_manifest()
    for database in DATABASES:
        restore_database(database, manifest)
    return {"name": plan["name"], "completedAt": manifest["completedAt"]}


run(restore_databases)
