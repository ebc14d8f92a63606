# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bad input: strangers. Each ends in one line of the log that says who and what; bystanders lose nothing."""

import contextlib
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp import cbor
from aemp.harness import Aempd
from aemp.peer import Closed, Listener, Timeout
from hostile_case import Case, lines, warnings


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
        'a token of one octet': (auth_with(token='0'), 'authentication failed'),
        'a token of 127 octets': (auth_line(lambda line: line[:-len(b'0;cbor')] + b';cbor'), 'authentication failed'),
        'a token of 129 octets': (auth_line(lambda line: line.replace(b';cbor', b'0;cbor')), 'authentication failed'),
        'a token of 4000 octets': (auth_with(token='0' * 4000), 'authentication failed'),
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
        'no framing in common': (greet_with(offered=('storable', 'xml')), 'framing'),
        'cleartext, which was not offered': (auth_with(method='cleartext'), 'method'),
        'tls_anon, which was not offered': (auth_with(method='tls_anon', token=''), 'method'),
        'no method': (auth_with(method='none', token='x'), 'method'),
        'storable and nothing else': (greet_with(offered=('storable',)), 'framing.*storable'),
        'no framing': (greet_with(offered=()), 'framing'),
        'storable, which was not offered': (auth_with(framing='storable'), 'framing'),
        'a framing that nobody knows': (auth_with(framing='xml'), 'framing'),
        'unknown methods and nothing else': (greet_with(auth_accept=('hmac_md5', 'password')), 'method.*hmac_md5'),
        'no methods': (greet_with(auth_accept=()), 'method'),
        'a method that nobody knows': (auth_with(method='hmac_md5', token='x'), 'method'),
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
        for act in (auth_with(method='cleartext', token=''), auth_with(method='hmac_sha3_512', token='0' * 128),
                    auth_with(method='tls_anon', token=''),
                    lambda p: p.send_raw(b'aemp;1;bad;tls_anon,cleartext,hmac_sha3_512;cbor\n\nhmac_sha3_512;;cbor\n')):
            with Aempd('x', secret=None) as d, d.connect(node_id='bad', secret='') as p:
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
        """Nobody fills a disk with lines, wherever they come from."""
        with self.watched() as d:
            def stranger(i):
                with d.connect(source=f'127.0.{i // 250 + 1}.{i % 250 + 1}') as p:
                    with contextlib.suppress(Closed):
                        p.send_raw(b'GET / HTTP/1.1\r\n\r\n')
                    p.wait_closed()
            for i in range(300):
                stranger(i)
            self.assertLess(len(warnings(d)), 150)
            deadline = time.monotonic() + 10
            while not lines(d, 'more lines of this kind are left out') and time.monotonic() < deadline:
                i += 1
                stranger(i)
            self.assertTrue(lines(d, 'more lines of this kind are left out'))


if __name__ == '__main__':
    aemp.main()
