"""Ports for servers of tests. None lies where the system takes those of connections from (32768 and up on Linux): one that is
free there can be a connection's before its server has begun."""

import random
import socket

GIVEN = set()


def free_port():
    """A port that nobody listens on now, another one each time."""
    while True:
        port = random.randrange(15000, 32000)
        if port in GIVEN:
            continue
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        GIVEN.add(port)
        return port


def free_ports(names):
    """One for each name."""
    return {name: free_port() for name in names}
