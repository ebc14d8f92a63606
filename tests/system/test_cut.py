# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guarantee, on real sockets: connections are cut in the middle of everything, and there are no holes.

Two clients on two aempds send each other numbered messages, each series under a monitor. When the monitor fires a new series
begins. Of each series the other one must see 0, 1, 2... up to some number, and of the last one all.
"""

import contextlib
import os
import random
import select
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp import cbor
from aemp.harness import Aempd, sanitized
from aemp.node import Node
from aemp.peer import TIMEOUT, Timeout
from aemp.relay import Relay
from certificates import shared

CUTS = int(os.environ.get('AEMP_CUTS', 0)) or (50 if sanitized() else 200)
SEED = int(os.environ.get('AEMP_CUT_SEED', 0)) or random.randrange(1 << 32)
LAST, BARRIER, ACK = 'last', 'barrier', 'ack'
AHEAD = 200          # of what the other one has said that it has; a client that is too slow is cut, and that is another test


class Talker:
    """A client that sends series of messages to a port, and checks those that come."""

    def __init__(self, daemon, other_id, *, size):
        self.client = daemon.attach(framings=('cbor',))
        self.other, self.size = other_id, size
        self.port = self.client.port_name()
        self.id = self.client.port_id(self.port)
        self.target, self.out = None, bytearray()
        self.series, self.sent = 0, None          # sent: None while no monitor is set
        self.seen_series, self.seen = -1, 0
        self.waiting, self.acked = False, 0
        self.held = set()                         # of kil0 and down
        self.finishing, self.last_series, self.finished = False, None, False
        self.got_last, self.total, self.error = False, 0, None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __repr__(self):
        return (f'[series {self.series}, sent {self.sent}, held {self.held}, waiting {self.waiting}, to be written {len(self.out)}; '
                f'of series {self.seen_series} {self.seen} came; last messages {[str(m)[:100] for m in self.client.messages[-3:]]}]')

    def start(self, target):
        self.target = target
        self.thread.start()

    def _run(self):
        try:
            while not self.finished:
                self._flush()
                if self._ready():
                    self._send()
                with contextlib.suppress(Timeout):
                    for _ in range(50):
                        self._take(self.client.recv(0 if self._ready() else 0.01))
        except Exception as e:  # noqa: the main thread raises it
            self.error = e

    def _ready(self):
        if self.out or self.held or self.waiting or self.last_series is not None:
            return False
        return self.sent is None or self.sent - self.acked < AHEAD

    def _say(self, *messages):
        """Who waits for a full socket has to go on reading: the other one may be waiting for that."""
        self.out += b''.join(cbor.encode(m) for m in messages)
        self._flush()

    def _flush(self):
        while self.out and select.select([], [self.client.sock], [], 0)[1]:
            del self.out[:self.client.sock.send(self.out)]

    def _send(self):
        if self.sent is None:
            self._say(['', 'mon1', self.target])
            self.sent, self.acked = 0, 0
        self._say(*([self.target, self.series, i, 'x' * self.size] for i in range(self.sent, self.sent + 10)))
        self._say(['', 'time', self.id, BARRIER])
        self.waiting = True                       # until aempd has taken these
        self.sent += 10
        if self.finishing:
            self._say([self.target, self.series, LAST, self.sent])
            self.last_series = self.series

    def _take(self, m):
        if m[:2] == [self.port, BARRIER]:
            self.waiting = False
        elif m[:3] == [self.port, ACK, self.series] and self.sent is not None:
            self.acked = m[3]
        elif m[:2] == [self.port, ACK]:
            pass                                  # of an earlier series
        elif m[0] == self.port:
            self._check(m[1], m[2], m)
        elif m[1] == 'kil0':
            if m[2:4] != [self.target, 'transport_error'] or self.sent is None:
                raise AssertionError(f'{m!r}')
            self.sent, self.last_series = None, None
            self.series += 1
            self._heard('kil0')
        elif m[1] == 'down':
            self._heard('down')
        elif m[1] not in ('mon1', 'mon0'):
            raise AssertionError(f'{m!r}')

    def _heard(self, what):
        """Between kil0 and the answer to down nothing is sent there; either may come first, and kil0 only if there is a monitor."""
        self.held.add(what)
        if 'down' in self.held and self.sent is None:
            self.held.clear()
            self._say(['', 'down', self.other])

    def _check(self, series, n, m):
        if series != self.seen_series:
            if series < self.seen_series:
                raise AssertionError(f'series {series} after {self.seen_series}')
            self.seen_series, self.seen = series, 0
        if n == LAST:
            if m[3] != self.seen:
                raise AssertionError(f'{self.seen} of {m[3]} messages came')
            self.got_last = True
            return
        if n != self.seen:
            raise AssertionError(f'a hole in series {series}: {n} after {self.seen - 1}')
        self.seen += 1
        self.total += 1
        if self.seen % 20 == 0 and not self.held:
            self._say([self.target, ACK, series, self.seen])


class Cuts(unittest.TestCase):
    def check(self, *, size, n, tls=False):
        rng = random.Random(SEED)
        print(f'AEMP_CUT_SEED={SEED}', flush=True)
        options = {'settings': {'cert': shared()}} if tls else {}
        with Node('hub') as hub, Relay(SEED, tls=tls) as relay, \
             Aempd('a', seeds=[hub.bind], **options) as a, Aempd('b', seeds=[hub.bind], **options) as b:
            ways = {'a': relay.route('b to a', a.binds[0]), 'b': relay.route('a to b', b.binds[0])}
            hub.requests['g_slave'] = lambda *args: None
            hub.requests['g_find'] = lambda source, node: hub.snd(source, 'g_found', node, [ways[node]])
            hub.wait_up('a')
            hub.wait_up('b')
            talkers = [Talker(a, 'b', size=size), Talker(b, 'a', size=size)]
            for t, other in zip(talkers, reversed(talkers)):
                self.addCleanup(t.client.close)
                t.start(other.id)
            for i in range(n):
                before = [t.total for t in talkers]
                deadline = time.monotonic() + TIMEOUT
                while any(t.total <= k for t, k in zip(talkers, before)):    # both hear something between two cuts
                    self.assertEqual([t.error for t in talkers], [None, None])
                    self.assertLess(time.monotonic(), deadline, f'nothing comes any more: {talkers} {relay._describe()}')
                    time.sleep(0.0005)
                time.sleep(rng.random() * 0.01)                              # where it cuts is a matter of chance
                relay.cut(reset=rng.random() < 0.5)
                relay.begin(together=rng.choice([0, 0, 2]), shuffle=rng.random() < 0.5)
            for t in talkers:
                t.finishing = True
            deadline = time.monotonic() + 3 * TIMEOUT
            while not all(t.got_last for t in talkers):
                self.assertEqual([t.error for t in talkers], [None, None])
                if time.monotonic() > deadline:
                    raise Timeout('the last series does not end')
                time.sleep(0.005)
            for t in talkers:
                t.finished = True
            for t in talkers:
                t.thread.join()
                self.assertIsNone(t.error)
            print(f'{n} cuts, messages of {size} octets: {[t.total for t in talkers]} came in '
                  f'{[t.series + 1 for t in talkers]} series', flush=True)

    def test_small_messages(self):
        self.check(size=10, n=CUTS)

    def test_large_messages(self):
        self.check(size=100000, n=CUTS // 4)

    def test_with_tls(self):
        self.check(size=10, n=CUTS // 4, tls=True)
        self.check(size=100000, n=CUTS // 20, tls=True)


if __name__ == '__main__':
    aemp.main()
