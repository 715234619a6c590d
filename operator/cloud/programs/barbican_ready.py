"""Barbican, here and below /key-manager, and beside it an address that tells whether its database answers.

Barbican's own /healthcheck says 200 while the database is down.
"""

from barbican.model import repositories
from barbican_wsgi import application as barbican
from sqlalchemy import text

barbican = mounted(whole_body(barbican), "/key-manager")


def ready(environ, start_response):
    try:
        try:
            repositories.get_session().execute(text("SELECT 1"))
        finally:
            repositories.clear()
    except Exception as error:
        start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
        return [f"the database does not answer: {type(error).__name__}\n".encode()]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ready\n"]


def application(environ, start_response):
    asked = ready if environ.get("PATH_INFO") == "/nephele/ready" else barbican
    return answered(asked)(environ, start_response)
