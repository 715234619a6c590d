"""An answer where a service has none.

What a WSGI application raises makes uWSGI close the connection without a word: a client cannot tell that from a service that
has gone. Keystone raises so where a connection to its database cannot be made.
"""

import sys
import traceback

from oslo_db.exception import DBConnectionError
from sqlalchemy.exc import DBAPIError


def answered(application):
    def with_answer(environ, start_response):
        try:
            return application(environ, start_response)
        except Exception as error:
            # Without its message: SQLAlchemy's holds the values of the statement.
            where = "".join(traceback.format_tb(error.__traceback__))
            print(f"a request ended with {type(error).__name__}:\n{where}", file=sys.stderr, flush=True)
            away = isinstance(error, (DBConnectionError, DBAPIError))
            status = "503 Service Unavailable" if away else "500 Internal Server Error"
            said = b"the database does not answer\n" if away else b"the service failed: its log says where\n"
            start_response(status, [("Content-Type", "text/plain")])
            return [said]

    return with_answer
