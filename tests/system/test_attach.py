# SPDX-License-Identifier: LGPL-2.1-or-later
"""The attach protocol (docs/attach.md), octet by octet over the real socket."""

import contextlib
import json
import os
import random
import select
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.harness import Aempd, AttachClient, AttachError
from aemp.peer import ANY, Closed, encode_message

FRAMINGS = ('cbor', 'json')
MIB = 1 << 20


def room(framing, head, limit):
    """How many 'x' make [head, 'xxx'] as large as that."""
    return next(limit - extra for extra in range(64) if
                len(encode_message(framing, [head, 'x' * (limit - extra)])) == limit)


class Attaching(unittest.TestCase):
    def raw(self, d, octets):
        c = AttachClient(d.socket_path, framings=FRAMINGS).connect()
        self.addCleanup(c.close)
        c.send_raw(octets)
        return c

    def test_answer(self):
        with Aempd('some/node.id') as d:
            c = self.raw(d, b'aemp-client;1;program;;json\n')
            line = c.read_line().decode()
            self.assertRegex(line, r'^aemp-client;1;some/node\.id;;json;prefix=[0-9A-Za-z]+\.1\.;max_message=16777216(;|$)')

    def test_lines(self):
        lines = {
            b'aemp-client;1;p;;cbor\n': 'cbor', b'aemp-client;1;p;;json\n': 'json', b'aemp-client;1;p;;json\r\n': 'json',
            b'aemp-client;1;p;;json,cbor\n': 'json', b'aemp-client;1;p;;cbor,json\n': 'cbor', b'aemp-client;1;p;;xml,json,cbor\n': 'json',
            b'aemp-client;1;p;;json;key=value;x;=;;\n': 'json', b'aemp-client;1;;;json\n': 'json', b'aemp-client;1;p;secret;json\n': 'json',
            b'aemp-client;1;' + b'p' * 1000 + b';;json\n': 'json', b'aemp-client;1;p;;json;x=' + b'y' * 4071 + b'\n': 'json'}
        with Aempd('x') as d:
            for line, framing in lines.items():
                with self.subTest(line=line[:60]):
                    self.assertLessEqual(len(line), 4096)
                    c = self.raw(d, line).read_attach()
                    self.assertEqual(c.framing, framing)
                    self.assertEqual(c.sync(), [])
                    c.close()

    def test_program_names(self):
        names = {'plain': 'plain', 'a;b%c': 'a;b%c', 'x' * 100: 'x' * 64, 'name with blanks': 'name with blanks'}
        with Aempd('x') as d:
            for name, shown in names.items():
                with self.subTest(name=name), d.attach(name) as c:
                    self.assertIn(shown, c.clients())
                    self.assertEqual(c.clients()[shown]['pid'], os.getpid())
                    self.assertEqual(c.clients()[shown]['uid'], os.getuid())
                    self.assertEqual(c.clients()[shown]['prefix'], c.prefix)

    def test_prefixes_are_never_used_again(self):
        with Aempd('x') as d:
            prefixes = set()
            for _ in range(3):
                for _ in range(10):
                    with d.attach() as a, d.attach() as b:
                        prefixes |= {a.prefix, b.prefix}
                d.stop()
                d.start()
            self.assertEqual(len(prefixes), 60)
            self.assertFalse(any(p != q and p.startswith(q) for p in prefixes for q in prefixes))

    def test_refusals(self):
        for line, what in {b'hello\n': 'attach socket', b'aemp-client;2;p;;json\n': 'version', b'aemp-client;1;p;;xml\n': 'framing'}.items():
            with self.subTest(line=line), Aempd('x') as d:
                c = self.raw(d, line)
                with self.assertRaisesRegex(AttachError, what):
                    c.read_attach()
                self.assertFalse(c.wait_closed().reset)

    def test_max_clients(self):
        with Aempd('x', settings={'max_clients': 3}) as d:
            clients = [d.attach(f'c{i}') for i in range(3)]
            for _ in range(3):
                c = AttachClient(d.socket_path).connect()
                with contextlib.suppress(Closed):
                    c.send_attach()
                with self.assertRaises((Closed, AttachError)):
                    c.read_attach()
                c.close()
            d.wait_log('max_clients')
            self.assertEqual(d.log().count('max_clients'), 1)
            clients[0].close()
            clients[1].wait_state(clients[1].status, lambda s: s['clients'] == 2)
            with d.attach('late') as c:
                self.assertEqual(c.sync(), [])
                self.assertEqual(set(c.clients()), {'c1', 'c2', 'late'})
            for c in clients:
                c.close()

    def test_who_does_not_attach_counts_too(self):
        """Somebody who only connects has a place for as long as handshake_timeout."""
        with Aempd('x', settings={'max_clients': 2, 'handshake_timeout': 0.3}) as d:
            idle = [AttachClient(d.socket_path).connect() for _ in range(2)]
            for c in idle:
                with self.assertRaisesRegex(AttachError, 'time'):
                    c.read_attach()
                c.wait_closed()
                c.close()
            with d.attach() as c:
                self.assertEqual(c.sync(), [])

    def test_the_socket_is_gone_after_the_end(self):
        with Aempd('x') as d:
            with d.attach() as c:
                d.stop()
                c.wait_closed()
            self.assertFalse(os.path.exists(d.socket_path))
            d.start()
            d.kill9()
            self.assertTrue(os.path.exists(d.socket_path))
            d.start()
            with d.attach() as c:
                self.assertEqual(c.sync(), [])

    def test_a_running_aempd_keeps_its_socket(self):
        with Aempd('x') as d, Aempd('y') as other:
            other.stop()
            other.socket_path = d.socket_path
            other.start(ready=False)
            self.assertEqual(other.wait(), 1)
            other.wait_log('another aempd') if other.running() else self.assertIn('another aempd', other.log())
            with d.attach() as c:
                self.assertEqual(c.node_id, 'x')


class Pieces(unittest.TestCase):
    """The stream may be cut anywhere."""

    def script(self, framing, target):
        """What a client sends: its line, and messages of all kinds. The target is told each of them."""
        messages = [[target, 'first', 1], [], [target, 'ä€😀', -1.5, None, True, [[], {}], {'k': [{'k': 'v'}]}],
                    ['', 'snd', target, 'relayed'], [target, 'x' * 70, 2**64 - 1], ['', 'devnull', [1, {'a': 'b'}]], [target, 'last']]
        octets = f'aemp-client;1;piece;;{framing}\n'.encode()
        for m in messages:
            octets += encode_message(framing, m)
            if framing == 'json':
                octets += b' \r\n\t'
        return octets, [['first', 1], messages[2][1:], ['relayed'], messages[4][1:], ['last']]

    def check(self, target, port, expected):
        for m in expected:
            self.assertEqual(target.recv(), [port, *m])

    def cut(self, framing, cuts_of):
        with Aempd('x') as d, d.attach(framings=('cbor',)) as target, d.attach() as barrier:
            port = target.port_name()
            octets, expected = self.script(framing, target.port_id(port))
            for cuts in cuts_of(len(octets)):
                with AttachClient(d.socket_path, 'piece', framings=(framing,)).connect() as c:
                    for begin, end in zip([0, *cuts], [*cuts, len(octets)]):
                        c.send_raw(octets[begin:end])
                        if end < len(octets):
                            barrier.sync()  # by now aempd has read this piece
                    c.read_attach()
                    self.check(target, port, expected)
                    self.assertEqual(c.sync(), [])
            self.assertEqual(target.sync(), [])

    def test_all_at_once(self):
        for framing in FRAMINGS:
            with self.subTest(framing):
                self.cut(framing, lambda n: [[]])

    def test_at_each_octet(self):
        """In two pieces, whatever the place."""
        for framing in FRAMINGS:
            with self.subTest(framing):
                self.cut(framing, lambda n: [[i] for i in range(1, n)])

    def test_octet_by_octet(self):
        for framing in FRAMINGS:
            with self.subTest(framing):
                self.cut(framing, lambda n: [list(range(1, n))])

    def test_by_chance(self):
        for framing in FRAMINGS:
            for seed in range(20):
                with self.subTest(framing=framing, seed=seed):
                    rng = random.Random(seed)
                    self.cut(framing, lambda n: [sorted(rng.sample(range(1, n), rng.randrange(1, 12)))])

    def test_white_space(self):
        with Aempd('x') as d, d.attach() as c:
            port = c.port_name()
            address = json.dumps(c.port_id(port)).encode()
            c.send_raw(b' \n\r\t[' + address + b',1][\n' + address + b'\r,\t2 ]\n\n\n\n[ ' + address + b' , 3 ] []  [ ]')
            self.assertEqual(c.recv_n(3), [[port, 1], [port, 2], [port, 3]])
            self.assertEqual(c.sync(), [])

    def test_a_client_that_ends_within_a_message(self):
        for framing in FRAMINGS:
            with self.subTest(framing), Aempd('x') as d, d.attach() as target:
                port = target.port_name()
                whole = encode_message(framing, [target.port_id(port), 'whole', {'k': [1, 'x']}])
                for end in range(len(whole)):
                    with d.attach(framings=(framing,)) as c:
                        c.send_raw(encode_message(framing, [target.port_id(port), end]) + whole[:end])
                        c.half_close()
                        c.wait_closed()
                    self.assertEqual(target.recv(), [port, end])
                self.assertEqual(target.sync(), [])


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
            cases = [(['', 'can', 'mon1', port, 'c'], ['c', '1']), (['', 'can', 'nosuch', port], ['']), (['', 'eval', '1', port, 'e'], ['e', ANY]),
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
            a.send([b.port_id(b.port_name('p')), 'last words'], ['', 'kil0', port, 'why', 1], [b.port_id(b.port_name('p')), 'later'])
            self.assertEqual(b.recv_n(3), [[b.port_name('p'), 'last words'], ['', 'kil0', a.port_id(port), 'why', 1], [b.port_name('p'), 'later']])
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
                                           'half_open'})
            self.assertEqual(set(status['counters']), {
                'from_clients', 'from_peers', 'to_clients', 'to_peers', 'no_such_port', 'dropped_down', 'dropped_queued', 'monitors_fired',
                'refused', 'unknown_requests', 'auth_failed', 'protocol_errors', 'nodes_up', 'nodes_down'})
            self.assertEqual([status[k] for k in ('version', 'node', 'binds', 'pid', 'clients', 'nodes', 'seeds', 'half_open')],
                             [1, 'x', d.binds, d.pid, 2, 1, [], 0])
            node = c.nodes()['n']
            self.assertEqual(set(node), {'node', 'state', 'address', 'since', 'incoming', 'reason', 'queued', 'monitors', 'watching',
                                         'received', 'sent', 'provider'})
            self.assertEqual([node[k] for k in ('state', 'address', 'incoming', 'reason', 'monitors', 'watching', 'provider')],
                             ['up', p.address, True, None, 1, 1, 'PY-1'])
            first, second = c.clients()['first'], c.clients()['second']
            self.assertEqual(set(first), {'client', 'program', 'pid', 'uid', 'gid', 'prefix', 'framing', 'since', 'queued', 'monitors',
                                          'watched', 'received', 'sent', 'unanswered_downs'})
            self.assertEqual([first[k] for k in ('client', 'pid', 'framing', 'monitors', 'watched')], [1, os.getpid(), 'cbor', 1, 0])
            self.assertEqual([second[k] for k in ('client', 'framing', 'monitors', 'watched', 'unanswered_downs')], [2, 'json', 0, 1, 0])
            p.close()
            c.recv_until(['', 'down', 'n'])
            self.assertEqual(c.clients()['first']['unanswered_downs'], 1)
            self.assertEqual(c.nodes()['n']['state'], 'down')
            self.assertEqual(c.nodes()['n']['reason'], ['transport_error', 'n', 'Unexpected end-of-file'])


class Limits(unittest.TestCase):
    def test_monitors(self):
        """Who may not have another monitor is told so by its end, at once."""
        with Aempd('x', settings={'max_monitors': 3}) as d, d.attach() as c, d.attach() as other, d.peer('n') as p:
            ports = [other.port_id(other.port_name()) for _ in range(2)] + ['n#a', 'n#b', other.port_id(other.port_name())]
            c.mon(*ports)
            self.assertEqual(c.sync(), [['', 'kil0', port, 'limit', ANY] for port in ports[3:]])
            self.assertEqual(p.sync(), [['', 'mon1', 'a']])
            c.send(['', 'mon0', ports[0]])
            c.mon(ports[4])
            self.assertEqual(c.sync(), [])
            p.send(*(['', 'mon1', other.port_name(f'q{i}')] for i in range(5)))
            self.assertEqual([m[:4] for m in p.sync()], [['', 'kil0', other.port_name(f'q{i}'), 'limit'] for i in (3, 4)])

    def test_contacts(self):
        with Aempd('x', settings={'max_contacts': 2}) as d, d.attach() as c, contextlib.ExitStack() as stack:
            peers = [stack.enter_context(d.peer(f'n{i}')) for i in range(3)]
            for i in range(3):
                c.send([f'n{i}#p', i])
            c.mon('n2#p')
            got = c.sync()
            self.assertEqual(got[0], ['', 'refused', 'snd', 'limit', ANY, 'n2#p'])
            self.assertEqual(got[1:], [['', 'kil0', 'n2#p', 'limit', ANY]])
            self.assertEqual([p.sync() for p in peers], [[['p', 0]], [['p', 1]], []])

    def test_messages_up_to_max_message(self):
        limit = 100000
        for framing in FRAMINGS:
            with self.subTest(framing), Aempd('x', settings={'max_message': limit}) as d, d.attach(framings=(framing,)) as c:
                self.assertEqual(c.max_message, limit)
                port = c.port_name()
                n = room(framing, c.port_id(port), limit)
                c.send([c.port_id(port), 'x' * n])
                self.assertEqual(c.recv(), [port, 'x' * n])
                for octets in (encode_message(framing, [c.port_id(port), 'x' * (n + 1)]),
                               encode_message(framing, [c.port_id(port), 'x' * (n + 1)])[:limit + 1]):
                    with d.attach('large', framings=(framing,)) as e:
                        with contextlib.suppress(Closed):
                            e.send_raw(octets)
                        self.assertEqual(e.recv_all(), [['', 'refused', '', 'protocol', ANY]])
                d.wait_log(r'large\[\d+\].*max_message', count=2)
                self.assertEqual(c.sync(), [])

    def test_messages_of_the_usual_size_limit(self):
        """16 MiB, from one node to another and back."""
        with Aempd('x') as x, Aempd('y', seeds=x.binds) as y, x.attach(framings=('cbor',)) as c, y.attach(framings=('cbor',)) as e:
            e.send(['', 'nodes1'])
            self.assertEqual(e.recv(), ['', 'node', 'x', True])
            n = room('cbor', e.port_id(e.port_name('p')), c.max_message)
            for source, target in ((c, e), (e, c)):
                source.send([target.port_id(target.port_name('p')), 'x' * n])
                m = target.recv()
                self.assertEqual((m[0], len(m[1])), (target.port_name('p'), n))
                self.assertEqual(source.sync() + target.sync(), [])

    def test_a_message_that_a_peer_does_not_take(self):
        """It may have another max_message than we. Nobody promises that it arrives; then the monitor fires."""
        with Aempd('x', settings={'max_message': 2000}) as x, Aempd('y', seeds=x.binds) as y, x.attach() as c, y.attach() as e:
            e.send(['', 'nodes1'])
            self.assertEqual(e.recv(), ['', 'node', 'x', True])
            port = c.port_name()
            e.mon(c.port_id(port))
            e.send([c.port_id(port), 'small'], [c.port_id(port), 'x' * 3000], [c.port_id(port), 'behind it'])
            self.assertEqual(c.recv_n(2), [['', 'mon1', port], [port, 'small']])
            self.assertEqual(e.recv()[:5], ['', 'kil0', c.port_id(port), 'transport_error', 'x'])
            x.wait_log('y at .*max_message')

    def test_deep_messages(self):
        for framing, head, tail in (('cbor', b'\x81', b''), ('json', b'[', b']')):
            with self.subTest(framing), Aempd('x') as d, d.attach(framings=('cbor',)) as target:
                port = target.port_name()
                address = encode_message(framing, target.port_id(port))
                begin, end = (b'\x82' + address, b'') if framing == 'cbor' else (b'[' + address + b',', b']')
                with d.attach(framings=(framing,)) as c:
                    c.send_raw(begin + head * 511 + (b'\xf6' if framing == 'cbor' else b'null') + tail * 511 + end)
                    self.assertEqual(target.recv()[0], port)
                    c.send_raw(begin + head * 512)
                    self.assertEqual(c.recv_all(), [['', 'refused', '', 'protocol', ANY]])
                    d.wait_log('too deep')


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
