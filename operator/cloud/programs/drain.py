"""Waits until nobody is left who asks this pod, and ends: what kubelet runs before it tells uWSGI to stop.

uWSGI finishes the requests that its workers have taken on, and drops those that still wait in its listen queue: their
connections are reset. How long that queue is, in seconds, depends on the machine. So this looks at the kernel's own table of
connections: whoever waits there, and whoever is being answered, has one, for uWSGI closes it with the answer.
"""

import sys
import time

# States of a connection in /proc/net/tcp (include/net/tcp_states.h) in which the other side still wants an answer:
# established, and half closed by a client that has said all that it has to say.
OPEN = {"01", "08"}
# States of a socket in /proc/net/unix: waiting to be accepted, and accepted.
CONNECTING_OR_CONNECTED = {"02", "03"}
LOOK_EVERY_SECONDS = 0.1


def lines(path):
    try:
        with open(path) as table:
            return table.read().splitlines()[1:]
    except FileNotFoundError:
        # A kernel without IPv6 has no tcp6.
        return []


def of_port(port):
    """Connections to a port: what identifies each, and whether somebody still waits for an answer."""
    suffix = f":{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in lines(table):
            _, local, remote, state = line.split()[:4]
            if local.endswith(suffix) and not remote.endswith(":0000"):
                yield remote, state in OPEN


def of_socket(path):
    """The same for a unix socket, whose connections have its path, too; the listening one has the flag to accept."""
    for line in lines("/proc/net/unix"):
        fields = line.split(maxsplit=7)
        if len(fields) == 8 and fields[7] == path and fields[3] == "00000000":
            yield fields[6], fields[5] in CONNECTING_OR_CONNECTED


def drain(look, least, quiet, most):
    """Waits `least` seconds, and on until nothing is open and nobody has come for `quiet` seconds, `most` at the longest."""
    began = last = time.monotonic()
    known = set()
    while True:
        found = list(look())
        now = time.monotonic()
        is_open = sum(waits for _, waits in found)
        # TCP connections that are over stay in the table for a minute: none is overlooked that came between two looks.
        present = {name for name, _ in found}
        if is_open or present - known:
            last = now
        known = present
        if now - began >= most:
            return is_open
        if now - began >= least and now - last >= quiet:
            return 0
        time.sleep(LOOK_EVERY_SECONDS)


def main(port, least, quiet, most, *sockets):
    def look():
        yield from of_port(int(port))
        for path in sockets:
            yield from of_socket(path)

    left = drain(look, float(least), float(quiet), float(most))
    if left > 0:
        sys.exit(f"{left} connections are still open after {most} s: their requests may be lost")


if __name__ == "__main__":
    main(*sys.argv[1:])
