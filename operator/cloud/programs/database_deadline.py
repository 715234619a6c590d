"""Gives a connection to PostgreSQL up when its server has not answered for a while.

A server that is frozen and whose kernel is not acknowledges what it is sent, and never answers. No option of TCP's or
libpq's ends that: a worker would wait for as long as the server is frozen. psycopg2 waits by this function instead of by
itself (its documentation: "Support for coroutine libraries"), and closes the connection when it raises; SQLAlchemy then
drops every connection that the pool holds, and the next ones lead to whoever is the primary.
"""

import select
import time

import psycopg2
from psycopg2 import extensions

# How long a connection may take to be there, and a statement to be answered, in seconds. A commit waits for PostgreSQL to
# notice that a standby has gone, which was seen to take five seconds. Each worker finds out by itself.
CONNECT_SECONDS = 5
ANSWER_SECONDS = 10

CONNECTED = {extensions.STATUS_READY, extensions.STATUS_BEGIN, extensions.STATUS_PREPARED}


def wait_for_answer(connection):
    seconds = ANSWER_SECONDS if connection.status in CONNECTED else CONNECT_SECONDS
    end = time.monotonic() + seconds
    while True:
        state = connection.poll()
        if state == extensions.POLL_OK:
            return
        wanted = select.POLLIN if state == extensions.POLL_READ else select.POLLOUT
        poll = select.poll()
        poll.register(connection.fileno(), wanted)
        if not poll.poll(max(0, end - time.monotonic()) * 1000):
            raise psycopg2.OperationalError(f"PostgreSQL has not answered for {seconds} s: the connection is given up")


extensions.set_wait_callback(wait_for_answer)
