# SPDX-License-Identifier: LGPL-2.1-or-later
"""The attach protocol (docs/attach.md): messages, monitors, requests, the end."""

import contextlib
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.harness import Aempd
from aemp.peer import ANY


FRAMINGS = ('cbor', 'json')
MIB = 1 << 20


class Messages(unittest.TestCase):
    def test_to_itself(self):
        """Its own ports, its own node port by each of its names, and the barrier."""
        for framing in FRAMINGS:
            with self.subTest(framing), Aempd('x') as d, d.attach(framings=(framing,)) as c:
                port = c.port_name()
                c.send([c.port_id(port), 'mine', c.port_id(port)])
                self.assertEqual(c.recv(), [port, 'mine', c.port_id(port)])
                for node_port in ('', 'x', 'x#', None):
                    c.send([node_port, 'time', c.port_id(port), 't'])
                    m = c.recv()
                    self.assertEqual(m[:2], [port, 't'])
                    self.assertAlmostEqual(m[2], time.time(), delta=10)

    def test_names_of_ports(self):
        """The prefix and one or more characters, at most 255 octets in all. Others are of nobody."""
        with Aempd('x') as d, d.attach() as c, d.attach() as other:
            for name in ('a', '!"$%&()*+,-./:;<=>?@[]^_`{|}~', '#', 'a#b', ' ', '0' * (255 - len(c.prefix))):
                with self.subTest(name=name):
                    other.send([c.port_id(c.prefix + name), 1])
                    self.assertEqual(c.recv(), [c.prefix + name, 1])
            before = c.status()['counters']['no_such_port']
            bad = [c.prefix, c.prefix[:-1], c.prefix.rsplit('.', 2)[0] + '.99.a', c.prefix.replace('.1.', '.01.') + 'a', 'nosuch', 'a']
            other.send(*([f'x#{name}', 1] for name in bad))
            other.sync()
            self.assertEqual(c.sync(), [])
            self.assertEqual(c.status()['counters']['no_such_port'] - before, len(bad))

    def test_requests_with_replies(self):
        with Aempd('x') as d, d.attach() as c:
            port = c.port_id(c.port_name('p'))
            cases = [(['', 'can', 'mon1', port, 'c'], ['c', '1']), (['', 'can', 'nosuch', port], ['']),
                     (['', 'eval', '1', port, 'e'], ['e', ANY]),
                     (['', 'snd', port, 1, 2], [1, 2]), (['', 'relay', port, 'r'], ['r']), (['x', 'snd', 'x', 'snd', port, 'far'], ['far'])]
            for request, reply in cases:
                with self.subTest(request=request):
                    c.send(request)
                    self.assertEqual(c.recv(), [c.port_name('p'), *reply])
            for request in (['', ''], ['', 'devnull', 1], ['', 'time'], ['', 'can', 'x'], ['', 'eval', 'x'], [''], []):
                with self.subTest(request=request):
                    c.send(request)
                    self.assertEqual(c.sync(), [])

    def test_several_clients_on_two_aempds(self):
        """Everybody to everybody, a thousand messages each; each pair's messages stay in order."""
        n, rounds = 4, 50
        with Aempd('x') as x, Aempd('y', seeds=x.binds) as y, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(d.attach(framings=(FRAMINGS[i % 2],))) for d in (x, y) for i in range(n)]
            ports = [c.port_name() for c in clients]
            ids = [c.port_id(port) for c, port in zip(clients, ports)]
            clients[-1].send(['', 'nodes1'])
            self.assertEqual(clients[-1].recv(), ['', 'node', 'x', True])
            for k in range(rounds):
                for i, c in enumerate(clients):
                    c.send(*([to, i, k, 'x' * (k * 10)] for to in ids))
            for c, port in zip(clients, ports):
                got = c.recv_n(len(clients) * rounds)
                for i in range(len(clients)):
                    self.assertEqual([m[2] for m in got if m[1] == i], list(range(rounds)))
                self.assertEqual({m[0] for m in got}, {port})
            for c in clients:
                self.assertEqual(c.sync(), [])

    def test_monitors_on_one_node(self):
        with Aempd('x') as d, d.attach() as a, d.attach() as b, d.attach() as c:
            port = a.port_name()
            for watcher in (b, c):
                watcher.mon(a.port_id(port))
                watcher.mon(a.port_id(port))
                self.assertEqual(watcher.sync(), [])
            self.assertEqual(a.sync(), [['', 'mon1', port]])
            to = b.port_name('p')
            a.send([b.port_id(to), 'last words'], ['', 'kil0', port, 'why', 1], [b.port_id(to), 'later'])
            self.assertEqual(b.recv_n(3), [[to, 'last words'], ['', 'kil0', a.port_id(port), 'why', 1], [to, 'later']])
            self.assertEqual(c.recv(), ['', 'kil0', a.port_id(port), 'why', 1])

            port = a.port_name()
            a.mon(a.port_id(port), port)                          # its own, by ID and by name
            self.assertEqual(a.sync(), [['', 'mon1', port]])
            b.send(['', 'kil1', a.port_id(port), 'please'])
            self.assertEqual(a.recv(), ['', 'kil1', port, 'please'])
            a.send(['', 'kil0', port, 'please'])
            self.assertEqual(a.recv(), ['', 'kil0', a.port_id(port), 'please'])

            port = a.port_name()
            b.mon(a.port_id(port))
            b.send(['', 'mon0', a.port_id(port)])
            b.sync()
            self.assertEqual(a.sync(), [['', 'mon1', port], ['', 'mon0', port]])

            b.mon('x#nosuch', f'x#{a.prefix}', 'x', '')           # of node ports of one's own there is nothing to tell
            self.assertEqual(b.sync(), [['', 'kil0', f'x#{name}', 'no_such_port', 'cannot monitor nonexistent port', f'x#{name}']
                                        for name in ('nosuch', a.prefix)])

    def test_how_a_client_ends(self):
        for framing in FRAMINGS:
            with self.subTest(framing), Aempd('x') as x, Aempd('y', seeds=x.binds) as y:
                with x.attach() as near, y.attach() as far:
                    far.send(['', 'nodes1'])
                    self.assertEqual(far.recv(), ['', 'node', 'x', True])
                    for end, reason in (('close', ['detached', 'ending', os.getpid()]), ('bye', [])):
                        with x.attach('ending', framings=(framing,)) as c:
                            port = c.port_name()
                            for watcher in (far, near):
                                watcher.mon(c.port_id(port))
                                watcher.sync()
                            self.assertEqual(c.recv(), ['', 'mon1', port])
                            c.send([near.port_id(near.port_name('p')), 'last'], [far.port_id(far.port_name('p')), 'last'])
                            if end == 'bye':
                                c.send(['', 'bye'], [near.port_id(near.port_name('p')), 'ignored'], ['', 'nosuch'])
                                self.assertEqual(c.recv_all(), [])
                            else:
                                c.close()
                            for watcher in (near, far):
                                self.assertEqual(watcher.recv_n(2), [[watcher.port_name('p'), 'last'],
                                                                     ['', 'kil0', c.port_id(port), *reason]])
                    self.assertEqual(near.sync() + far.sync(), [])

    def test_bye_with_much_that_waits(self):
        """What waits for the client is written before aempd closes."""
        with Aempd('x', settings={'client_high': 64 * MIB}) as d, d.attach('slow', framings=('cbor',)) as c, d.attach() as source:
            port = c.port_name()
            n = 300
            for i in range(n):
                source.send([c.port_id(port), i, 'x' * 100000])
            self.assertEqual(source.sync(), [])
            self.assertGreater(source.clients()['slow']['queued'], MIB)
            c.send(['', 'bye'])
            self.assertEqual([m[1] for m in c.recv_all() if m[0] == port], list(range(n)))

    def test_nodes(self):
        with Aempd('x') as d, d.attach() as c:
            c.send(['', 'nodes1'])
            self.assertEqual(c.sync(), [])
            with d.peer('n') as p:
                self.assertEqual(c.recv(), ['', 'node', 'n', True])
                c.send(['', 'nodes1'])                            # starts over
                self.assertEqual(c.recv(), ['', 'node', 'n', True])
                p.close()
                self.assertEqual(c.recv(), ['', 'node', 'n', False, 'transport_error', 'n', 'Unexpected end-of-file'])
            with d.peer('n'):
                self.assertEqual(c.recv(), ['', 'node', 'n', True])
                c.send(['', 'nodes0'])
                c.sync()
            with d.attach() as other:
                other.wait_state(other.status, lambda s: s['nodes'] == 0)
            self.assertEqual(c.sync(), [])

    def test_operations(self):
        """The keys of docs/attach.md, section 5, and what is in them after some traffic."""
        with Aempd('x') as d, d.attach('first', framings=('cbor',)) as c, d.attach('second') as e, d.peer('n') as p:
            c.send(['n#p', 1], ['', 'mon1', 'n#p'])
            p.send(['', 'mon1', e.port_name('p')])
            p.sync()
            self.assertEqual(e.recv(), ['', 'mon1', e.port_name('p')])
            status = c.status()
            self.assertEqual(set(status), {'version', 'aempd', 'node', 'binds', 'pid', 'uptime', 'clients', 'nodes', 'seeds', 'counters',
                                           'half_open', 'certificate', 'names', 'functions', 'refused'})
            self.assertEqual(set(status['counters']), {
                'from_clients', 'from_peers', 'to_clients', 'to_peers', 'no_such_port', 'dropped_down', 'dropped_queued', 'monitors_fired',
                'refused', 'unknown_requests', 'auth_failed', 'handshakes_failed', 'handshakes_displaced', 'turned_away', 'protocol_errors',
                'nodes_up', 'nodes_down'})
            self.assertEqual([status[k] for k in ('version', 'node', 'binds', 'pid', 'clients', 'nodes', 'seeds', 'half_open', 'certificate')],
                             [1, 'x', d.binds, d.pid, 2, 1, [], 0, None])
            self.assertEqual([status['names'], status['functions']], [{}, {}])
            node = c.nodes()['n']
            self.assertEqual(set(node), {'node', 'state', 'address', 'since', 'incoming', 'reason', 'queued', 'monitors', 'watching',
                                         'received', 'sent', 'provider', 'tls', 'cipher', 'certificate', 'auth', 'auth_sent', 'framing',
                                         'framing_sent'})
            self.assertEqual([node[k] for k in ('state', 'address', 'incoming', 'reason', 'monitors', 'watching', 'provider')],
                             ['up', p.address, True, None, 1, 1, 'PY-1'])
            self.assertEqual([node[k] for k in ('tls', 'cipher', 'certificate')], [None, None, None])
            first, second = c.clients()['first'], c.clients()['second']
            self.assertEqual(set(first), {'client', 'program', 'pid', 'uid', 'gid', 'prefix', 'framing', 'since', 'queued', 'monitors',
                                          'watched', 'spawned', 'names', 'functions', 'received', 'sent', 'unanswered_downs'})
            self.assertEqual([first[k] for k in ('client', 'pid', 'framing', 'monitors', 'watched')], [1, os.getpid(), 'cbor', 1, 0])
            self.assertEqual([second[k] for k in ('client', 'framing', 'monitors', 'watched', 'unanswered_downs')], [2, 'json', 0, 1, 0])
            p.close()
            c.recv_until(['', 'down', 'n'])
            self.assertEqual(c.clients()['first']['unanswered_downs'], 1)
            self.assertEqual(c.nodes()['n']['state'], 'down')
            self.assertEqual(c.nodes()['n']['reason'], ['transport_error', 'n', 'Unexpected end-of-file'])


if __name__ == '__main__':
    aemp.main()
