# SPDX-License-Identifier: LGPL-2.1-or-later
"""A TCP relay between nodes, for tests in which it matters what happens first.

It counts the connections of a meeting and how far they come, and forwards their handshakes, also their ends, line by line
and in an order of its own choice: what is legal for the network is legal here.
"""

import random
import selectors
import socket
import struct
import threading
import time

from .peer import Listener, Timeout, deadline_after

QUIET = 0.0005          # seconds without an octet after which nothing more is expected for now
PATIENCE = 0.2          # seconds that the first connection waits for the others


RECORDS = 8             # of TLS that are forwarded one by one: its handshake, the auth line, the first messages


class _Direction:
    def __init__(self, link, source, target, tls):
        self.link, self.source, self.target, self.tls = link, source, target, tls
        self.pending = bytearray()
        self.lines = 0                 # forwarded: greeting, nonce, auth line; with TLS the first two
        self.records = 0
        self.eof = self.done = False   # read, forwarded

    def greeted(self):
        """Have greeting and nonce come?"""
        return self.lines + self.pending.count(b'\n') >= 2

    def step(self):
        """How many octets may go now: a line of the handshake, or all; None: nothing is to be done."""
        if self.done:
            return None
        if self.pending:
            if self.lines >= (2 if self.tls else 3):
                return self.record() if self.tls and self.records < RECORDS else len(self.pending)
            end = self.pending.find(b'\n') + 1
            if end > 0 or self.eof:
                return end or len(self.pending)
            return None
        return 0 if self.eof else None

    def record(self):
        """The length of the next one, if it is all there."""
        n = 5 + int.from_bytes(self.pending[3:5], 'big')
        if len(self.pending) >= max(n, 5):
            return n
        return len(self.pending) if self.eof else None


class Link:
    """One connection through the relay."""

    def __init__(self, route, near, far, tls):
        self.route = route
        self.directions = (_Direction(self, near, far, tls), _Direction(self, far, near, tls))

    @property
    def open(self):
        return not any(d.eof for d in self.directions)

    @property
    def over(self):
        return all(d.done for d in self.directions)

    @property
    def greeted(self):
        """Both ends have each other's greeting and nonce."""
        return all(d.lines >= 2 for d in self.directions)

    @property
    def authenticated(self):
        """How many auth lines went through."""
        return sum(d.lines >= 3 for d in self.directions)


class Relay:
    """route(bind) gives a bind that leads there; begin() begins a meeting, cut() ends it. tls: all of them do TLS."""

    def __init__(self, seed=0, *, tls=False):
        self._tls = tls
        self._rng = random.Random(seed)
        self._routes = {}              # listening socket: (name, target)
        self._links = []
        self._together, self._shuffle, self._gate_until = 0, False, None
        self._stop = False
        self._changed = threading.Condition()
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._selector.register(self._wake_in, selectors.EVENT_READ)
        self._listeners = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        with self._changed:
            self._stop = True
            self._wake_out.send(b'x')
        self._thread.join()
        for listener in self._listeners:
            listener.close()
        self._wake_in.close()
        self._wake_out.close()
        self._selector.close()

    def route(self, name, bind):
        """A new bind that leads to this one."""
        host, _, port = bind.rpartition(':')
        listener = Listener()
        with self._changed:
            self._listeners.append(listener)
            listener.sock.setblocking(False)
            self._routes[listener.sock] = name, (host, int(port))
            self._selector.register(listener.sock, selectors.EVENT_READ)
            self._wake_out.send(b'x')
        return listener.bind

    def begin(self, *, together=0, shuffle=False):
        """Forgets what was. together: nothing is forwarded before that many connections have greetings from both ends;
        shuffle: lines and ends of connections are forwarded one at a time, in any order."""
        with self._changed:
            for link in self._links:
                self._close(link)
            self._links = []
            self._together, self._shuffle, self._gate_until = together, shuffle, None

    def cut(self, *, reset=False):
        """Ends all connections."""
        with self._changed:
            for link in self._links:
                self._close(link, reset=reset)
            self._changed.notify_all()

    def wait(self, condition, what, timeout=None):
        """Until condition(links) is true; returns its value."""
        deadline = deadline_after(timeout)
        with self._changed:
            while not (value := condition(self._links)):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Timeout(f'waited in vain for {what}: {self._describe()}')
                self._changed.wait(left)
            return value

    def wait_settled(self, timeout=None):
        """Until one connection is left and the others are over; returns all."""
        return self.wait(lambda links: sum(link.open for link in links) == 1 and
                         sum(link.over for link in links) == len(links) - 1 and list(links), 'one connection', timeout)

    def _describe(self):
        return ', '.join(f'{link.route}: {"open" if link.open else "over" if link.over else "ending"}, lines '
                         f'{[d.lines for d in link.directions]}' for link in self._links)

    # --- the thread ---

    def _run(self):
        timeout = None
        while True:
            ready = self._selector.select(timeout)
            with self._changed:
                if self._stop:
                    for link in self._links:
                        self._close(link)
                    return
                for key, _ in ready:
                    self._take(key.fileobj, key.data)
                timeout = self._forward(quiet=not ready)
                self._changed.notify_all()

    def _take(self, sock, direction):
        if sock is self._wake_in:
            sock.recv(4096)
        elif direction is None:
            self._accept(sock)
        elif not direction.eof:
            try:
                octets = sock.recv(1 << 16)
            except BlockingIOError:
                return
            except OSError:
                octets = b''
            direction.pending += octets
            if not octets:
                direction.eof = True
                self._selector.unregister(sock)

    def _accept(self, listening):
        try:
            near, _ = listening.accept()
        except OSError:
            return
        name, target = self._routes[listening]
        try:
            far = socket.create_connection(target, timeout=5)
        except OSError:
            near.close()
            return
        link = Link(name, near, far, self._tls)
        self._links.append(link)
        for d in link.directions:
            d.source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            d.source.setblocking(False)
            self._selector.register(d.source, selectors.EVENT_READ, d)
        if self._gate_until is None:
            self._gate_until = time.monotonic() + PATIENCE

    def _gate_is_open(self):
        if self._together and (sum(all(d.greeted() for d in link.directions) for link in self._links) >= self._together or
                               time.monotonic() > (self._gate_until or 0)):
            self._together = 0
        return not self._together

    def _forward(self, quiet):
        """What is due; returns the seconds until it wants to be called again."""
        if self._links and not self._gate_is_open():
            return 0.01
        steps = [d for link in self._links for d in link.directions if d.step() is not None]
        if not steps:
            return None
        if self._shuffle:
            if not quiet and self._rng.random() < 0.5:
                return QUIET          # maybe what comes of it competes with what waits
            steps = [self._rng.choice(steps)]
        for d in steps:
            self._go(d)
        return 0 if any(d.step() is not None for link in self._links for d in link.directions) else None

    def _go(self, d):
        n = d.step()
        try:
            if n == 0:
                d.done = True
                d.target.shutdown(socket.SHUT_WR)
            else:
                sent = d.target.send(d.pending[:n])
                lines = 2 if d.tls else 3
                if d.lines < lines:
                    d.lines = min(lines, d.lines + d.pending[:sent].count(b'\n'))
                else:
                    d.records += 1
                del d.pending[:sent]
        except BlockingIOError:
            pass
        except OSError:               # it does not want it any more
            d.pending.clear()
            d.eof = d.done = True
            self._unregister(d.source)
        if d.link.over:
            self._close(d.link)

    def _unregister(self, sock):
        try:
            self._selector.unregister(sock)
        except (KeyError, ValueError):
            pass

    def _close(self, link, *, reset=False):
        for d in link.directions:
            self._unregister(d.source)
            d.pending.clear()
            d.eof = d.done = True
            if reset and d.source.fileno() >= 0:
                d.source.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        for d in link.directions:
            d.source.close()
