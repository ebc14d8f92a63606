# SPDX-License-Identifier: LGPL-2.1-or-later
"""Somebody on the way between two nodes, who sees all octets and may change some."""

import socket
import socketserver
import threading


class Tap:
    """Connections to .bind go to target ('host:port'). seen: for each connection, the octets of who connected and those of the other.

    change(connection number, 0 or 1, octets) may return other octets, or None to end the connection.
    """

    def __init__(self, target, change=None):
        self.host, _, port = target.rpartition(':')
        self.port, self.change = int(port), change
        self.seen = []
        tap = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                tap.forward(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False

        self.server = Server(('127.0.0.1', 0), Handler)
        self.bind = '127.0.0.1:%d' % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.05}, daemon=True).start()

    def forward(self, near):
        number, octets = len(self.seen), (bytearray(), bytearray())
        self.seen.append(octets)
        with socket.create_connection((self.host, self.port)) as far:
            for sock in (near, far):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=self.copy, args=(number, 1, far, near, octets[1]), daemon=True)
            back.start()
            self.copy(number, 0, near, far, octets[0])
            back.join()

    def copy(self, number, direction, source, target, seen):
        try:
            while octets := source.recv(1 << 16):
                seen += octets
                if self.change:
                    octets = self.change(number, direction, octets)
                    if octets is None:
                        break
                target.sendall(octets)
        except OSError:
            pass
        for sock in (source, target):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()
