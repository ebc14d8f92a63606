# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bad input where TLS should be: rubbish, silence, octets that were changed on the way, before TLS is there and after."""

import contextlib
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
import aemp.peer
from aemp import cbor
from aemp.handshake import HandshakeError
from aemp.harness import sanitized
from aemp.node import Node
from aemp.peer import Closed, Listener, Timeout
from aemp.tls import Tls, TlsSocket
from hostile_case import MIB, lines, resident, warnings
from tap import Tap
from tls_case import TlsCase
from wire_case import FIRST, LAST

RECORD = b'\x16\x03\x01'         # how a record of the handshake begins


class NoTls(TlsCase):
    """Something else where records should be."""

    def greet(self, d, nonce=LAST, **options):
        p = d.connect(node_id='bad', tls=Tls(self.good, self.ca), nonce=nonce, **options)
        self.addCleanup(p.close)
        p.send_greeting()
        p.read_greeting()
        return p

    def hello(self, p):
        """The octets of a client's first record; p goes on without TLS."""
        return TlsSocket(p.sock, p.tls_options, 'client').hello()

    def test_rubbish(self):
        cases = {'zeros': bytes(100), 'text': b'GET / HTTP/1.1\r\n\r\n' * 10, 'ones': b'\xff' * 100,
                 'the auth line, in clear': b'hmac_sha3_512;' + b'0' * 128 + b';cbor\n',
                 'a record of nonsense': RECORD + b'\0\x20' + b'\xaa' * 32, 'an empty record': RECORD + b'\0\0',
                 'a record too long': RECORD + b'\xff\xff' + bytes(70000), 'data before keys': b'\x17\x03\x03\0\x20' + bytes(32),
                 'an alert': b'\x15\x03\x03\0\x02\x02\x28', 'alerts that mean nothing': b'\x15\x03\x03\0\x02\x01\x5a' * 100,
                 'a message from elsewhere': RECORD + b'\0\x04\x0e\0\0\0', 'a hello of 16 MiB': RECORD + b'\x40\0\x01\xff\xff\xff' + bytes(16380)}
        for name, octets in cases.items():
            for nonce in (FIRST, LAST):
                with self.subTest(name, nonce=nonce), self.watched(settings=self.settings(handshake_timeout=1)) as d:
                    p = self.greet(d, nonce)
                    p.send_raw(octets)
                    p.wait_closed()
                    self.one_warning(d, p.address, '(TLS|took too long)')
                    self.assertEqual(len(lines(d, p.address)), 1)

    def test_gone_in_the_middle(self):
        for name, end in (('end-of-file', lambda p: p.half_close()), ('reset', lambda p: p.reset())):
            for octets in (b'', RECORD, RECORD + b'\x01\0\x01'):
                with self.subTest(name, octets=octets), self.watched(settings=self.settings()) as d:
                    p = self.greet(d)
                    address = p.address
                    p.send_raw(octets)
                    end(p)
                    d.bystanders.wait_rounds()
                    d.wait_log(f'warning: .*{re.escape(address)}')
                    self.assertEqual(len(warnings(d)), 1, d.log())

    def test_lines_within(self):
        """What may not come without TLS may not come with it."""
        cases = {'4097 octets and no end': (b'a' * 4097, 'too long'), 'an empty line': (b'\n', 'authentication line'),
                 'a message': (cbor.encode(['', 'time', 'bad#p']) + b'\n', 'authentication'), 'octets': (bytes(range(11, 256)) + b'\n', 'authentication'),
                 'a greeting': (b'aemp;1;bad;tls_sha3_512;cbor\n', '(authentication|method)')}
        for name, (octets, what) in cases.items():
            for nonce in (FIRST, LAST):
                with self.subTest(name, nonce=nonce), self.watched(settings=self.settings()) as d:
                    p = self.greet(d, nonce)
                    p.start_tls()
                    with contextlib.suppress(Closed):
                        p.send_raw(octets)
                    p.wait_closed()
                    self.one_warning(d, p.address, what)

    def test_silence(self):
        """The deadline holds within TLS, too, wherever in it that is, and whoever has to speak next."""
        def nothing(p):
            pass

        def half_a_record(p):
            p.send_raw(RECORD + b'\x02\0\x01\0')

        def half_a_hello(p):
            p.send_raw(self.hello(p)[:50])

        def a_hello(p):
            p.send_raw(self.hello(p))

        def all_of_tls(p):
            p.start_tls()

        def half_an_auth_line(p):
            p.start_tls()
            p.send_raw(p.make_auth()[:50])

        for silence in (nothing, half_a_record, half_a_hello, a_hello, all_of_tls, half_an_auth_line):
            for nonce in (FIRST, LAST) if silence in (nothing, all_of_tls, half_an_auth_line) else (FIRST,):
                with self.subTest(silence.__name__, nonce=nonce), self.watched(settings=self.settings(handshake_timeout=0.5)) as d:
                    began = time.monotonic()
                    p = self.greet(d, nonce)
                    silence(p)
                    p.wait_closed()
                    self.assertAlmostEqual(time.monotonic() - began, 0.9, delta=0.6)
                    self.one_warning(d, p.address, 'its handshake took too long')

    def test_slowly(self):
        """An octet now and then does not make it longer."""
        with self.watched(settings=self.settings(handshake_timeout=1)) as d:
            p = self.greet(d, FIRST)
            began = time.monotonic()
            with self.assertRaises(Closed):
                for octet in self.hello(p):
                    p.send_raw(bytes([octet]))
                    try:
                        p.read_raw(0.02)
                    except Timeout:
                        pass
            self.assertAlmostEqual(time.monotonic() - began, 1.3, delta=0.6)
            self.one_warning(d, p.address, 'its handshake took too long')

    def test_a_slow_seed(self):
        with Listener() as listener, self.watched(settings=self.settings(handshake_timeout=1), seeds=[listener.bind]) as d:
            with listener.accept(node_id='bad', tls=Tls(self.good, self.ca), nonce=LAST) as p:
                p.send_greeting()
                p.read_greeting()
                p.wait_closed()
                d.wait_log(f'{re.escape(listener.bind)}.*(took too long|timeout)')

    def test_too_old(self):
        for nonce in (FIRST, LAST):
            with self.subTest(nonce), self.watched(settings=self.settings()) as d:
                with d.connect(node_id='bad', tls=Tls(self.good, self.ca, version='1.1'), nonce=nonce) as p:
                    with self.assertRaises((Closed, HandshakeError)):
                        p.handshake()
                    self.one_warning(d, p.address, 'TLS')

    def test_many_of_them(self):
        """Fifty that stop in the middle of TLS: nobody else notices, and they are gone after their time."""
        with self.watched(settings=self.settings(handshake_timeout=2)) as d, d.attach() as c:
            crowd = [self.greet(d, FIRST) for _ in range(50)]
            for p in crowd:
                p.send_raw(self.hello(p))
            self.assertEqual(c.status()['half_open'], 50)
            with d.peer('good', tls=Tls(self.good, self.ca)) as p:
                self.assertEqual(p.sync(), [])
            c.wait_state(c.status, lambda s: s['half_open'] == 0)


class Data(TlsCase):
    """After the handshake."""

    def test_half_a_record(self):
        """Silence behind it is no reason to end anything; what is cut off was never said."""
        for version in ('1.2', '1.3'):
            with self.subTest(version), self.watched(settings=self.settings(handshake_timeout=0.5, heartbeat_interval=0.2)) as d, d.attach() as c:
                with d.peer('peer', tls=Tls(self.good, self.ca, version=version)) as p:
                    port = c.port_name()
                    c.mon('peer#p')
                    p.recv()
                    p.send([port, 'first'])
                    record = p.sock.records(cbor.encode([port, 'x' * 1000]))
                    p.sock.sock.sendall(record[:500])
                    self.assertEqual(c.recv(), [port, 'first'])
                    p.skip_keepalives = False
                    for _ in range(5):                        # longer than a handshake may take
                        self.assertEqual(p.recv(), ['', ''])
                    self.assertEqual(c.sync(), [])
                    if version == '1.2':
                        p.sock.sock.sendall(record[500:])
                        self.assertEqual(c.recv(), [port, 'x' * 1000])
                    p.half_close()
                    self.assertEqual(c.recv()[:5], ['', 'kil0', 'peer#p', 'transport_error', 'peer'])
                    d.wait_log('node is down: peer')

    def test_rubbish(self):
        """One line, and all monitors."""
        for octets in (b'GET / HTTP/1.1\r\n\r\n', bytes(50), b'\x17\x03\x03\0\x40' + bytes(64), b'\x16\x03\x03\0\x04\0\0\0\0', b'\xff' * 70000):
            for version in ('1.2', '1.3'):
                with self.subTest(octets[:10], version=version), self.watched(settings=self.settings()) as d, d.attach() as c:
                    with d.peer('bad', tls=Tls(self.good, self.ca, version=version)) as p:
                        port = c.port_name()
                        c.mon('bad#p')
                        p.recv()
                        p.send([port, 'before'])
                        with contextlib.suppress(OSError):
                            p.sock.sock.sendall(octets)
                        self.assertEqual(c.recv(), [port, 'before'])
                        self.assertEqual(c.recv()[:5], ['', 'kil0', 'bad#p', 'transport_error', 'bad'])
                        d.wait_log(f'node is down: bad at {p.address}: TLS')

    def test_one_that_does_not_read(self):
        """TLS is no place where octets may gather without being counted."""
        settings = self.settings(max_message=MIB, peer_high=MIB, peer_hard=4 * MIB)
        with self.watched(settings=settings) as d, d.attach(framings=('cbor',)) as c, d.peer('feeder') as feeder:
            stuck = d.connect(node_id='stuck', tls=Tls(self.good, self.ca))
            self.addCleanup(stuck.close)
            stuck.handshake()
            c.mon('stuck#p')
            c.sync()
            before = resident(d)
            for i in range(400):
                feeder.send(['', 'snd', 'stuck#p', i, 'x' * 100000])
                feeder.sync()
                if lines(d, 'does not read'):
                    break
            self.one_warning(d, f'stuck at {stuck.address}', 'does not read')
            self.assertEqual(c.recv()[:5], ['', 'kil0', 'stuck#p', 'transport_error', 'stuck'])
            if not sanitized():
                self.assertLess(resident(d) - before, 20 * MIB)
            got = []                                          # what it gets has no hole
            with contextlib.suppress(Closed):
                while True:
                    got.append(stuck.recv())
            got = [m[1] for m in got if m[0] == 'p']
            self.assertEqual(got, list(range(len(got))))

    def test_one_that_goes_slowly(self):
        """It reads in the end, so everything comes, in order, though its queue was full in between."""
        settings = self.settings(max_message=MIB, peer_high=MIB, peer_hard=64 * MIB)
        with self.watched(settings=settings) as d, d.attach(framings=('cbor',)) as c:
            with d.peer('lazy', tls=Tls(self.good, self.ca)) as p:
                sent, rest = self.fill(d, c, lambda i: ['lazy#p', i, 'x' * 100000])
                for i in range(sent):
                    self.assertEqual(p.recv()[:2], ['p', i])
                c.send_raw(rest)
                self.assertEqual(p.recv()[:2], ['p', sent])
                self.assertEqual(warnings(d), [])


class OnTheWay(TlsCase):
    """Somebody who can change octets."""

    def test_data(self):
        """One bit: the connection ends, monitors fire, nothing of what was changed is heard."""
        for version in ('1.2', '1.3'):
            flip = []

            def change(number, direction, octets):
                if not flip or direction != 0:
                    return octets
                flip.clear()
                return octets[:10] + bytes([octets[10] ^ 1]) + octets[11:]   # of the first record there

            with self.subTest(version), self.watched(settings=self.settings()) as d, Tap(d.binds[0], change) as tap, d.attach() as c:
                with Node('peer', tls=Tls(self.good, self.ca, version=version)) as node:
                    node.connect(tap.bind)
                    node.wait_up('x')
                    port = c.port_name()
                    c.mon('peer#p')
                    self.assertEqual(c.recv()[:4], ['', 'kil0', 'peer#p', 'no_such_port'])
                    watched = node.port()
                    c.mon(watched.id)
                    node.snd(c.port_id(port), 'before')
                    self.assertEqual(c.recv(), [port, 'before'])
                    flip.append(True)
                    node.snd(c.port_id(port), 'changed')
                    node.snd(c.port_id(port), 'after')
                    self.assertEqual(c.recv_until(['', 'kil0'])[:5], ['', 'kil0', watched.id, 'transport_error', 'peer'])
                    self.assertNotIn([port, 'changed'], c.messages)
                    self.assertNotIn([port, 'after'], c.messages)
                    node.wait_event('down', 'x')
                    d.wait_log('peer at .*TLS')

    def test_greetings(self):
        """What is changed before TLS is found out by the token, whoever has the certificate."""
        def rename(number, direction, octets):
            return octets.replace(b';peer;', b';pear;') if direction == 0 else octets

        def without_tls(number, direction, octets):
            return octets.replace(b';tls=1.0', b'')

        for name, change in (('node ID', rename), ('tls', without_tls)):
            with self.subTest(name), self.watched(settings=self.settings()) as d, Tap(d.binds[0], change) as tap:
                host, _, port = tap.bind.rpartition(':')
                with aemp.peer.Peer('peer', tls=Tls(self.good, self.ca), timeout=5).connect(host, int(port)) as p:
                    with self.assertRaises((Closed, HandshakeError)):
                        p.handshake()
                        p.sync()
                    d.wait_log('warning: .*authentication failed')

    def test_somebody_else_s_handshake(self):
        """What one said to another, said again: nonces differ, so it is worth nothing."""
        with self.watched(settings=self.settings()) as d, Tap(d.binds[0]) as tap:
            host, _, port = tap.bind.rpartition(':')
            with aemp.peer.Peer('peer', tls=Tls(self.good, self.ca)).connect(host, int(port)) as p:
                p.handshake()
                p.sync()
                said = bytes(tap.seen[0][0])
            d.wait_log('node is down: peer')    # as long as it is up, another one from there may be its own
            with d.connect(node_id='bad') as q:
                q.send_raw(said)
                q.wait_closed()
                d.wait_log(f'warning: .*{re.escape(q.address)}')


if __name__ == '__main__':
    aemp.main()
