# SPDX-License-Identifier: LGPL-2.1-or-later
"""The scripted peer and the node that behaves as the reference, against each other over loopback."""

import socket
import threading
import time
import unittest

import aemp
from aemp.cbor import Raw, Tag, Text
from aemp.handshake import HandshakeError
from aemp.node import Node
from aemp.peer import ANY, Closed, Listener, Peer, ProtocolError, Timeout
from aemp.tls import SHARED, Tls


class Case(unittest.TestCase):
    def node(self, *args, **options):
        node = Node(*args, **options)
        self.addCleanup(node.stop)
        return node

    def pair(self, **options):
        """Two nodes that know each other's address."""
        a, b = self.node('a', **options), self.node('b', **options)
        a.addresses['b'], b.addresses['a'] = [b.bind], [a.bind]
        return a, b

    def peer(self, node, *args, **options):
        host, port = node.bind.split(':')
        peer = Peer(*args, **options).connect(host, int(port))
        self.addCleanup(peer.close)
        return peer

    def dead_bind(self):
        with Listener() as listener:
            return listener.bind


class TwoNodes(Case):
    def test_ping_pong(self):
        for framing in ('cbor', 'json'):
            with self.subTest(framing):
                a, b = self.pair(framings=(framing,))
                pong = b.port(lambda port, tag, reply_to, n: b.snd(reply_to, 'pong', n + 1))
                ping = a.port()
                a.snd(pong.id, 'ping', ping.id, 41)
                self.assertEqual(ping.wait(['pong']), ['pong', 42])
                self.assertEqual(a.wait_up('b').peer.remote_auth.framing, framing)
                self.assertEqual([e.kind for e in a.events], ['up'])
                a.stop()

    def test_messages_before_the_connection_are_kept_in_order(self):
        a, b = self.pair()
        port = b.port()
        for i in range(500):
            a.snd(port.id, i)
        port.wait([499])
        self.assertEqual(port.messages, [[i] for i in range(500)])

    def test_much_in_both_directions_at_once(self):
        a, b = self.pair()
        ports = [node.port() for node in (a, b)]
        a.connect(b.bind)
        b.wait_up('a')
        a.wait_up('b')
        for i in range(2000):
            a.snd(ports[1].id, i, 'x' * 1000)
            b.snd(ports[0].id, i, 'x' * 1000)
        for port in ports:
            port.wait([1999])
            self.assertEqual([m[0] for m in port.messages], list(range(2000)))

    def test_monitor_fires_when_the_port_dies(self):
        a, b = self.pair()
        port, seen = b.port(), []
        m = a.mon(port.id, lambda *reason: seen.append(reason))
        a.snd(port.id, 'hello')
        port.wait(['hello'])
        port.kill('why', 'because', 7)
        self.assertEqual(m.wait(), ['why', 'because', 7])
        self.assertEqual(seen, [('why', 'because', 7)])
        self.assertEqual(a.wait_message(['', 'kil0'])[2:], [port.name, 'why', 'because', 7])

    def test_monitor_of_no_port(self):
        a, b = self.pair()
        self.assertEqual(a.mon('b#nobody').wait(), ['no_such_port', 'cannot monitor nonexistent port', 'b#nobody'])
        self.assertEqual(b.mon('b#nobody').wait()[0], 'no_such_port')

    def test_monitor_fires_when_the_connection_is_lost(self):
        for text, end in (('Unexpected end-of-file', lambda b: b.stop()),
                          ('Unexpected end-of-file', lambda b: b.half_close('a')),
                          ('Connection reset by peer', lambda b: b.drop('a', reset=True))):
            with self.subTest(text):
                a, b = self.pair()
                m, other, node_port = a.mon(b.port().id), a.mon(b.port().id), a.mon('b#')
                b.wait_message(['', 'mon1', other.port_id.split('#')[1]])
                b.addresses.clear()
                end(b)
                for monitor in (m, other, node_port):
                    self.assertEqual(monitor.wait(), ['transport_error', 'b', text])
                self.assertEqual(a.wait_event('down', 'b').reason, ['transport_error', 'b', text])
                a.stop()

    def test_what_was_said_before_the_end_is_heard(self):
        a, b = self.pair()
        port = a.port()
        a.connect(b.bind)
        b.wait_up('a')
        for i in range(100):
            b.snd(port.id, i)
        b.half_close('a')
        a.wait_event('down', 'b')
        self.assertEqual(len(port.messages), 100)

    def test_stopped_monitor(self):
        a, b = self.pair()
        port = b.port()
        m, first, second = a.mon(port.id), a.mon(port.id), a.mon('b')
        first.stop()
        m.stop()
        b.wait_message(['', 'mon0', port.name])
        second.stop()
        b.wait_message(['', 'mon0', ''])
        self.assertEqual([c.messages for c in b.connections], [[['', 'mon1', port.name], ['', 'mon0', port.name],
                                                                ['', 'mon0', '']]])
        self.assertIsNone(m.reason)

    def test_kill(self):
        a, b = self.pair()
        port = b.port()
        m = a.mon(port.id)
        a.kil(port.id, 'go')
        self.assertEqual(m.wait(), ['go'])
        self.assertEqual(port.reason, ['go'])
        a.kil('b#nobody')
        local = a.port()
        a.kil(local.id)
        self.assertEqual(local.reason, [])

    def test_a_callback_that_fails(self):
        a, b = self.pair()
        port = b.port(lambda port, *args: 1 / 0)
        m = a.mon(port.id)
        a.snd(port.id, 'x')
        self.assertEqual(m.wait(), ['die', 'ZeroDivisionError: division by zero'])

    def test_own_ports(self):
        a = self.node('a')
        seen = []
        port = a.port(lambda port, n: (seen.append(n), a.snd(port.id, n - 1) if n else port.kill('zero')))
        m = a.mon(port.id)
        a.snd(port.id, 1000)
        self.assertEqual(m.wait(), ['zero'])
        self.assertEqual(seen, list(range(1000, -1, -1)))

    def test_unreachable(self):
        a = self.node('a', connect_interval=0.2)
        self.assertEqual(a.mon('b#p').wait(), ['transport_error', 'b', 'no known address'])
        a.addresses['b'] = [self.dead_bind()]
        start = time.monotonic()
        m = a.mon('b#p')
        self.assertEqual(m.wait(), ['transport_error', 'b', 'connect timeout'])
        self.assertGreaterEqual(m.fired_at - start, 0.2)
        self.assertEqual([e.kind for e in a.events], ['unreachable', 'unreachable'])

    def test_somebody_else_lives_there(self):
        a, c = self.node('a', connect_interval=0.3), self.node('c')
        a.addresses['b'] = [c.bind]
        self.assertEqual(a.mon('b#p').wait()[2], 'connect timeout')
        a.wait_up('c')

    def test_myself(self):
        a = self.node('a')
        a.connect(a.bind)
        self.assertEqual(a.wait_event('refused', 'a', count=2).reason, ['connected to myself'])

    def test_spawn(self):
        a, b = self.pair()
        b.functions['My::init'] = lambda node, name, reply_to: node.snd(reply_to, 'ready', node.port(name=name).id)
        port = a.port()
        a.snd('b', 'AnyEvent::MP::_spawn', 'chosen', 'My::init', port.id)
        self.assertEqual(port.wait(['ready']), ['ready', 'b#chosen'])
        a.snd('b', 'AnyEvent::MP::_spawn', 'chosen2', 'No::init', port.id)
        self.assertEqual(a.mon('b#chosen2').wait()[0], 'no_such_port')

    def test_functions_and_names(self):
        a, b = self.pair()
        b.functions['My::f'] = lambda node, name, reply, *args: node.snd(reply, 'called', name, *args)
        b.names['service'] = 'b#s'
        port = a.port()
        a.snd('b', 'can', 'My::f', port.id, 'can')
        self.assertEqual(port.wait(['can']), ['can', ''])        # of functions it knows those that were called
        a.snd('b', 'My::f', port.id, 1)
        self.assertEqual(port.wait(['called']), ['called', None, 1])
        a.snd('b', 'can', 'My::f', port.id, 'can again')
        self.assertEqual(port.wait(['can again']), ['can again', '1'])
        there = a.spawn('b', 'My::f', port.id, 2)
        self.assertEqual(port.wait(['called', there.partition('#')[2]])[2], 2)
        for name, answer in (('service', 'b#s'), ('nosuch', None)):
            a.snd('b', 'wkp', name, port.id, name)
            self.assertEqual(port.wait([name]), [name, answer])
        a.snd('b', 'relay', port.id, 'relayed')
        port.wait(['relayed'])
        b.time_form = str
        a.snd('b', 'time', port.id, 'time')
        self.assertIsInstance(port.wait(['time'])[1], str)


class PeerAndNode(Case):
    def test_requests(self):
        a = self.node('a')
        p = self.peer(a).handshake()
        a.wait_up('peer')
        p.send(['', 'time', 'peer#p', 't'])
        self.assertAlmostEqual(p.recv_until(['p', 't'])[2], time.time(), delta=60)
        for name, answer in (('mon1', '1'), ('g_find', '')):
            p.send(['', 'can', name, 'peer#p', name])
            self.assertEqual(p.recv(), ['p', name, answer])
        p.send(['', 'eval', '1+1', 'peer#p'])
        self.assertEqual(p.recv(), ['p', 'no Perl here'])
        p.send([None, 'snd', 'peer#p', 'echo', 1.5, None, {'k': []}])
        self.assertEqual(p.recv(), ['p', 'echo', 1.5, None, {'k': []}])
        p.send([Text(''), Text('snd'), Text('peer#p'), Text('ä')])
        self.assertEqual(p.recv(), ['p', 'ä'])
        p.send([], [''], ['', ''], ['', 'devnull', 1], ['', 'unheard::of'], ['', 5], ['nobody', 1], ['', 'kil1', 'nobody'],
               ['', 'kil0', 'nobody'], ['', 'mon0', 'nobody'], ['', 'snd'], ['', 'mon1', ''], ['', 'mon1'])
        self.assertEqual(p.sync(), [])
        self.assertEqual(a.undeliverable, [['nobody', 1]])

    def test_the_simplest_peer(self):
        a = self.node('a')
        p = self.peer(a, greeting=b'aemp;1;simple;hmac_sha3_512;json', nonce=b'', node_id='simple')
        p.send_raw(b'aemp;1;simple;hmac_sha3_512;json\n\ncleartext;67656865696d;json\n["","time","simple#p","t"]')
        p.l1, p.framing = p.greeting, 'json'
        p.read_greeting()
        p.read_auth()
        self.assertEqual(p.recv()[:2], ['p', 't'])

    def test_all_framings_and_methods(self):
        for sent in ('cbor', 'json'):
            for received in ('cbor', 'json'):
                for auth in ('hmac_sha3_512', 'cleartext'):
                    with self.subTest(f'{sent} {received} {auth}'):
                        a = self.node('a', auth=auth)
                        p = self.peer(a, framings=(received,), framing=sent).handshake()
                        self.assertEqual(p.remote_auth.framing, received)
                        self.assertEqual(p.remote_auth.method, auth)
                        p.send(['', 'snd', 'peer#p', 'ä', '€'])
                        self.assertEqual(p.recv(), ['p', 'ä', '€'])
                        self.assertEqual(p.octets[-1][:1], b'\x83' if received == 'cbor' else b'[')

    def test_lines_in_pieces_and_with_cr(self):
        a = self.node('a')
        p = self.peer(a, nonce=b'n')
        p.l1 = p.make_greeting()
        for octet in p.l1 + b'\r\nn\r\n':
            p.send_raw(bytes([octet]))
        p.read_greeting()
        p.send_raw(p.make_auth() + b'\r\n')
        p.read_auth()
        self.assertEqual(p.sync(), [])

    def test_wrong_secret(self):
        a = self.node('a')
        p = self.peer(a, secret='other')
        with self.assertRaises(HandshakeError):
            p.handshake()
        p.wait_closed()
        a.wait(lambda: a.connections[0].state == 'closed')
        self.assertIn('token', a.connections[0].reason)
        self.assertEqual(a.events, [])

    def test_echo(self):
        a = self.node('a')
        p = self.peer(a)
        p.r1, p.r2 = p.read_line(), p.read_line()
        p.send_raw(p.r1 + b'\n' + p.r2 + b'\n')
        p.wait_closed()
        a.wait(lambda: a.connections[0].reason)
        self.assertIn('echo', a.connections[0].reason)

    def test_second_connection_of_a_node_that_is_up(self):
        a = self.node('a')
        first = self.peer(a).handshake()
        a.wait_up('peer')
        second = self.peer(a)
        second.send_greeting()
        second.read_greeting()
        with self.assertRaises(Closed):
            second.read_line()
        self.assertEqual(a.wait_event('refused', 'peer').reason, ['already connected'])
        self.assertEqual(first.sync(), [])

    def test_of_two_connections_at_once_the_last_stays(self):
        a = self.node('a')
        first, second = self.peer(a), self.peer(a)
        for p in (first, second):
            p.send_greeting()
            p.read_greeting()
            p.read_auth()  # it does not wait for ours
        first.send_auth()
        a.wait_up('peer')
        monitor = a.mon('peer#p')
        self.assertEqual(first.recv_until(['', 'mon1']), ['', 'mon1', 'p'])
        second.send_auth()
        self.assertEqual(monitor.wait(), ['transport_error', 'peer', 'switched connections'])
        first.wait_closed()
        self.assertEqual(second.sync(), [])
        self.assertEqual([e.kind for e in a.events], ['up', 'down', 'up'])
        self.assertIs(a.wait_up('peer'), a.events[2].connection)

    def test_an_incoming_connection_sends_what_waited(self):
        a = self.node('a', connect_interval=30)
        a.addresses['peer'] = [self.dead_bind()]
        a.snd('peer#p', 1)
        a.snd('peer#p', 2)
        p = self.peer(a).handshake()
        self.assertEqual([p.recv(), p.recv()], [['p', 1], ['p', 2]])

    def test_every_mon1_counts_and_mon0_stops_the_last(self):
        a = self.node('a')
        p = self.peer(a).handshake()
        port = a.port()
        for tag in ('mon1', 'mon1', 'mon1', 'mon0', 'mon0'):
            p.send(['', tag, port.name])
        self.assertEqual(p.sync(), [])
        port.kill('x')
        self.assertEqual([p.recv(), p.recv()], [['', 'kil0', port.name, 'x']] * 2)
        self.assertEqual(p.sync(), [])

    def test_monitors_end_with_the_connection(self):
        a = self.node('a')
        port = a.port()
        p = self.peer(a).handshake()
        p.send(['', 'mon1', port.name])
        p.sync()
        p.close()
        a.wait_event('down', 'peer')
        p = self.peer(a).handshake()
        port.kill()
        self.assertEqual(p.sync(), [])

    def test_kil1_without_a_name_deafens_it(self):
        a = self.node('a')
        port = a.port()
        p = self.peer(a).handshake()
        p.send(['', 'kil1', ''], ['', 'time', 'peer#p'], [port.name, 'x'])
        port.wait(['x'])
        self.assertTrue(a.node_port_dead)
        with self.assertRaises(Timeout):
            p.recv(0.05)

    def test_own_requests(self):
        a = self.node('a')
        a.requests['g_find'] = lambda source, node_id: a.snd(source, 'g_found', node_id, ['127.0.0.1:1'])
        p = self.peer(a).handshake()
        p.send(['', 'g_find', 'x'])
        self.assertEqual(p.recv(), ['', 'g_found', 'x', ['127.0.0.1:1']])

    def test_malformed_messages_end_the_connection(self):
        a = self.node('a')
        for octets in (b'\xff', b'\x01', b'\xa0', b'\x1c', b'\x81' * 600, encoded_simple()):
            with self.subTest(octets.hex()):
                p = self.peer(a, framing='cbor').handshake()
                a.wait_up('peer')
                p.send_raw(octets)
                p.wait_closed()
                a.wait(lambda: a._remote('peer').connection is None)

    def test_records(self):
        a = self.node('a')
        p = self.peer(a).handshake()
        c = a.wait_up('peer')
        p.send(['', ''], ['', 'snd', 'peer#p', Tag(1234, [1])])
        self.assertEqual(p.recv(), ['p', Tag(1234, [1])])
        self.assertEqual([(r.direction, r.message) for r in c.records],
                         [('in', ['', '']), ('in', ['', 'snd', 'peer#p', Tag(1234, [1])]), ('out', ['p', Tag(1234, [1])])])
        self.assertEqual(sorted(r.time for r in c.records), [r.time for r in c.records])
        self.assertEqual(c.messages, [['', 'snd', 'peer#p', Tag(1234, [1])]])


def encoded_simple():
    return b'\x81\xf0'


class ScriptedPeer(Case):
    """A Peer against another Peer."""

    def pair(self, **options):
        a, b = Peer('a', **options), Peer('b')
        port = a.listen()
        b.connect('127.0.0.1', port)
        a.accept()
        for p in (a, b):
            self.addCleanup(p.close)
        for step in ('send_greeting', 'read_greeting', 'send_auth', 'read_auth'):
            for p in (a, b):
                getattr(p, step)()
        return a, b

    def test_options_of_the_greeting(self):
        with Listener() as listener:
            for options, line in ((dict(keys={}), b'aemp;1;p;tls_sha3_512,hmac_sha3_512,tls_anon,cleartext;cbor,json'),
                                  (dict(keys={}, aempd=True, framings=('json',), auth_accept=('x',)), b'aemp;1;p;x;json;aempd=1'),
                                  (dict(keys={}, extra_keys={'k': ';'}, auth_accept=(), framings=()), b'aemp;1;p;;;k=%3b'),
                                  (dict(protocol='aemp-dataconn', version='2', keys={}, auth_accept=(), framings=()),
                                   b'aemp-dataconn;2;p;;'),
                                  (dict(greeting=b'\0'), b'\0')):
                with Peer('p', nonce=b'N', **options).connect(listener.host, listener.port) as p, listener.accept() as q:
                    p.send_greeting()
                    self.assertEqual((q.read_line(), q.read_line()), (line, b'N'))

    def test_time_outs(self):
        a, b = self.pair()
        start = time.monotonic()
        for wait in (a.recv, a.wait_closed, a.recv_all, lambda t: a.recv_until(['x'], t), a.read_line):
            with self.assertRaises(Timeout):
                wait(0.02)
        self.assertLess(time.monotonic() - start, 5)

    def test_recv_until(self):
        a, b = self.pair()
        b.send(['', 'x', 1], ['', ''], ['', 'y', 2], ['', 'x', 3])
        self.assertEqual(a.recv_until(['', ANY, 2]), ['', 'y', 2])
        self.assertEqual(a.recv_until(lambda m: m[2] == 3), ['', 'x', 3])
        self.assertEqual(a.messages, [['', 'x', 1], ['', ''], ['', 'y', 2], ['', 'x', 3]])
        b.send(['', 'z'])
        b.close()
        with self.assertRaisesRegex(Closed, "'z'"):
            a.recv_until(['never'])

    def test_ends(self):
        a, b = self.pair()
        b.send([1], [2])
        b.half_close()
        self.assertEqual(a.recv_all(), [[1], [2]])
        self.assertFalse(a.wait_closed().reset)
        a.send([3])
        self.assertEqual(b.recv(), [3])
        a, b = self.pair()
        b.reset()
        self.assertTrue(a.wait_closed().reset)
        with self.assertRaises(Closed):
            a.recv()

    def test_a_message_cut_off(self):
        a, b = self.pair()
        b.send_raw(b'\x82\x01')
        b.close()
        with self.assertRaises(Closed):
            a.recv()
        self.assertEqual(a.rest, b'\x82\x01')

    def test_what_the_reference_could_not_decode(self):
        for octets in (b'\x81\xf0', b'\x81\xd8\x1a\x80'):
            a, b = self.pair()
            b.send_raw(octets)
            with self.assertRaises(ProtocolError):
                a.recv()
            a, b = self.pair()
            a.strict = False
            b.send([Raw(octets)])
            self.assertEqual(len(a.recv()), 1)

    def test_a_choice_that_was_not_offered(self):
        for options, auth in ((dict(framings=('json',)), dict(framing='cbor')),
                              (dict(auth_accept=('hmac_sha3_512',)), dict(method='cleartext'))):
            with Listener() as listener, Peer('b').connect(listener.host, listener.port) as b:
                a = listener.accept(**options)
                self.addCleanup(a.close)
                for p in (a, b):
                    p.send_greeting()
                for p in (a, b):
                    p.read_greeting()
                b.send_auth(**auth)
                with self.assertRaisesRegex(HandshakeError, 'not offered'):
                    a.read_auth()

    def test_a_line_too_long(self):
        for line, fits in ((b'x' * 4095 + b'\n', True), (b'x' * 4096 + b'\n', False), (b'x' * 5000, False)):
            with Listener() as listener, Peer().connect(listener.host, listener.port) as b, listener.accept() as a:
                b.send_raw(line)
                if fits:
                    self.assertEqual(len(a.read_line()), 4095)
                else:
                    with self.assertRaises(ProtocolError):
                        a.read_line()

    def test_a_peer_that_does_not_read(self):
        a, b = self.pair(timeout=0.05)
        b.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with self.assertRaises(Timeout):
            for _ in range(1000):
                a.send(['', 'x' * 100000])


class TlsBetweenPeers(Case):
    def pair(self, a_options, b_options):
        listener = Listener()
        self.addCleanup(listener.close)
        a = Peer('a', **a_options).connect(listener.host, listener.port)
        b = listener.accept(node_id='b', **b_options)
        for p in (a, b):
            self.addCleanup(p.close)
        return a, b

    def both(self, a, b):
        """The handshakes of both; returns what was raised."""
        errors = []

        def run(p):
            try:
                p.handshake()
            except Exception as e:  # noqa: it is returned
                errors.append(e)
        threads = [threading.Thread(target=run, args=(p,)) for p in (a, b)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return errors

    def test_versions_and_roles(self):
        for version in ('1.2', '1.3'):
            for nonces in ((b'a', b'b'), (b'b', b'a'), (b'', b'a')):
                for pieces in (None, 1):
                    with self.subTest(version=version, nonces=nonces, pieces=pieces):
                        a, b = self.pair({'tls': Tls(version=version, pieces=pieces), 'nonce': nonces[0]},
                                         {'tls': Tls(), 'nonce': nonces[1]})
                        self.assertEqual(self.both(a, b), [])
                        self.assertEqual((a.sock.version, b.sock.version), (f'TLSv{version}',) * 2)
                        self.assertEqual(a.sock.role, 'client' if nonces[0] < nonces[1] else 'server')
                        self.assertEqual((a.remote_auth.method, b.remote_auth.method), ('tls_sha3_512',) * 2)
                        a.send(['p', 'x' * 100000], ['p', 2])
                        self.assertEqual(b.recv_n(2), [['p', 'x' * 100000], ['p', 2]])
                        b.send(['q'])
                        self.assertEqual(a.recv(), ['q'])
                        a.close()
                        with self.assertRaises(Closed):
                            b.recv()

    def test_without_a_secret(self):
        a, b = self.pair({'tls': Tls(), 'secret': None}, {'tls': Tls(), 'secret': None})
        self.assertEqual(self.both(a, b), [])
        a, b = self.pair({'tls': Tls(), 'secret': None, 'timeout': 1}, {'secret': None, 'timeout': 1})
        self.assertTrue(self.both(a, b))

    def test_anonymous(self):
        a, b = self.pair({'tls': Tls(), 'auth': 'tls_anon'}, {'tls': Tls()})
        self.assertEqual(self.both(a, b), [])
        self.assertEqual(b.remote_auth.token, '')

    def test_one_side_only_does_none(self):
        a, b = self.pair({'tls': Tls()}, {})
        self.assertEqual(self.both(a, b), [])
        self.assertFalse(a.tls or b.tls)
        self.assertEqual(a.remote_auth.method, 'hmac_sha3_512')

    def test_no_certificate_in_common(self):
        for options in ({'cert': None, 'ca': SHARED}, {'version': '1.2', 'cert': None, 'ca': SHARED}):
            for nonces in ((b'a', b'b'), (b'b', b'a')):
                with self.subTest(options=options, nonces=nonces):
                    a, b = self.pair({'tls': Tls(**options), 'nonce': nonces[0], 'timeout': 2},
                                     {'tls': Tls(), 'nonce': nonces[1], 'timeout': 2})
                    self.assertTrue(any('TLS' in str(e) for e in self.both(a, b)))

    def test_hello_with_the_lines(self):
        a, b = self.pair({'tls': Tls(), 'nonce': b''}, {'tls': Tls()})
        t = threading.Thread(target=b.handshake)
        t.start()
        a.send_greeting_and_hello()
        a.read_greeting()
        a.start_tls()
        a.send_auth()
        a.read_auth()
        t.join()
        b.send(['p', 1])
        self.assertEqual(a.recv(), ['p', 1])

    def test_ends(self):
        a, b = self.pair({'tls': Tls()}, {'tls': Tls()})
        self.assertEqual(self.both(a, b), [])
        a.send(['p', 'last'])
        a.sock.close_notify()
        self.assertEqual(b.recv(), ['p', 'last'])
        with self.assertRaises(Closed):
            b.recv()
        b.half_close()
        with self.assertRaises(Closed):
            a.recv()

    def test_two_nodes(self):
        """Much in both directions, read and written in different threads."""
        a, b = self.node('a', tls=Tls(version='1.2')), self.node('b', tls=Tls())
        a.addresses['b'] = [b.bind]
        echo = b.port(lambda port, reply, *rest: b.snd(reply, *rest))
        mine = a.port()
        for i in range(500):
            a.snd(echo.id, mine.id, i, 'x' * 2000)
        mine.wait([499])
        self.assertEqual([m[0] for m in mine.messages], list(range(500)))
        self.assertTrue(a.wait_up('b').peer.tls)


if __name__ == '__main__':
    aemp.main()
