# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempd and one other node: the handshake, in both roles."""

import os
import re
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp import cbor
from aemp.harness import Aempd
from aemp.peer import ANY, Listener, Peer, Timeout


class Accepts(unittest.TestCase):
    """Others connect to aempd."""

    def test_greeting(self):
        with Aempd('x') as d, d.connect() as p:
            p.read_line()  # it does not wait for ours
            p.r1, p.r2 = None, p.read_line()
            with d.connect() as q:
                q.send_greeting()
                remote = q.read_greeting()
                self.assertEqual((remote.protocol, remote.version, remote.node_id), ('aemp', '1', 'x'))
                self.assertEqual((remote.auth, remote.framings), (['hmac_sha3_512'], ['cbor', 'json']))
                self.assertEqual(remote.keys, {'provider': ANY, 'mproto': '1', 'aempd': '1', 'aempd_start': ANY, 'peeraddr': q.address})
                self.assertRegex(remote.keys['provider'], r'^aempd-\d+\.\d+\.\d+$')
                self.assertRegex(q.r2, rb'^[0-9A-Za-z]{88}$')
                self.assertNotEqual(q.r2, p.r2)

    def test_who_connected_authenticates_first(self):
        with Aempd('x') as d, d.connect() as p:
            p.send_greeting()
            p.read_greeting()
            with self.assertRaises(Timeout):
                p.read_line(0.1)
            p.send_auth()
            p.read_auth()
            self.assertEqual(p.sync(), [])

    def test_pieces(self):
        """Octet by octet, with CR LF; and the auth line with the first messages in one segment."""
        with Aempd('x') as d, d.connect() as p:
            p.l1 = p.make_greeting()
            for octet in p.l1 + b'\r\n' + p.l2 + b'\r\n':
                p.send_raw(bytes([octet]))
            p.read_greeting()
            p.l3 = p.make_auth()
            p.send_raw(p.l3 + b'\r\n' + cbor.encode(['', 'time', 'peer#a']) + cbor.encode(['', 'time', 'peer#b']))
            p.read_auth()
            self.assertEqual([m[0] for m in p.recv_n(2)], ['a', 'b'])

    def test_greetings_that_are_all_right(self):
        for name, options in {
                'empty nonce': {'nonce': b''},
                'any octets in the nonce': {'nonce': bytes(set(range(256)) - set(b'\r\n'))},
                'unknown methods and framings': {'auth_accept': ('x', 'hmac_sha3_512', 'tls_anon'), 'framings': ('y', 'cbor')},
                'unknown keys': {'keys': {'what': 'ever;%', 'provider': 'AE-2.01', 'mproto': '2'}},
                'no keys': {'keys': {}},
                'a node ID with everything': {'node_id': 'aZ09_-.:/'},
                'a number for a node ID': {'node_id': '7'},
                'the longest node ID': {'node_id': 'n' * 255}}.items():
            with self.subTest(name), Aempd('x') as d, d.attach() as c, d.connect(**options) as p:
                p.handshake()
                self.assertEqual(p.sync(), [])
                self.assertEqual(c.nodes()[p.node_id]['state'], 'up')

    def test_the_longest_line(self):
        with Aempd('x') as d, d.connect() as p:
            p.greeting = p.make_greeting()
            p.greeting += b';x=' + b'y' * (4095 - len(p.greeting) - 3)
            p.handshake()
            self.assertEqual(len(p.l1) + 1, 4096)
            self.assertEqual(p.sync(), [])

    def test_several_nodes(self):
        with Aempd('x') as d, d.attach() as c:
            peers = [d.peer(f'n{i}') for i in range(20)]
            for i, p in enumerate(peers):
                c.send([f'n{i}#p', 'hello', i])
            for i, p in enumerate(peers):
                self.assertEqual(p.recv(), ['p', 'hello', i])
            self.assertEqual(set(c.nodes()), {f'n{i}' for i in range(20)})
            for p in peers:
                p.close()

    def test_signs_of_life(self):
        """One whenever nothing else was sent for a while; a peer that sends none, as the reference does, is not suspected."""
        with Aempd('x', settings={'heartbeat_interval': 0.2, 'monitor_timeout': 1}) as d, d.attach() as c, d.peer('peer') as p:
            p.skip_keepalives = False
            c.mon('peer')
            began = time.monotonic()
            while time.monotonic() - began < 1.5:
                before = time.monotonic()
                self.assertEqual(p.recv(), ['', ''])
                self.assertGreater(time.monotonic() - before, 0.1)
            self.assertGreaterEqual(len(p.messages), 5)
            self.assertEqual(c.sync(), [])

    def test_ipv6(self):
        with Aempd('x', binds=['[::1]:0', '127.0.0.1:0']) as d, d.attach() as c, d.peer('six') as p:
            self.assertTrue(p.address.startswith('[::1]:'))
            self.assertEqual(p.remote.keys['peeraddr'], p.address)
            self.assertEqual(c.nodes()['six']['address'], p.address)
            self.assertEqual(sorted(c.status()['binds']), sorted(d.binds))
            with Peer('four').connect('127.0.0.1', int(d.binds[1].rpartition(':')[2])) as q:
                q.handshake()
                self.assertEqual(q.sync(), [])


class Connects(unittest.TestCase):
    """aempd connects to its seed."""

    def seed(self, listener, **options):
        p = listener.accept(timeout=None, **{'node_id': 'seed', **options})
        self.addCleanup(p.close)
        return p

    def test_handshake(self):
        with Listener() as listener, Aempd('x', seeds=[listener.bind]) as d, d.attach() as c:
            p = self.seed(listener)
            p.send_raw(b'')
            p.r1 = p.read_line()  # it greets without waiting
            p.r2 = p.read_line()
            p.remote = aemp.handshake.parse_greeting(p.r1)
            p.send_greeting()
            p.read_auth()         # and who connected authenticates first
            p.send_auth()
            self.assertEqual(p.recv(), ['', 'g_slave', {"'l": {'x': d.binds}}])
            self.assertEqual(p.sync(), [])
            status = c.status()
            self.assertEqual(status['seeds'], [{'address': listener.bind, 'node': 'seed', 'connected': True, 'reason': None}])
            self.assertIs(c.nodes()['seed']['incoming'], False)

    def test_everything_in_one_segment_but_what_depends_on_it(self):
        with Listener() as listener, Aempd('x', seeds=[listener.bind]) as d, d.attach() as c:
            p = self.seed(listener)
            p.r1, p.r2 = p.read_line(), p.read_line()
            p.remote = aemp.handshake.parse_greeting(p.r1)
            p.l1 = p.make_greeting()
            p.l3 = p.make_auth()
            port = c.port_name()
            p.send_raw(p.l1 + b'\n' + p.l2 + b'\n' + p.l3 + b'\n' + cbor.encode([port, 'first']))
            self.assertEqual(c.recv(), [port, 'first'])
            p.read_auth()
            self.assertEqual(p.recv()[:2], ['', 'g_slave'])

    def test_ipv6_and_names(self):
        for host, seed in (('::1', '[::1]'), ('127.0.0.1', 'localhost')):
            with self.subTest(seed), Listener(host) as listener:
                with Aempd('x', seeds=[f'{seed}:{listener.port}']) as d, d.attach() as c:
                    p = self.seed(listener).handshake()
                    self.assertEqual(p.recv()[:2], ['', 'g_slave'])
                    self.assertIn({'address': listener.bind, 'node': 'seed', 'connected': True, 'reason': None}, c.status()['seeds'])

    def test_the_name_of_a_bind(self):
        with Aempd('y', binds=['localhost:0']) as y, Aempd('x', seeds=[y.binds[0]]) as x, x.attach() as c:
            c.send(['', 'nodes1'])
            self.assertEqual(c.recv(), ['', 'node', 'y', True])
            self.assertIn('127.0.0.1', y.log())
            self.assertNotIn('connection refused', x.log() + y.log())

    def test_a_seed_with_the_wrong_secret(self):
        with Listener() as listener, Aempd('x', seeds=[listener.bind]) as d:
            p = self.seed(listener, secret='other')
            p.send_greeting()
            p.read_greeting()
            p.send_auth()
            p.wait_closed()
            d.wait_log(f'connection refused: seed at {listener.bind}: .*secret')
            p = self.seed(listener)  # it tries again
            p.handshake()
            self.assertEqual(p.recv()[:2], ['', 'g_slave'])

    def test_a_seed_that_is_not_there_yet(self):
        with Listener() as listener:
            bind, port = listener.bind, listener.port
        with Aempd('x', seeds=[bind]) as d:
            d.wait_log(f"can't connect to seed: {bind}")
            with Listener(port=port) as listener:
                self.seed(listener).handshake()
                d.wait_log(f'node is up: seed at {bind}')
                self.assertEqual(len(re.findall("can't connect", d.log())), 1)

    def test_itself_as_seed(self):
        with Aempd('x') as d:
            d.stop()
            d.seeds = [d.binds[0]]
            d.start()
            d.wait_log(f'seed is this node: x at {d.binds[0]}')
            with d.attach() as c:
                self.assertEqual(c.status()['seeds'], [{'address': d.binds[0], 'node': 'x', 'connected': True, 'reason': None}])
                c.wait_state(c.status, lambda s: s['half_open'] == 0)

    def test_several_seeds(self):
        with Listener() as first, Listener() as second, Aempd('x', seeds=[first.bind, second.bind]) as d:
            p = self.seed(first, node_id='s1').handshake()
            self.assertEqual(p.recv()[:2], ['', 'g_slave'])
            q = self.seed(second, node_id='s2').handshake()
            self.assertEqual(q.sync(), [])  # has a master already
            p.close()
            self.assertEqual(q.recv()[:2], ['', 'g_slave'])

    def test_a_lost_seed_is_tried_again(self):
        with Listener() as listener, Aempd('x', seeds=[listener.bind]) as d, d.attach() as c:
            for i in range(2):
                p = self.seed(listener).handshake()
                p.recv_until(['', 'g_slave'])
                c.send(['seed#p', i])
                self.assertEqual(p.recv(), ['p', i])
                p.close()
                self.assertEqual(c.recv(), ['', 'down', 'seed', 'transport_error', 'seed', ANY])
                c.answer_down('seed')


if __name__ == '__main__':
    aemp.main()
