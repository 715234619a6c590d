"""Keystone, here and below /identity, and beside it an address that tells whether its database answers.

Keystone's own /healthcheck says 200 while the database is down.
"""

from keystone.common import sql
from keystone.wsgi.api import application as keystone
from sqlalchemy import text

keystone = mounted(whole_body(keystone), "/identity")


def ready(environ, start_response):
    try:
        with sql.session_for_read() as session:
            session.execute(text("SELECT 1"))
    except Exception as error:
        start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
        return [f"the database does not answer: {type(error).__name__}\n".encode()]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ready\n"]


def application(environ, start_response):
    asked = ready if environ.get("PATH_INFO") == "/nephele/ready" else keystone
    return answered(asked)(environ, start_response)
