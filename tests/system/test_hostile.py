# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bad input, and others that stop, vanish or come twice.

Whatever one of them does ends in one line of the log that says who and what, closes that connection at most, and loses
nothing of others: two bystanders exchange numbered messages all the time.
"""

import contextlib
import os
import random
import re
import select
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp import cbor
from aemp.bystanders import Bystanders
from aemp.cbor import Tag
from aemp.harness import Aempd, AttachClient, AttachError, Program, sanitized
from aemp.node import Node
from aemp.peer import ANY, Closed, Listener, Peer, Timeout

MIB = 1 << 20


def lines(d, what):
    """The lines of its log with that text."""
    return [line for line in d.log().splitlines() if what in line]


def warnings(d):
    return [line for line in d.log().splitlines() if ' warning: ' in line or ' error: ' in line]


def resident(d):
    """Its memory, in octets."""
    with open(f'/proc/{d.pid}/status', encoding='ascii') as f:
        return int(re.search(r'VmRSS:\s*(\d+)', f.read())[1]) * 1024


class Case(unittest.TestCase):
    @contextlib.contextmanager
    def watched(self, node_id='x', **options):
        """An aempd with bystanders, in whose log nobody's secret may be."""
        with Aempd(node_id, **options) as d, Bystanders(d) as bystanders:
            d.bystanders = bystanders
            yield d
            bystanders.wait_rounds()
            self.assertLess(bystanders.slowest, 5)
            self.assertNotIn('geheim', d.log())
            self.assertNotIn(b'geheim'.hex(), d.log())

    def fill(self, d, c, message):
        """Sends message(0), message(1)... until aempd reads no more. Returns how many, and the rest of one that was begun."""
        octets, sent, full = b'', 0, None
        c.sock.setblocking(False)
        while sent < 2000:
            octets = octets or cbor.encode(message(sent))
            try:
                octets = octets[c.sock.send(octets):]
            except BlockingIOError:
                if full == sent:  # still, after some time
                    c.sock.settimeout(c.timeout)
                    return sent, octets
                full = sent
                d.bystanders.wait_rounds(20)
            else:
                sent += not octets
                full = None
        self.fail('it takes everything')

    def feed(self, c, message):
        """Sends message(0), message(1)... until something comes. Returns the rest of one that was begun."""
        octets, sent = b'', 0
        deadline = time.monotonic() + c.timeout
        c.sock.setblocking(False)
        while not select.select([c.sock], [c.sock], [], 0.1)[0]:
            self.assertLess(time.monotonic(), deadline)
            octets = octets or cbor.encode(message(sent))
            with contextlib.suppress(BlockingIOError):
                octets = octets[c.sock.send(octets):]
                sent += not octets
        c.sock.settimeout(c.timeout)
        return octets

    def one_warning(self, d, who, what):
        """It comes, names them, and is the only one."""
        d.wait_log(f'warning: .*{re.escape(who)}.*{what}')
        d.bystanders.wait_rounds()
        self.assertEqual(len(warnings(d)), 1, d.log())


# --- in the handshake --------------------------------------------------------------------------------------------------------

def greet(p, greeting):
    p.greeting = greeting
    p.send_greeting()


def greet_with(**options):
    def act(p):
        for name, value in options.items():
            setattr(p, name, value)
        p.send_greeting()
    return act


def auth_with(**options):
    def act(p):
        p.send_greeting()
        p.read_greeting()
        p.send_auth(**options)
    return act


def auth_line(make):
    """make(the right line) is sent instead of it."""
    def act(p):
        p.send_greeting()
        p.read_greeting()
        p.send_line(make(p.make_auth()))
    return act


def echo(p):
    p.send_line(p.read_line())
    p.send_line(p.read_line())


def wrong_secret(p):
    p.secret = 'another'
    auth_with()(p)


def leave(after):
    def act(p):
        if after != 'nonce':
            p.send_greeting()
            p.read_greeting()
            if after == 'auth':
                p.send_raw(p.make_auth()[:-1])
        else:
            p.send_line(p.make_greeting())
        p.half_close()
    return act


class Handshake(Case):
    CASES = {
        'wrong secret': (wrong_secret, 'authentication failed'),
        'token in upper case': (auth_line(lambda line: line.upper().replace(b'HMAC_SHA3', b'hmac_sha3').replace(b'CBOR', b'cbor')),
                                'authentication failed'),
        'token too short': (auth_line(lambda line: line.replace(b';cbor', b'')[:-1] + b';cbor'), 'authentication failed'),
        'no token': (auth_with(token=''), 'authentication failed'),
        'wrong version': (greet_with(version='2'), 'version'),
        'no version': (greet_with(version=''), 'version'),
        'own node ID': (greet_with(node_id='x'), 'myself'),
        'echo': (echo, 'echo'),
        '4097 octets and no end': (lambda p: p.send_raw(b'a' * 4097), 'too long'),
        'a line of 4097 octets': (lambda p: p.send_raw(b'aemp;1;bad;hmac_sha3_512;cbor;' + b'a' * 4066 + b'\n'), 'too long'),
        'a nonce of 4097 octets': (lambda p: p.send_raw(b'aemp;1;bad;hmac_sha3_512;cbor\n' + b'a' * 4096 + b'\n'), 'too long'),
        'an auth line of 4097 octets': (auth_line(lambda line: line + b';' + b'a' * (4095 - len(line)) + b'a'), 'too long'),
        'a web browser': (lambda p: p.send_raw(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 'no AEMP'),
        'an empty greeting': (lambda p: p.send_raw(b'\n\n'), 'no AEMP'),
        'too few fields': (lambda p: p.send_raw(b'aemp;1;bad;hmac_sha3_512\n\n'), 'no AEMP'),
        'another protocol': (lambda p: p.send_raw(b'aempx;1;bad;hmac_sha3_512;cbor\n\n'), 'no AEMP'),
        'a data connection': (greet_with(protocol='aemp-dataconn'), 'not known here'),
        'no node ID': (greet_with(node_id=''), 'node ID'),
        'node ID with a blank': (greet_with(node_id='b d'), 'node ID'),
        'node ID with #': (greet_with(node_id='b#d'), 'node ID'),
        'node ID with control characters': (greet_with(node_id='b\x1b[31md\0'), 'node ID'),
        'node ID with umlaut': (greet_with(node_id='bäd'), 'node ID'),
        'node ID of 256 octets': (greet_with(node_id='b' * 256), 'node ID'),
        'no method in common': (greet_with(auth_accept=('tls_sha3_512', 'tls_anon', 'cleartext')), 'method'),
        'no framing in common': (greet_with(offered=('json', 'storable')), 'framing'),
        'cleartext, which was not offered': (auth_with(method='cleartext'), 'method'),
        'tls_anon, which was not offered': (auth_with(method='tls_anon', token=''), 'method'),
        'no method': (auth_with(method='none', token='x'), 'method'),
        'json, which was not offered': (auth_with(framing='json'), 'framing'),
        'an empty auth line': (auth_line(lambda line: b''), 'authentication line'),
        'an auth line of two fields': (auth_line(lambda line: line.rpartition(b';')[0]), 'authentication line'),
        'octets in the auth line': (auth_line(lambda line: bytes(range(11, 256))), 'authentication'),
        'messages before authentication': (auth_line(lambda line: cbor.encode(['', 'time', 'bad#p']) * 9 + b'\n'), 'authentication'),
        'gone after the greeting': (leave('greeting'), 'closed the connection'),
        'gone within the auth line': (leave('auth'), 'closed the connection'),
        'gone before the nonce': (leave('nonce'), 'closed the connection'),
    }

    def test_incoming(self):
        for name, (act, what) in self.CASES.items():
            with self.subTest(name), self.watched() as d, d.connect(node_id='bad') as p:
                act(p)
                p.wait_closed()
                self.one_warning(d, p.address, what)
                self.assertEqual(len(lines(d, p.address)), 1)
                with d.attach() as c:
                    self.assertEqual(c.status()['half_open'], 0)
                    self.assertEqual(set(c.nodes()), {'bystander'})

    def test_outgoing(self):
        """The same from a seed. What we connect to is tried again, so it is told once."""
        for name, (act, what) in self.CASES.items():
            if name == 'own node ID':
                continue  # is no fault of a seed
            with self.subTest(name), Listener() as listener, self.watched(seeds=[listener.bind]) as d:
                with listener.accept(node_id='bad') as p:
                    act(p)
                    p.wait_closed()
                    self.assertTrue(d.wait_log(f'{re.escape(listener.bind)}.*({what}|handshake|end-of-file)'))
                d.bystanders.wait_rounds()
                self.assertLessEqual(len(lines(d, listener.bind)), 2, d.log())

    def test_who_says_nothing(self):
        """A port scan is no event; half a greeting is none either."""
        with self.watched() as d:
            for octets in (b'', b'aemp;1', b'\0'):
                with d.connect() as p:
                    p.send_raw(octets)
                    p.half_close()
                    p.wait_closed()
            with d.connect() as p:
                p.read_line()
                p.reset()
            d.bystanders.wait_rounds()
            self.assertLessEqual(len(warnings(d)), 4)

    def test_without_a_secret_nobody_gets_in(self):
        with Aempd('x', secret=None) as d:
            for act in (auth_with(method='cleartext', token=''), auth_with(method='hmac_sha3_512', token='0' * 128),
                        auth_with(method='tls_anon', token=''),
                        lambda p: p.send_raw(b'aemp;1;bad;tls_anon,cleartext,hmac_sha3_512;cbor\n\nhmac_sha3_512;;cbor\n')):
                with d.connect(node_id='bad', secret='') as p:
                    with contextlib.suppress(Closed):
                        act(p)
                    p.wait_closed()
                    d.wait_log(f'{re.escape(p.address)}.*no secret')

    def test_octets_in_the_log(self):
        """What strangers say can't write lines of their own into the log, nor colours."""
        with self.watched() as d:
            with d.peer('loud', extra_keys={'provider': '\x1b[31m\x07red'}) as p, d.attach('pro\x1b[2J\rgram\x7f') as c:
                p.send(['', 'no\nsuch\x1b[0m\x00', 1])
                p.sync()
                self.assertNotRegex(c.nodes()['loud']['provider'], '[\0-\x1f]')
                c.send_raw(b'rubbish\n\x1b')
                c.wait_closed()
            d.wait_log('node is down: loud')
            self.assertNotRegex(d.log(), '[\0-\x09\x0b-\x1f\x7f]')
            self.assertTrue(all(re.match(r'20\d\d-', line) for line in d.log().splitlines()), d.log())

    def test_slowly(self):
        """One octet now and then: the deadline is absolute, wherever in the handshake that is."""
        def begin(p):
            return p.make_greeting() + b'\n' + p.l2 + b'\n'

        def authenticate(p):
            p.send_greeting()
            p.read_greeting()
            return p.make_auth()

        with self.watched(settings={'handshake_timeout': 1}) as d:
            for make in (begin, authenticate):
                with d.connect(node_id='slow') as p:
                    began = time.monotonic()
                    with self.assertRaises(Closed):
                        for octet in make(p):
                            p.send_raw(bytes([octet]))
                            with contextlib.suppress(Timeout):
                                p.read_raw(0.05)
                    self.assertAlmostEqual(time.monotonic() - began, 1.3, delta=0.5)
                    d.wait_log(f'{re.escape(p.address)}: its handshake took too long')
                    self.assertEqual(len(lines(d, p.address)), 1)
            self.assertEqual(len(warnings(d)), 2)

            began = time.monotonic()
            with d.connect() as p:  # and one that says nothing at all
                p.wait_closed()
                self.assertAlmostEqual(time.monotonic() - began, 1.3, delta=0.5)

    def test_a_slow_seed(self):
        with Listener() as listener, self.watched(settings={'handshake_timeout': 1}, seeds=[listener.bind]) as d:
            with listener.accept() as p:
                began = time.monotonic()
                p.wait_closed()
                self.assertAlmostEqual(time.monotonic() - began, 1.3, delta=0.5)
                d.wait_log(f'{re.escape(listener.bind)}.*(took too long|timeout)')
                self.assertEqual(len(warnings(d)), 1)

    def test_half_open_connections(self):
        """The 101st is turned away, those that are through don't count, and when there is room others get in again."""
        with self.watched() as d, d.attach() as c:
            with contextlib.ExitStack() as stack:
                crowd = [stack.enter_context(d.connect()) for _ in range(100)]
                for p in crowd:
                    p.read_line()
                self.assertEqual(c.status()['half_open'], 100)
                for _ in range(5):
                    with d.connect() as p:
                        p.wait_closed()
                self.one_warning(d, '127.0.0.1:', 'too many')
                self.assertEqual(c.status()['half_open'], 100)

                crowd[0].close()
                c.wait_state(c.status, lambda s: s['half_open'] == 99)
                with d.peer('late') as p:
                    self.assertEqual(p.sync(), [])
                    self.assertEqual(c.status()['half_open'], 99)
            c.wait_state(c.status, lambda s: s['half_open'] == 0)

    def test_many_strangers(self):
        """Nobody fills a disk with lines."""
        with self.watched() as d:
            for i in range(300):
                with d.connect(node_id='bad', secret='wrong') as p:
                    p.send_raw(b'GET / HTTP/1.1\r\n\r\n')
                    p.wait_closed()
            self.assertLess(len(warnings(d)), 150)
            deadline = time.monotonic() + 10
            while not lines(d, 'more lines of this kind are left out') and time.monotonic() < deadline:
                with d.connect() as p:
                    p.send_raw(b'\n\n')
                    p.wait_closed()
            self.assertTrue(lines(d, 'more lines of this kind are left out'))


# --- messages ----------------------------------------------------------------------------------------------------------------

def nested(n, *, head=b'\x81', end=b'\x80'):
    return head * n + end


class Messages(Case):
    BAD = {
        'a map': b'\xa1\x61a\x01', 'a string': b'\x61a', 'octets': b'\x41a', 'an integer': b'\x01', 'a negative integer': b'\x20',
        'null': b'\xf6', 'true': b'\xf5', 'a double': b'\xfb' + bytes(8), 'a simple value': b'\xe0', 'an empty map': b'\xa0',
        'a break': b'\xff', 'reserved 28': b'\x1c', 'reserved 29 in an array': b'\x82\x60\x5d', 'reserved 30': b'\x9e',
        'an indefinite integer': b'\x82\x60\x1f', 'an indefinite tag': b'\x82\x60\xdf\x00', 'break in a definite array': b'\x82\x60\xff',
        'break after a key': b'\x82\x60\xbf\x61a\xff', 'a simple value below 32 in two octets': b'\x82\x60\xf8\x1f',
        'text within octets': b'\x82\x60\x5f\x61a\xff', 'octets within text': b'\x82\x60\x7f\x41a\xff',
        'a number within text': b'\x82\x60\x7f\x01\xff', 'a piece of indefinite length': b'\x82\x60\x5f\x5f\x41a\xff\xff',
        'a tagged break': b'\x9f\x60\xc1\xff',
        '513 arrays': nested(512), '100,000 arrays': nested(100000), '513 indefinite arrays': b'\x9f' * 513,
        '512 maps in an array': b'\x82\x60' + b'\xa1\x61k' * 512, 'maps as keys': b'\x82\x60' + b'\xa1' * 512,
        '100,000 tags': b'\x82\x60' + b'\xc1' * 100000,
        '2^64-1 elements': b'\x9b' + b'\xff' * 8, '2^63 elements': b'\x9b\x80' + bytes(7), '2^62 elements': b'\x9b\x40' + bytes(7),
        '2^32-1 elements': b'\x9a' + b'\xff' * 4, '2^64-1 pairs': b'\x82\x60\xbb' + b'\xff' * 8, '2^63 pairs': b'\x82\x60\xbb\x80' + bytes(7),
        '2^64-1 octets': b'\x82\x60\x5b' + b'\xff' * 8, '2^63-1 octets': b'\x82\x60\x5b\x7f' + b'\xff' * 7,
        '2^64-1 octets of text': b'\x82\x60\x7b' + b'\xff' * 8, '2^31 octets': b'\x82\x60\x5a\x80' + bytes(3),
        '2^64-1 octets of a port name': b'\x82\x7b' + b'\xff' * 8, 'a piece of 2^64-1 octets': b'\x82\x60\x5f\x5b' + b'\xff' * 8,
        'max_message and one': b'\x82\x60\x5a' + (65536 - 7 + 1).to_bytes(4, 'big') + bytes(65536 - 7 + 1),
        'much, in small pieces': b'\x9f\x60' + b'\x01' * 65536, 'one string in pieces': b'\x82\x60\x5f' + b'\x43abc' * 20000,
    }
    SETTINGS = {'max_message': 65536}

    def test_from_a_peer(self):
        for name, octets in self.BAD.items():
            with self.subTest(name), self.watched(settings=self.SETTINGS) as d, d.attach() as c, d.peer('bad') as p:
                port = c.port_name()
                c.mon('bad#p')
                p.recv()
                p.send([port, 'before'])
                with contextlib.suppress(Closed):
                    p.send_raw(octets)
                    p.send([port, 'behind it'])
                p.wait_closed()
                self.assertEqual(c.recv(), [port, 'before'])
                self.assertEqual(c.recv()[:5], ['', 'kil0', 'bad#p', 'transport_error', 'bad'])
                self.assertEqual(c.recv()[:3], ['', 'down', 'bad'])
                self.one_warning(d, f'bad at {p.address}', '')
                self.assertEqual(len(lines(d, 'node is down: bad')), 1)
                self.assertEqual(c.status()['counters']['protocol_errors'], 1)

    def test_from_a_client(self):
        for name, octets in self.BAD.items():
            with self.subTest(name), self.watched(settings=self.SETTINGS) as d:
                with d.attach('bad', framings=('cbor',)) as c, d.attach() as other:
                    port, target = c.port_name(), other.port_name()
                    other.mon(c.port_id(port))
                    other.sync()
                    c.recv()
                    c.send([other.port_id(target), 'before'])
                    with contextlib.suppress(Closed):
                        c.send_raw(octets)
                        c.send([other.port_id(target), 'behind it'])
                    got = c.recv_all()
                    if name in ('a map', 'a string', 'octets', 'an integer', 'a negative integer', 'null', 'true', 'a double',
                                'a simple value', 'an empty map'):
                        continue  # see test_client_messages_that_are_no_arrays
                    self.assertEqual(got, [['', 'refused', '', 'protocol', ANY]])
                    self.assertEqual(other.recv(), [target, 'before'])
                    self.assertEqual(other.recv(), ['', 'kil0', c.port_id(port), 'detached', 'bad', os.getpid()])
                    self.one_warning(d, f'bad[{os.getpid()}]', '')

    def test_as_deep_and_as_large_as_allowed(self):
        with self.watched(settings=self.SETTINGS) as d, d.attach(framings=('cbor',)) as c, d.peer('good') as p:
            port = c.port_name()
            head = b'\x82' + cbor.encode(port)
            p.send_raw(head + nested(510))
            self.assertEqual(c.recv()[0], port)
            p.send_raw(b'\x82\x62' + b'zz' + nested(510))    # to nobody
            room = 65536 - len(head) - 5
            p.send_raw(head + b'\x5a' + room.to_bytes(4, 'big') + b'x' * room)
            self.assertEqual(c.recv(), [port, 'x' * room])
            self.assertEqual(p.sync(), [])
            self.assertEqual(warnings(d), [])

    def test_unfinished_claims_cost_nothing(self):
        """Twenty peers and twenty clients begin a message of nearly 64 MiB and say no more."""
        with self.watched(settings={'max_message': 64 * MIB}) as d, contextlib.ExitStack() as stack:
            others = [stack.enter_context(d.peer(f'n{i}')) for i in range(20)]
            others += [stack.enter_context(d.attach(framings=('cbor',))) for i in range(20)]
            for p in others:
                p.sync()
            before = resident(d)
            for i, p in enumerate(others):
                p.send_raw((b'\x82\x60\x5a\x03\xff\x00\x00', b'\x9a\x03\xff\x00\x00\x60', b'\x82\x60\x7a\x03\xff\x00\x00abc',
                            b'\x82\x60\xba\x01\xff\x00\x00')[i % 4])
            d.bystanders.wait_rounds(20)
            if not sanitized():
                self.assertLess(resident(d) - before, 4 * MIB)
            self.assertEqual(warnings(d), [])

    def test_cut_off_at_every_octet(self):
        """A peer that ends in the middle of a message has not said it."""
        whole = cbor.encode(['zz', {'k': [1, 1.5, 'x', Tag(1, b'y')]}, 'ä€', None])
        with self.watched() as d, d.attach() as c:
            for end in range(1, len(whole)):
                with d.peer('cut') as p:
                    p.send([c.port_name(), end])
                    p.send_raw(whole[:end])
                    p.half_close()
                    self.assertEqual(p.wait_closed().reset, False)
                self.assertEqual(c.recv()[1], end)
            self.assertEqual(warnings(d), [])

    def test_octets_by_chance(self):
        """No seed may bring it down. The seed is printed when that happens."""
        with self.watched(settings={**self.SETTINGS, 'log_level': 4}) as d:
            for seed in range(150):
                with self.subTest(seed=seed):
                    rng = random.Random(seed)
                    octets = rng.randbytes(rng.randrange(1, 3000))
                    if seed % 3 == 1:  # something valid, with mistakes
                        octets = bytearray(cbor.encode(['', 'snd', 'y#z', {'a': ['b', 1.5, {'c': [None] * 20}]}, 'd' * 50]) * 10)
                        for _ in range(3):
                            octets[rng.randrange(len(octets))] = rng.randrange(256)
                    with d.peer('bad') if seed % 2 else d.attach(framings=(('cbor', 'json')[seed // 2 % 2],)) as p:
                        with contextlib.suppress(Closed):
                            p.send_raw(octets)
                            p.half_close()
                        p.wait_closed()
                    self.assertTrue(d.running())


class Clients(Case):
    """Of the attach socket."""

    def test_attach_lines(self):
        cases = {'garbage': (b'\x80\x81\x82\n', 'attach socket'), 'empty': (b'\n', 'attach socket'),
                 'a node': (b'aemp;1;bad;hmac_sha3_512;cbor\n', 'attach socket'),
                 'no fields': (b'aemp-client\n', 'attach socket'), 'version': (b'aemp-client;2;bad;;cbor\n', 'version'),
                 'framing': (b'aemp-client;1;bad;;xml,storable\n', 'framing'), 'no framing': (b'aemp-client;1;bad;;\n', 'framing'),
                 'too long': (b'aemp-client;1;bad;;cbor;' + b'a' * 4073 + b'\n', 'too long'), 'no end': (b'a' * 5000, 'too long')}
        for name, (octets, what) in cases.items():
            with self.subTest(name), self.watched() as d, AttachClient(d.socket_path) as c:
                c.connect()
                c.send_raw(octets)
                with self.assertRaisesRegex(AttachError, what):
                    c.read_attach()
                c.wait_closed()
                self.one_warning(d, f'[{os.getpid()}]', what)

    def test_slowly(self):
        with self.watched(settings={'handshake_timeout': 1}) as d, AttachClient(d.socket_path) as c:
            c.connect()
            began = time.monotonic()
            with self.assertRaisesRegex(AttachError, 'time'):
                for octet in b'aemp-client;1;slowly;;json;key=value;key=value\n':
                    c.send_raw(bytes([octet]))
                    with contextlib.suppress(Timeout):
                        c.read_attach(0.05)
            self.assertAlmostEqual(time.monotonic() - began, 1.3, delta=0.5)
            self.one_warning(d, f'[{os.getpid()}]', 'time')

    def test_json_that_is_none(self):
        for octets in (b'{"a":1}', b'"x"', b'x', b'17', b'null', b']', b'["a",]', b'[,]', b'["a" "b"]', b'["a":1]', b'[{"a"}]', b'[{1:2}]',
                       b'[{"a":1,}]', b'["\x01"]', b'["\\x"]', b'["\\u12"]', b'[01]', b'[1.]', b'[.5]',
                       b'[+1]', b'[0x1]', b'[tru]', b'["a"}', b'[' * 513, b'[' * 100000, b'["' + b'a' * 65536, b'[' + b' ' * 65536,
                       b"['a']", b'[/**/]', b'\xef\xbb\xbf["a"]', b'[1,2]]'):
            with self.subTest(octets=octets[:20]), self.watched(settings=Messages.SETTINGS) as d, d.attach('bad') as c:
                with contextlib.suppress(Closed):
                    c.send_raw(octets + b'["",""]')
                self.assertEqual(c.recv_all()[-1], ['', 'refused', '', 'protocol', ANY])
                self.one_warning(d, f'bad[{os.getpid()}]', '')

    def test_client_messages_that_are_no_arrays(self):
        """docs/attach.md: what is malformed detaches, with one line in the log."""
        for octets in (b'\xa1\x61a\x01', b'\x61a', b'\x01', b'\xf6', b'\xf5', b'\xa0'):
            with self.subTest(octets=octets), self.watched() as d, d.attach('bad', framings=('cbor',)) as c:
                c.send_raw(octets)
                with contextlib.suppress(Closed):  # it may be already
                    c.send(['', 'time', c.port_id(c.port_name())])
                self.assertEqual(c.recv_all(), [['', 'refused', '', 'protocol', ANY]])
                self.one_warning(d, f'bad[{os.getpid()}]', '')

    def test_what_it_may_not(self):
        """It is refused, with a code and the request's arguments, and goes on."""
        with self.watched() as d, d.attach() as c, d.attach() as other, d.peer('peer') as p:
            foreign = other.port_id(other.port_name())
            cases = [
                (['peer', 'mon1', 'p'], 'snd', 'denied'), (['peer#', 'mon0', 'p'], 'snd', 'denied'),
                (['peer', 'kil0', 'p'], 'snd', 'denied'), (['peer', 'kil1', 'p', 'x'], 'snd', 'denied'),
                (['peer', 'g_slave', {}], 'snd', 'denied'), (['peer', 'aempd::status', 'x#p'], 'snd', 'denied'),
                (['', 'snd', 'peer', 'mon1', 'p'], 'snd', 'denied'), (['', 'relay', 'peer#', 'kil1', 'p'], 'relay', 'denied'),
                (['', 'time', 'peer', 'kil1', 'p'], 'time', 'denied'), (['', 'can', 'x', 'peer', 'g_found'], 'can', 'denied'),
                (['', 'eval', 'x', 'peer', 'kil0', 'p'], 'eval', 'denied'),
                (['', 'snd', 'x', 'snd', 'peer', 'kil1', 'p'], 'snd', 'denied'),
                (['', 'aempd::status', 'peer', 'kil1'], 'aempd::status', 'denied'),
                (['', 'g_slave', {}], 'g_slave', 'denied'), (['x', 'g_global'], 'g_global', 'denied'),
                (['', 'g_found', 'peer', ['127.0.0.1:1']], 'g_found', 'denied'),
                (['', 'kil0', foreign, 'x'], 'kil0', 'denied'), (['', 'kil0', 'peer#p', 'x'], 'kil0', 'denied'),
                (['', 'kil0', 'x', 'x'], 'kil0', 'denied'), (['', 'kil0', 'x#nosuch'], 'kil0', 'denied'),
                (['', 'nosuch', 1, 2], 'nosuch', 'unknown'), (['', 'aempd::nosuch'], 'aempd::nosuch', 'unknown'),
                (['', 'no::such'], 'no::such', 'unknown'), (['x', 'wkp', 'name'], 'wkp', 'unknown'),
                (['a b#c', 1], 'snd', 'invalid'), (['#p', 1], 'snd', 'invalid'), (['ä#p', 1], 'snd', 'invalid'),
                (['n' * 256, 1], 'snd', 'invalid'), (['peer#' + 'p' * 256, 1], 'snd', 'invalid'),
                (['peer#\n', 1], 'snd', 'invalid'), (['peer;x#p', 1], 'snd', 'invalid'), (['peer,#p', 1], 'snd', 'invalid'),
                ([['peer#p'], 1], 'snd', 'invalid'), ([{}, 1], 'snd', 'invalid'), ([True], 'snd', 'invalid'),
                (['', ['time']], '', 'invalid'), (['', {}], '', 'invalid'), (['', True], '', 'invalid'),
                (['', 'mon1'], 'mon1', 'invalid'), (['', 'mon1', []], 'mon1', 'invalid'), (['', 'mon1', '#'], 'mon1', 'invalid'),
                (['', 'mon1', 'a b'], 'mon1', 'invalid'), (['', 'mon0'], 'mon0', 'invalid'), (['', 'kil0'], 'kil0', 'invalid'),
                (['', 'kil1'], 'kil1', 'invalid'), (['', 'kil1', 'a b#c'], 'kil1', 'invalid'), (['', 'down'], 'down', 'invalid'),
                (['', 'snd'], 'snd', 'invalid'), (['', 'snd', 'a b', 1], 'snd', 'invalid'), (['', 'time', []], 'time', 'invalid'),
                (['', 'time', 'a b'], 'time', 'invalid'), (['', 'can'], 'can', 'invalid'), (['', 'eval'], 'eval', 'invalid'),
                (['', *(['snd', 'x'] * 20), 'time'], 'snd', 'invalid'),
            ]
            for message, tag, code in cases:
                with self.subTest(message=message):
                    c.send(message)
                    got = c.sync()
                    self.assertEqual([m[:4] for m in got], [['', 'refused', tag, code]])
                    self.assertIsInstance(got[0][4], str)
                    if message[0] in ('', 'x') and not isinstance(message[1], (list, dict, bool)) and message[1:3] != ['snd', 'x']:
                        self.assertEqual(got[0][5:], message[2:])
            self.assertEqual(p.sync(), [])
            self.assertEqual(other.sync(), [])
            self.assertEqual(c.status()['counters']['refused'], len(cases))

    def test_operations_are_for_admins(self):
        """Another user may attach when the socket's mode allows it, and still sees nothing."""
        if os.geteuid() != 0:
            self.fail('this test attaches as another user: run it as root')
        for admins, allowed in (([], False), (['4712'], False), (['4711'], True)):
            with self.subTest(admins=admins), self.watched(settings={'socket_mode': '0666', 'admins': admins}) as d:
                os.chmod(d.dir, 0o755)
                os.seteuid(4711)
                try:
                    c = d.attach()
                finally:
                    os.seteuid(0)
                with c:
                    for request in ('aempd::status', 'aempd::nodes', 'aempd::clients'):
                        c.send(['', request, c.port_id(c.port_name())])
                        got = c.sync()
                        if allowed:
                            self.assertIsInstance(got[0][1], (dict, list))
                        else:
                            self.assertEqual(got[0][:4], ['', 'refused', request, 'denied'])

    def test_killed_within_a_large_message(self):
        """Half a message is none, and its ports die."""
        with self.watched() as d, d.attach() as c, d.peer('peer') as p, Program(d, 'large') as program:
            target = c.port_name()
            c.mon(program.port_id())
            p.send(['', 'mon1', f'{program.prefix}p'])
            p.sync()
            c.sync()
            program.send(f'["{c.port_id(target)}","small"]["peer#p","small"]["{c.port_id(target)}","'.encode())
            for _ in range(30):
                program.send(b'x' * 50000)
            program.kill9()
            reason = ['detached', 'large', program.pid]
            self.assertEqual(c.recv_n(2), [[target, 'small'], ['', 'kil0', program.port_id(), *reason]])
            self.assertEqual(p.recv_n(2), [['p', 'small'], ['', 'kil0', f'{program.prefix}p', *reason]])
            self.assertEqual(c.sync() + p.sync(), [])
            self.assertEqual(warnings(d), [])


# --- others that stop, vanish, come twice ------------------------------------------------------------------------------------

class Peers(Case):
    def test_one_that_does_not_read(self):
        """Its queue grows up to peer_hard, then it is cut and the monitors fire."""
        settings = {'max_message': MIB, 'peer_high': MIB, 'peer_hard': 4 * MIB}
        with self.watched(settings=settings) as d, d.attach() as c, d.attach() as other:
            stuck = Peer('stuck')
            stuck.adopt(socket.socket())
            stuck.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            stuck.sock.connect((d.host, d.port))
            with stuck, d.peer('feeder') as feeder:
                stuck.handshake()
                c.mon('stuck#p', 'stuck')
                c.sync()
                other.send(['stuck#p', 'hello'])
                other.sync()
                before = resident(d)
                most = before
                for i in range(200):
                    feeder.send(['', 'snd', 'stuck#p', i, 'x' * 100000])
                    feeder.sync()
                    most = max(most, resident(d))
                    if lines(d, 'too slow'):
                        break
                self.one_warning(d, f'stuck at {stuck.address}', 'does not read')
                reason = ['transport_error', 'stuck', ANY]
                self.assertEqual(sorted(c.recv_n(2)), [['', 'kil0', 'stuck', *reason], ['', 'kil0', 'stuck#p', *reason]])
                self.assertEqual(c.recv(), ['', 'down', 'stuck', *reason])
                self.assertEqual(other.recv(), ['', 'down', 'stuck', *reason])
                if not sanitized():
                    self.assertLess(most - before, 16 * MIB)

                stuck.recv()                                       # what it gets has no hole
                stuck.recv_until(['p', 'hello'])
                got = []
                with contextlib.suppress(Closed):
                    while True:
                        got.append(stuck.recv()[1])
                self.assertEqual(got, list(range(len(got))))

    def test_one_that_does_not_read_pauses_clients(self):
        """Clients that feed it are not read from; nothing is lost, and others do not notice."""
        settings = {'max_message': MIB, 'peer_high': MIB, 'peer_hard': 64 * MIB}
        with self.watched(settings=settings) as d, d.attach(framings=('cbor',)) as c, d.peer('lazy') as p:
            c.mon('lazy#p')
            sent, rest = self.fill(d, c, lambda i: ['lazy#p', i, 'x' * 100000])
            self.assertGreater(sent, 10)
            self.assertEqual(p.recv(), ['', 'mon1', 'p'])
            for i in range(sent):
                self.assertEqual(p.recv()[:2], ['p', i])
            c.send_raw(rest)
            self.assertEqual(p.recv()[:2], ['p', sent])
            self.assertEqual(c.sync(), [])
            self.assertEqual(warnings(d), [])

    def test_one_that_never_reads_again(self):
        """Its kernel says that there is no room, for longer than monitor_timeout."""
        settings = {'monitor_timeout': 3, 'heartbeat_interval': 0.5, 'peer_high': MIB, 'max_message': MIB}
        with self.watched(settings=settings) as d, d.attach(framings=('cbor',)) as c, d.peer('stuck') as p:
            c.mon('stuck#p')
            p.recv()
            self.feed(c, lambda i: ['stuck#p', 'x' * 100000])
            self.assertEqual(c.recv()[:5], ['', 'kil0', 'stuck#p', 'transport_error', 'stuck'])
            d.wait_log('node is down: stuck')

    def test_half_close_comes_after_its_input(self):
        with self.watched() as d, d.attach() as c:
            port = c.port_name()
            for n in (1, 1000):
                with d.peer('peer') as p:
                    c.mon('peer#p')
                    c.sync()
                    p.send(*([port, i, 'x' * 500] for i in range(n)), ['', 'kil0', 'p', 'last words'])
                    p.half_close()
                    self.assertEqual([m[1] for m in c.recv_n(n)], list(range(n)))
                    self.assertEqual(c.recv(), ['', 'kil0', 'peer#p', 'last words'])
                    self.assertEqual(c.recv(), ['', 'down', 'peer', 'transport_error', 'peer', 'Unexpected end-of-file'])
                    p.wait_closed()
                    c.answer_down('peer')

    def test_half_close_of_a_client_comes_after_its_input(self):
        with self.watched() as d, d.attach() as c, d.attach() as other, d.peer('peer') as p:
            port = other.port_name()
            other.mon(c.port_id(c.port_name('p')))
            other.sync()
            c.send(*([target, i, 'x' * 500] for i in range(1000) for target in (other.port_id(port), 'peer#p')))
            c.half_close()
            self.assertEqual([m[1] for m in other.recv_n(1000)], list(range(1000)))
            self.assertEqual([m[1] for m in p.recv_n(1000)], list(range(1000)))
            self.assertEqual(other.recv(), ['', 'kil0', c.port_id(c.port_name('p')), 'detached', 'test', os.getpid()])
            c.wait_closed()

    def test_reset(self):
        with self.watched() as d, d.attach() as c:
            with d.peer('peer') as p:
                c.mon('peer#p')
                c.sync()
                p.reset()
                self.assertEqual(c.recv(), ['', 'kil0', 'peer#p', 'transport_error', 'peer', 'Connection reset by peer'])
            self.assertEqual(len(lines(d, 'node is down: peer at')), 1)
            self.assertEqual(warnings(d), [])

    def test_killed_while_it_sends(self):
        """What comes of an aempd's last messages has no hole, and then the monitor fires."""
        def send(sender, to):
            with contextlib.suppress(Closed):
                for i in range(100000):
                    sender.send([to, i, 'x' * 50000])

        for enough in (1, 10, 20, 40, 80):
            with self.watched() as x, Aempd('y', seeds=x.binds) as y, x.attach() as c:
                port = c.port_name()
                with y.attach(framings=('cbor',)) as sender:
                    sender.send(['', 'nodes1'])
                    self.assertEqual(sender.recv(), ['', 'node', 'x', True])
                    c.mon(sender.port_id(sender.port_name('p')))
                    self.assertEqual(sender.recv()[:2], ['', 'mon1'])
                    thread = threading.Thread(target=send, args=(sender, c.port_id(port)))
                    thread.start()
                    seen = [m[1] for m in c.recv_n(enough)]
                    y.kill9()
                    thread.join()
                    while (m := c.recv())[0] == port:
                        seen.append(m[1])
                    self.assertEqual(seen, list(range(len(seen))))
                    self.assertEqual(m[:5], ['', 'kil0', sender.port_id(sender.port_name('p')), 'transport_error', 'y'])
                    self.assertEqual(c.recv()[:3], ['', 'down', 'y'])
                    self.assertEqual(warnings(x), [])


class Stopped(Case):
    """An aempd under SIGSTOP: its kernel goes on for it."""

    def test_for_a_while(self):
        with self.watched() as x, Aempd('y', seeds=x.binds) as y, x.attach() as c, y.attach() as e:
            e.send(['', 'nodes1'])
            e.recv()
            port = e.port_name()
            c.mon(e.port_id(port))
            self.assertEqual(e.recv(), ['', 'mon1', port])
            y.pause()
            for i in range(5000):
                c.send([e.port_id(port), i, 'x' * 100])
            self.assertEqual(c.sync(), [])
            x.bystanders.wait_rounds(20)
            y.resume()
            self.assertEqual([m[1] for m in e.recv_n(5000)], list(range(5000)))
            self.assertEqual(c.sync() + e.sync(), [])

    def test_for_too_long(self):
        """With much under way for it: cut within monitor_timeout. When it goes on it comes back, and what is sent from then on arrives."""
        settings = {'monitor_timeout': 3, 'heartbeat_interval': 0.5, 'peer_high': MIB, 'max_message': MIB}
        with self.watched(settings=settings) as x, Aempd('y', seeds=x.binds, settings=settings) as y:
            with x.attach(framings=('cbor',)) as c, y.attach() as e:
                e.send(['', 'nodes1'])
                self.assertEqual(e.recv(), ['', 'node', 'x', True])
                port = e.port_name()
                c.mon(e.port_id(port))
                self.assertEqual(e.recv(), ['', 'mon1', port])
                y.pause()
                rest = self.feed(c, lambda i: [e.port_id(port), i, 'x' * 100000])
                self.assertEqual(c.recv()[:5], ['', 'kil0', e.port_id(port), 'transport_error', 'y'])
                self.assertEqual(c.recv()[:3], ['', 'down', 'y'])
                y.resume()
                seen = []
                while (m := e.recv())[:4] != ['', 'node', 'x', False]:
                    if m[0] == port:
                        seen.append(m[1])
                self.assertEqual(seen, list(range(len(seen))))
                self.assertEqual(e.recv_until(['', 'node', 'x']), ['', 'node', 'x', True])
                c.send_raw(rest)  # of a message that was begun; it comes before the answer, so it is dropped
                c.answer_down('y')
                c.send([e.port_id(port), 'again'])
                self.assertEqual(e.recv_until([port]), [port, 'again'])


class Twice(Case):
    """One node ID, two nodes."""

    def test_a_restart(self):
        """Killed and started again with the same node ID: it is back at once, and its old ports are dead."""
        with self.watched() as x, Aempd('y', seeds=x.binds) as y, x.attach() as c:
            c.send(['', 'nodes1'])
            self.assertEqual(c.recv_until(['', 'node', 'y']), ['', 'node', 'y', True])
            old = None
            for i in range(3):
                with y.attach() as e:
                    port = e.port_id(e.port_name())
                    self.assertNotEqual(port, old)
                    c.mon(port)
                    self.assertEqual(e.recv()[:2], ['', 'mon1'])
                    c.send([port, i])
                    self.assertEqual(e.recv()[1:], [i])
                    y.kill9()
                    self.assertEqual(c.recv()[:5], ['', 'kil0', port, 'transport_error', 'y'])
                    self.assertEqual(c.recv()[:3], ['', 'down', 'y'])
                    self.assertEqual(c.recv()[:4], ['', 'node', 'y', False])
                    c.answer_down('y')
                began = time.monotonic()
                y.start()
                self.assertEqual(c.recv(), ['', 'node', 'y', True])
                self.assertLess(time.monotonic() - began, 1)
                c.send([port, 'to the dead'])
                c.mon(port)
                self.assertEqual(c.recv(), ['', 'kil0', port, 'no_such_port', 'cannot monitor nonexistent port', port])
                old = port

    def test_who_is_alive_stays(self):
        """A second node with the same ID is refused, in one line with both addresses."""
        with self.watched() as x, x.attach() as c, Node('twin') as first:
            first.connect(x.binds[0])
            address = first.wait_up('x').peer.address
            port = first.port()
            c.mon(port.id)
            c.sync()
            with x.connect(node_id='twin') as second:
                second.send_greeting()
                second.read_greeting()
                second.send_auth()
                with self.assertRaises(Closed):
                    second.read_line()
                x.wait_log(f'warning: .*twin.*{re.escape(second.address)}.*duplicate.*{re.escape(address)}')
                self.assertEqual(len(lines(x, second.address)), 1)
            c.send([port.id, 'still there'])
            self.assertEqual(port.wait(['still there']), ['still there'])
            self.assertEqual(c.sync(), [])
            self.assertEqual([e.kind for e in first.events], ['up'])
            self.assertEqual(len(warnings(x)), 1)

    def test_two_aempds(self):
        """The same with real ones; the second tries again and again."""
        with self.watched() as x, Aempd('twin', seeds=x.binds) as first, x.attach() as c, first.attach() as e:
            e.send(['', 'nodes1'])
            self.assertEqual(e.recv(), ['', 'node', 'x', True])
            port = e.port_name()
            c.mon(e.port_id(port))
            self.assertEqual(e.recv(), ['', 'mon1', port])
            with Aempd('twin', seeds=x.binds):
                for i in range(2):
                    x.wait_log('duplicate', count=i + 1)
                    c.send([e.port_id(port), i])
                    self.assertEqual(e.recv(), [port, i])
            self.assertEqual(c.sync() + e.sync(), [])
            self.assertEqual(x.wait_log(r'twin at (\S+): duplicate.* from (\S+)').group(2),
                             c.nodes()['twin']['address'])

    def test_who_is_dead_goes(self):
        """The first one does not answer: after about a second the second takes over."""
        with self.watched() as x, x.attach() as c, x.peer('twin') as first:
            c.mon('twin#p')
            c.sync()
            with x.connect(node_id='twin') as second:
                began = time.monotonic()
                second.send_greeting()
                second.read_greeting()
                second.send_auth()
                second.send(['', 'time', 'twin#early'])
                second.read_auth()
                self.assertAlmostEqual(time.monotonic() - began, 1.2, delta=0.4)
                self.assertEqual(second.recv()[0], 'early')
                self.assertEqual(c.recv(), ['', 'kil0', 'twin#p', 'transport_error', 'twin', 'switched connections'])
                self.assertEqual(c.recv()[:3], ['', 'down', 'twin'])
                c.answer_down('twin')
                c.send(['twin#p', 'hello'])
                self.assertEqual(second.recv(), ['p', 'hello'])
                self.assertEqual(first.recv_n(2), [['', 'mon1', 'p'], ['', 'snd', 'x', '']])
                self.assertIsNotNone(first.wait_closed())
                x.wait_log(f'node is down: twin at {re.escape(first.address)}: switched connections')

    def test_a_third_while_two_are_weighed(self):
        with self.watched() as x, x.peer('twin'):
            with x.connect(node_id='twin') as second, x.connect(node_id='twin') as third:
                for p in (second, third):
                    p.send_greeting()
                    p.read_greeting()
                    p.send_auth()
                    if p is second:
                        x.bystanders.wait_rounds()
                third.wait_closed()
                second.read_auth()
                self.assertEqual(second.sync(), [])
                self.assertEqual(len(lines(x, third.address)), 1)

    def test_a_stopped_aempd_is_replaced(self):
        """SIGSTOP, a new one with its ID, SIGCONT: then it is the first that is refused."""
        with self.watched() as x, Aempd('twin', seeds=x.binds) as first, x.attach() as c:
            c.send(['', 'nodes1'])
            self.assertEqual(c.recv_until(['', 'node', 'twin']), ['', 'node', 'twin', True])
            c.mon('twin')
            c.sync()
            first.pause()
            with Aempd('twin', seeds=x.binds) as second:
                began = time.monotonic()
                self.assertEqual(c.recv(), ['', 'kil0', 'twin', 'transport_error', 'twin', 'switched connections'])
                self.assertLess(time.monotonic() - began, 3)
                self.assertEqual(c.recv()[:3], ['', 'down', 'twin'])
                c.answer_down('twin')
                self.assertEqual(c.recv_until(['', 'node', 'twin', True]), ['', 'node', 'twin', True])
                with second.attach() as e:
                    port = e.port_name()
                    c.send([e.port_id(port), 'hello'])
                    self.assertEqual(e.recv(), [port, 'hello'])
                    first.resume()
                    x.wait_log('duplicate')
                    c.send([e.port_id(port), 'still here'])
                    self.assertEqual(e.recv(), [port, 'still here'])
                    self.assertEqual(c.sync(), [])


if __name__ == '__main__':
    aemp.main()
