# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two nodes that connect to each other at the same moment.

One connection is left each time, no message is lost, no monitor fires. A relay between them lets both connections get as far
as their greetings, and then forwards what the two say in any order. AEMP_TIE_MEETINGS: how many meetings.
"""

import collections
import concurrent.futures
import contextlib
import os
import random
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.harness import Aempd, sanitized
from aemp.node import Node
from aemp.peer import ANY, Closed, Listener, Peer
from aemp.relay import Relay
from aemp.tls import Tls
from certificates import shared

MEETINGS = int(os.environ.get('AEMP_TIE_MEETINGS', 0)) or (300 if sanitized() else 1000)
BATCH = 5
SEED = int(os.environ.get('AEMP_TIE_SEED', 0)) or random.randrange(1 << 32)


class Hub(Node):
    """The seed of all: it knows ways from each node to each other one, through the relay."""

    def __init__(self, **options):
        super().__init__('hub', **options)
        self.ways = {}                 # (from, to): bind
        self.requests['g_slave'] = lambda *args: None
        self.requests['g_find'] = lambda source, node: self.snd(source, 'g_found', node, [self.ways[source, node]])


class Side:
    """A client of one of the two aempds."""

    def __init__(self, case, daemon, other_id):
        self.case, self.other = case, other_id
        self.client = daemon.attach(framings=('cbor',))
        case.addCleanup(self.client.close)
        self.port = self.client.port_name()
        self.port_id = self.client.port_id(self.port)
        self.client.send(['', 'nodes1'])
        self.skip(['', 'node', 'hub', True])
        self.sent = 0

    def skip(self, *messages):
        for m in messages:
            self.case.assertEqual(self.client.recv(), m)

    def begin(self, target):
        self.sent = 0
        self.client.send(['', 'mon1', target], *self.batch(target))

    def batch(self, target):
        messages = [[target, i] for i in range(self.sent, self.sent + BATCH)]
        self.sent += BATCH
        return messages

    def say(self, target):
        self.client.send(*self.batch(target))

    def check(self, n):
        """All came, in order, and nothing else but that the node is up and watches us."""
        expected = [['', 'node', self.other, True], ['', 'mon1', self.port], *([self.port, i] for i in range(n))]
        got = self.client.recv_n(len(expected))
        self.case.assertEqual(sorted(got[:2]), sorted(expected[:2]))
        self.case.assertEqual(got[2:], expected[2:])
        self.case.assertEqual(self.client.sync(), [])

    def check_end(self, target):
        """The connection is cut: the monitor fires, and they say so in any order that is promised."""
        got = [self.client.recv() for _ in range(4)]
        self.case.assertEqual(sorted(m[:3] for m in got), sorted([['', 'mon0', self.port], ['', 'kil0', target], ['', 'down', self.other],
                                                                  ['', 'node', self.other]]))
        self.case.assertLess([m[1] for m in got].index('kil0'), [m[1] for m in got].index('down'))
        self.client.answer_down(self.other)


class Count:
    """What the relay saw in the meetings."""

    def __init__(self):
        self.meetings = self.simultaneous = self.both_greeted = self.given_up = 0
        self.lock = threading.Lock()
        self.kept, self.connections = collections.Counter(), collections.Counter()

    def add(self, links):
        with self.lock:
            self._add(links)

    def _add(self, links):
        self.meetings += 1
        self.simultaneous += len({link.route for link in links}) == 2
        self.both_greeted += len({link.route for link in links if link.greeted}) == 2
        [left] = [link for link in links if link.open]
        self.given_up += any(link.authenticated for link in links if link is not left)
        self.kept[left.route] += 1
        self.connections[len(links)] += 1

    def __str__(self):
        return (f'{self.meetings} meetings, in {self.simultaneous} of them both connected, in {self.both_greeted} both connections '
                f'got past the greeting, in {self.given_up} one was given up with an auth line on it; kept: {dict(self.kept)}; '
                f'connections in a meeting: {dict(sorted(self.connections.items()))}')


class Meetings(unittest.TestCase):
    def setUp(self):
        self.rng = random.Random(SEED)
        print(f'AEMP_TIE_SEED={SEED}', flush=True)

    def modes(self, i):
        """Mostly arranged by the relay; some as they happen."""
        return {'together': 2 if i % 8 else 0, 'shuffle': i % 8 > 1}

    def test_two_aempds(self):
        self.meet(MEETINGS)

    def test_two_aempds_with_tls(self):
        """Half of the time it is who accepted that begins TLS, and what is forwarded one at a time are its records."""
        self.meet(MEETINGS // 5, tls=True, settings={'cert': shared()}, secret=None)

    def meet(self, n, tls=False, **options):
        count, began = Count(), time.monotonic()
        with Hub(**({'tls': Tls()} if tls else {})) as hub, Relay(SEED, tls=tls) as relay, \
             Aempd('a', seeds=[hub.bind], **options) as a, Aempd('b', seeds=[hub.bind], **options) as b:
            hub.ways['a', 'b'] = relay.route('a to b', b.binds[0])
            hub.ways['b', 'a'] = relay.route('b to a', a.binds[0])
            sides = [Side(self, a, 'b'), Side(self, b, 'a')]
            ways = [(sides[0], sides[1].port_id), (sides[1], sides[0].port_id)]
            for i in range(n):
                with self.subTest(meeting=i):
                    relay.begin(**self.modes(i))
                    self.rng.shuffle(ways)
                    for side, target in ways:
                        side.begin(target)
                    when = self.rng.randrange(3)   # at once, when the first connection is there, when both are
                    if when:
                        relay.wait(lambda links: len(links) >= 1, 'a connection')
                        if when == 2:
                            relay.wait(lambda links: any(link.greeted for link in links), 'a greeting')
                    for side, target in ways:
                        side.say(target)
                    for side in sides:
                        side.check(2 * BATCH)
                    links = relay.wait_settled()
                    count.add(links)
                    for side, target in ways:      # and it works
                        side.say(target)
                    for side in sides:
                        self.assertEqual(side.client.recv_n(BATCH), [[side.port, k] for k in range(2 * BATCH, 3 * BATCH)])
                        self.assertEqual(side.client.sync(), [])
                    relay.cut(reset=i % 3 == 0)
                    for side, target in ways:
                        side.check_end(target)
        print(f'two aempds{", with TLS" if tls else ""}: {count}; {time.monotonic() - began:.1f} s', flush=True)
        self.assertEqual(count.meetings, n)
        self.assertGreaterEqual(count.both_greeted, n // 2)

    def test_an_aempd_and_the_reference(self):
        """Which has no rule: it authenticates both and keeps the last one. Either node ID may be the larger."""
        self.meet_the_reference(MEETINGS // 2)

    def test_an_aempd_and_the_reference_with_tls(self):
        self.meet_the_reference(MEETINGS // 10, tls=True, settings={'cert': shared()})

    def meet_the_reference(self, n, tls=False, **options):
        with_tls = {'tls': Tls()} if tls else {}
        for ref_id in ('a', 'z'):
            count, began = Count(), time.monotonic()
            with Hub(**with_tls) as hub, Relay(SEED, tls=tls) as relay, Aempd('m', seeds=[hub.bind], **options) as d, \
                 Node(ref_id, **with_tls) as ref:
                hub.ways['m', ref_id] = relay.route('aempd to reference', ref.bind)
                ref.addresses['m'] = [relay.route('reference to aempd', d.binds[0])]
                side, port = Side(self, d, ref_id), ref.port()
                for i in range(n):
                    with self.subTest(reference=ref_id, meeting=i):
                        relay.begin(**self.modes(i))
                        del port.messages[:], ref.events[:]

                        def begin_there():
                            monitor = ref.mon(side.port_id)
                            for k in range(BATCH):
                                ref.snd(side.port_id, k)
                            return monitor
                        monitor = begin_there() if i % 2 else None
                        side.begin(port.id)
                        monitor = monitor or begin_there()
                        side.check(BATCH)
                        port.wait([BATCH - 1])
                        count.add(relay.wait_settled())
                        side.say(port.id)
                        port.wait([2 * BATCH - 1])
                        self.assertEqual(side.client.sync(), [])
                        self.assertEqual(port.messages, [[k] for k in range(2 * BATCH)])
                        self.assertIsNone(monitor.reason)
                        self.assertEqual([e.kind for e in ref.events if e.kind != 'refused'], ['up'])
                        relay.cut(reset=i % 3 == 0)
                        side.check_end(port.id)
                        self.assertEqual(monitor.wait()[0], 'transport_error')
                        ref.wait_event('down', 'm')
            print(f'an aempd and a node like the reference{", with TLS" if tls else ""}, {ref_id!r}: {count}; {time.monotonic() - began:.1f} s', flush=True)
            self.assertEqual(count.meetings, n)
            self.assertGreaterEqual(count.both_greeted, n // 2)

    def test_seeds_of_each_other_with_something_to_say(self):
        """Each tries the other as its seed, and at the same moment for a message too: up to four connections."""
        n_pairs, rounds, count = 8, max(6, MEETINGS // 125), Count()
        with concurrent.futures.ThreadPoolExecutor(n_pairs) as executor:
            for future in [executor.submit(self.meet_as_seeds, p, rounds, count) for p in range(n_pairs)]:
                future.result()
        print(f'seeds of each other, {n_pairs} pairs: {count}', flush=True)
        self.assertEqual(count.meetings, n_pairs * rounds)

    def meet_as_seeds(self, p, rounds, count):
        with Relay(SEED + p) as relay, contextlib.ExitStack() as stack:
            a, b = Aempd(f'a{p}'), Aempd(f'b{p}')
            a.seeds, b.seeds = [relay.route('a to b', b.binds[0])], [relay.route('b to a', a.binds[0])]
            relay.begin(together=2, shuffle=True)
            stack.enter_context(a)
            stack.enter_context(b)
            clients = []
            for d, other in ((a, f'b{p}'), (b, f'a{p}')):
                c = stack.enter_context(d.attach(framings=('cbor',)))
                c.send(['', 'nodes1'])
                self.assertEqual(c.recv(), ['', 'node', other, True])
                clients.append((c, c.port_name(), other))
            targets = [clients[k ^ 1][0].port_id(clients[k ^ 1][1]) for k in (0, 1)]
            relay.wait_settled()
            for i in range(rounds):
                relay.begin(together=3 + i % 2, shuffle=True)
                for c, port, other in clients:
                    self.assertIs(c.recv_until(['', 'node', other])[3], False)
                    c.answer_down(other)
                relay.wait(lambda links: links, 'a seed being tried')
                for k, (c, port, other) in enumerate(clients):
                    c.send(['', 'mon1', targets[k]], *([targets[k], n] for n in range(BATCH)))
                for c, port, other in clients:
                    got = c.recv_n(BATCH + 2)
                    self.assertEqual(sorted(got[:2]), sorted([['', 'node', other, True], ['', 'mon1', port]]))
                    self.assertEqual(got[2:], [[port, n] for n in range(BATCH)])
                count.add(relay.wait_settled())
                for c, port, other in clients:
                    self.assertEqual(c.sync(), [])


class Scripted(unittest.TestCase):
    """A peer that authenticates on both connections and keeps the one that was authenticated last, in each order there is."""

    def orders(self, first, second):
        """All ways to merge two lists."""
        if not first or not second:
            yield [*first, *second]
            return
        for rest in self.orders(first[1:], second):
            yield [first[0], *rest]
        for rest in self.orders(first, second[1:]):
            yield [second[0], *rest]

    def test_each_order(self):
        """out: its own connection to aempd; in: the one it accepts. It greets and authenticates on each as soon as it may."""
        orders = list(self.orders(['connect', 'greet out', 'auth out'], ['greet in', 'auth in']))
        self.assertEqual(len(orders), 10)
        for ref_id in ('a', 'z'):
            for order in orders:
                with self.subTest(id=ref_id, order=order), Listener() as listener:
                    with Hub() as hub, Aempd('m', seeds=[hub.bind]) as d, d.attach(framings=('cbor',)) as c:
                        hub.ways['m', ref_id] = listener.bind
                        hub.wait_message(['', 'g_slave', ANY])
                        self.play(d, c, listener, ref_id, order)

    def play(self, d, c, listener, ref_id, order):
        target = f'{ref_id}#p'
        c.send(['', 'mon1', target], *([target, i] for i in range(BATCH)))
        peers = {'in': listener.accept(node_id=ref_id), 'out': Peer(ref_id)}
        for p in peers.values():
            self.addCleanup(p.close)
        for step in order:
            verb, _, which = step.partition(' ')
            p = peers.get(which)
            try:
                if verb == 'connect':
                    peers['out'].connect(d.host, d.port)
                elif verb == 'greet':
                    p.send_greeting()
                    p.read_greeting()
                else:
                    p.send_auth()
                c.sync()
            except Closed:
                pass  # aempd has chosen the other one already

        established = []
        for which, p in peers.items():
            try:
                p.read_auth(0.3)
                established.append(which)
            except (Closed, aemp.peer.Timeout):
                pass
        self.assertEqual(len(established), 1, f'auth lines came on {established}')
        [which] = established
        loser = peers['in' if which == 'out' else 'out']
        p = peers[which]
        self.assertEqual(p.recv_n(BATCH + 1), [['', 'mon1', 'p'], *(['p', i] for i in range(BATCH))])
        self.assertIn(p.sync(), ([], [['', 'snd', 'm', '']]))  # asked whether it is alive, when the other one came late
        loser.wait_closed()
        self.assertEqual(c.sync(), [])
        c.send([target, 'after'])
        self.assertEqual(p.recv(), ['p', 'after'])

    def test_the_other_end_gives_one_up(self):
        """It closes the connection that aempd has sent its auth line on: then the other one goes on, and nothing is lost."""
        for ref_id in ('a', 'z'):
            with self.subTest(id=ref_id), Listener() as listener, Hub() as hub:
                with Aempd('m', seeds=[hub.bind]) as d, d.attach(framings=('cbor',)) as c:
                    hub.ways['m', ref_id] = listener.bind
                    hub.wait_message(['', 'g_slave', ANY])
                    target = f'{ref_id}#p'
                    c.send(['', 'mon1', target], *([target, i] for i in range(BATCH)))
                    with listener.accept(node_id=ref_id) as theirs, Peer(ref_id).connect(d.host, d.port) as ours:
                        for p in (theirs, ours):
                            p.send_greeting()
                            p.read_greeting()
                        theirs.read_line()         # its auth line is out
                        ours.send_auth()
                        c.sync()
                        theirs.close()
                        ours.read_auth()
                        self.assertEqual(ours.recv_n(BATCH + 1), [['', 'mon1', 'p'], *(['p', i] for i in range(BATCH))])
                        self.assertEqual(c.sync(), [])


if __name__ == '__main__':
    aemp.main()
