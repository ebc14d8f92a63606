# SPDX-License-Identifier: LGPL-2.1-or-later
"""The attach protocol (docs/attach.md): clients that do not read."""

import contextlib
import os
import select
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.harness import Aempd
from aemp.peer import encode_message


FRAMINGS = ('cbor', 'json')
MIB = 1 << 20


class Backpressure(unittest.TestCase):
    """A client that does not read. Above client_high those that feed it are not read from; above client_hard it is detached."""

    def fill(self, c, barrier, message, most=5000):
        """Sends until aempd reads no more. Returns how many were sent, and the rest of one that was begun."""
        octets, sent, full = b'', 0, None
        c.sock.setblocking(False)
        while sent < most:
            octets = octets or encode_message(c.framing, message(sent))
            try:
                octets = octets[c.sock.send(octets):]
            except BlockingIOError:
                if full == sent:
                    c.sock.settimeout(c.timeout)
                    return sent, octets
                full = sent
                for _ in range(20):
                    barrier.sync()
            else:
                sent += not octets
                full = None
        self.fail('it takes everything')

    def test_on_one_node(self):
        for framing in FRAMINGS:
            with self.subTest(framing), Aempd('x', settings={'client_high': 100000}) as d, d.attach() as barrier:
                with d.attach('lazy', framings=(framing,)) as lazy, d.attach('eager', framings=(framing,)) as eager:
                    port = lazy.port_name()
                    sent, rest = self.fill(eager, barrier, lambda i: [lazy.port_id(port), i, 'x' * 10000])
                    self.assertFalse(select.select([], [eager.sock], [], 0)[1])
                    queued = barrier.clients()['lazy']['queued']
                    self.assertGreater(queued, 50000)  # it goes on at half of client_high
                    self.assertLess(queued, 1 * MIB)
                    self.assertEqual(lazy.recv_n(sent), [[port, i, 'x' * 10000] for i in range(sent)])
                    eager.send_raw(rest)
                    self.assertEqual(lazy.recv()[1], sent)
                    self.assertEqual(eager.sync(), [])
                    self.assertEqual(lazy.sync(), [])

    def test_several_that_feed_it(self):
        with Aempd('x', settings={'client_high': 100000}) as d, d.attach() as barrier, d.attach('lazy', framings=('cbor',)) as lazy:
            with contextlib.ExitStack() as stack:
                port = lazy.port_name()
                eager = [stack.enter_context(d.attach(framings=('cbor',))) for _ in range(5)]
                filled = [self.fill(c, barrier, lambda i: [lazy.port_id(port), k, i, 'x' * 10000]) for k, c in enumerate(eager)]
                total = sum(sent for sent, _ in filled)
                got = lazy.recv_n(total)
                for k, (sent, _) in enumerate(filled):
                    self.assertEqual([m[2] for m in got if m[1] == k], list(range(sent)))

    def test_across_nodes(self):
        """There is no way to tell the other node to stop: TCP does, at peer_high there."""
        settings = {'client_high': 100000, 'peer_high': 100000, 'max_message': 100000}
        with Aempd('x', settings=settings) as x, Aempd('y', seeds=x.binds, settings=settings) as y:
            with x.attach('lazy', framings=('cbor',)) as lazy, y.attach(framings=('cbor',)) as eager, x.attach() as barrier:
                barrier.send(['', 'nodes1'])
                self.assertEqual(barrier.recv(), ['', 'node', 'y', True])
                port = lazy.port_name()
                eager.mon(lazy.port_id(port))
                self.assertEqual(lazy.recv(), ['', 'mon1', port])
                n = 2000
                for i in range(n):   # 20 MB: more than client_high, less than client_hard
                    eager.send([lazy.port_id(port), i, 'x' * 10000])
                self.assertEqual(eager.sync(), [])
                self.assertEqual([m[1] for m in lazy.recv_n(n)], list(range(n)))
                self.assertEqual(lazy.sync() + eager.sync(), [])

    def test_at_the_hard_limit(self):
        """A peer can't be paused, so its messages fill the queue; the client is detached as too_slow, and the peer is told."""
        settings = {'client_high': 100000, 'client_hard': MIB, 'max_message': MIB}
        with Aempd('x', settings=settings) as d, d.attach('lazy') as lazy, d.attach() as watcher, d.peer('n') as p:
            port = lazy.port_name()
            watcher.mon(lazy.port_id(port))
            watcher.sync()
            p.send(['', 'mon1', port])
            self.assertEqual(p.sync(), [])
            seen = []
            for i in range(2000):
                p.send([port, i, 'x' * 10000])
                if seen := p.sync():
                    break
            reason = ['too_slow', 'lazy', os.getpid()]
            self.assertEqual(seen, [['', 'kil0', port, *reason]])
            self.assertEqual(watcher.recv(), ['', 'kil0', lazy.port_id(port), *reason])
            d.wait_log(r'warning: .*lazy\[\d+\]')
            got = [m[1] for m in lazy.recv_all() if m[0] == port]
            self.assertEqual(got, list(range(len(got))))
            p.send([port, 'to the dead'])
            self.assertEqual(p.sync() + watcher.sync(), [])

    def test_a_paused_client_can_end(self):
        """Even then its death is noticed, and what it sent before arrives."""
        with Aempd('x', settings={'client_high': 100000}) as d, d.attach() as watcher, d.attach('lazy', framings=('cbor',)) as lazy:
            port = lazy.port_name()
            with d.attach('eager', framings=('cbor',)) as eager:
                watcher.mon(eager.port_id(eager.port_name('p')))
                watcher.sync()
                sent, _ = self.fill(eager, watcher, lambda i: [lazy.port_id(port), i, 'x' * 10000])
            self.assertEqual([m[1] for m in lazy.recv_n(sent)], list(range(sent)))
            self.assertEqual(watcher.recv(), ['', 'kil0', eager.port_id(eager.port_name('p')), 'detached', 'eager', os.getpid()])

    def test_the_lazy_one_ends(self):
        """Then those that wait for it go on."""
        with Aempd('x', settings={'client_high': 100000}) as d, d.attach() as barrier, d.attach('eager', framings=('cbor',)) as eager:
            with d.attach('lazy') as lazy:
                port = lazy.port_id(lazy.port_name())
                eager.mon(port)
                _, rest = self.fill(eager, barrier, lambda i: [port, i, 'x' * 10000])
            eager.send_raw(rest)
            self.assertEqual(eager.recv(), ['', 'kil0', port, 'detached', 'lazy', os.getpid()])
            self.assertEqual(eager.sync(), [])

    def test_two_that_feed_each_other(self):
        """Both pause the other: who reads first sets both free."""
        with Aempd('x', settings={'client_high': 100000}) as d, d.attach() as barrier:
            with d.attach(framings=('cbor',)) as a, d.attach(framings=('cbor',)) as b:
                p, q = a.port_name(), b.port_name()
                to_b, rest_a = self.fill(a, barrier, lambda i: [b.port_id(q), i, 'x' * 10000])
                to_a, rest_b = self.fill(b, barrier, lambda i: [a.port_id(p), i, 'x' * 10000])
                self.assertEqual([m[1] for m in a.recv_n(to_a)], list(range(to_a)))
                self.assertEqual([m[1] for m in b.recv_n(to_b)], list(range(to_b)))
                a.send_raw(rest_a)
                b.send_raw(rest_b)
                self.assertEqual(a.recv()[1], to_a)
                self.assertEqual(b.recv()[1], to_b)
                self.assertEqual(a.sync() + b.sync(), [])


if __name__ == '__main__':
    aemp.main()
