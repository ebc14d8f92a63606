# SPDX-License-Identifier: LGPL-2.1-or-later
"""TLS between nodes: where it begins, who begins, what it hides; records cut and joined in all ways."""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp import cbor
from aemp.harness import Aempd
from aemp.node import Node
from aemp.peer import ANY, Closed, Listener
from aemp.tls import SHARED, Tls
from certificates import Authority, shared
from tap import Tap
from wire_case import FIRST, LAST

VERSIONS = ('1.2', '1.3')
WORD = 'Donaudampfschiff'        # what nobody on the way may read


def with_tls(node_id='x', **options):
    return Aempd(node_id, settings={'cert': shared(), **options.pop('settings', {})}, **options)


class Case(unittest.TestCase):
    def each(self, check):
        for version in VERSIONS:
            for nonce, role in ((FIRST, 'client'), (LAST, 'server')):
                with self.subTest(version=version, role=role):
                    check(version, nonce)


class Greeting(Case):
    def test_it_says_so(self):
        with with_tls() as d, d.connect() as p:
            p.send_greeting()
            remote = p.read_greeting()
            self.assertEqual(remote.keys['tls'], '1.0')
            self.assertEqual(remote.auth, ['tls_sha3_512', 'hmac_sha3_512'])
        with with_tls(secret=None) as d, d.connect() as p:
            p.send_greeting()
            self.assertEqual(p.read_greeting().auth, ['tls_sha3_512'])

    def test_the_nonce_decides(self):
        """Whoever connected: the smaller nonce is the client, compared octet by octet; a shorter one is smaller than what it begins."""
        with with_tls() as d:
            for nonce, role in ((b'', 'client'), (b'\x01', 'client'), (b'!' * 200, 'client'), (b'~', 'server'), (b'\xff', 'server')):
                with self.subTest(nonce), d.connect(node_id='peer', tls=Tls(), nonce=nonce) as p:
                    p.handshake()
                    self.assertEqual(p.sock.role, role)
                    self.assertEqual(p.sync(), [])

    def test_a_nonce_that_continues_ours(self):
        """The beginning of a nonce is smaller than the whole."""
        with with_tls() as d:
            for change, role in ((lambda n: n[:-1], 'client'), (lambda n: n + b'0', 'server'), (lambda n: n + b'\0', 'server'),
                                 (lambda n: n[:1], 'client')):
                with self.subTest(role), d.connect(node_id='peer', tls=Tls()) as p:
                    p.l1 = p.make_greeting()
                    p.read_greeting()
                    p.l2 = change(p.r2)
                    p.send_greeting()
                    p.start_tls()
                    self.assertEqual(p.sock.role, role)
                    p.send_auth()
                    p.read_auth()
                    self.assertEqual(p.sync(), [])

    def test_equal_nonces(self):
        """Neither can begin."""
        with with_tls() as d, d.connect(node_id='copycat', tls=Tls()) as p:
            p.l1 = p.make_greeting()
            p.read_greeting()
            p.l2 = p.r2
            p.send_greeting()
            p.wait_closed()
            d.wait_log(f'warning: .*copycat.*{re.escape(p.address)}.*nonce')

    def test_both_of_its_roles_with_each_version(self):
        def check(version, nonce):
            for connects in (True, False):
                with Listener() as listener, with_tls(seeds=[] if connects else [listener.bind]) as d:
                    options = {'node_id': 'peer', 'tls': Tls(version=version), 'nonce': nonce}
                    with (d.connect(**options) if connects else listener.accept(**options)) as p, d.attach() as c:
                        p.handshake()
                        self.assertEqual(p.sock.version, f'TLSv{version}')
                        self.assertEqual([m for m in p.sync() if m[1:2] != ['g_slave']], [])
                        self.assertEqual(c.nodes()['peer']['tls'], f'TLSv{version}')
        self.each(check)


class OneSide(Case):
    """Only one of both offers it: then there is none, and the secret has to do."""

    def test_with_a_secret(self):
        for daemon_has in (True, False):
            for connects in (True, False):
                with self.subTest(daemon_has=daemon_has, connects=connects), Listener() as listener:
                    seeds = [] if connects else [listener.bind]
                    with (with_tls(seeds=seeds) if daemon_has else Aempd('x', seeds=seeds)) as d, d.attach() as c:
                        options = {'node_id': 'peer', 'tls': None if daemon_has else Tls()}
                        with (d.connect(**options) if connects else listener.accept(**options)) as p:
                            p.handshake()
                            self.assertFalse(p.tls)
                            p.sync()
                            state = c.nodes()['peer']
                            self.assertEqual((state['state'], state['tls'], state['auth']), ('up', None, 'hmac_sha3_512'))

    def test_versions_of_the_key(self):
        """1.x is TLS, whatever x is; another number is something that nobody knows yet."""
        for value, tls in (('1.0', True), ('1.7', True), ('1.', True), ('2.0', False), ('1', False), ('', False), ('0.9', False)):
            with self.subTest(value), with_tls() as d, d.connect(node_id='peer', extra_keys={'tls': value}) as p:
                p.tls_options = Tls() if tls else None
                p.greeting = p.make_greeting().replace(b'tls=1.0', f'tls={value}'.encode())
                p.handshake()
                self.assertEqual(p.tls, tls)
                self.assertEqual(p.sync(), [])

    def test_without(self):
        for daemon_has in (True, False):
            for connects in (True, False) if daemon_has else (True,):     # it would not start
                with self.subTest(daemon_has=daemon_has, connects=connects), Listener() as listener:
                    options = {'secret': None, 'seeds': [] if connects else [listener.bind]}
                    with (with_tls(**options) if daemon_has else Aempd('x', **options)) as d, d.attach() as c:
                        options = {'node_id': 'peer', 'secret': 'geheim', 'tls': None if daemon_has else Tls()}
                        with (d.connect(**options) if connects else listener.accept(**options)) as p:
                            p.send_greeting()
                            p.read_greeting()
                            with self.assertRaises(Closed):
                                p.send_line(p.make_auth(method='hmac_sha3_512'))
                                p.read_line()
                            where = re.escape(p.address if connects else listener.bind)
                            d.wait_log(f'{where}.*{"TLS" if daemon_has else "no secret|method"}')
                            self.assertEqual(c.status()['counters']['nodes_up'], 0)

    def test_no_method_that_needs_it(self):
        """tls_sha3_512 and tls_anon without TLS prove nothing, whatever is configured."""
        settings = {'auth_accept': ['tls_sha3_512', 'tls_anon', 'hmac_sha3_512']}
        for method, token in (('tls_anon', ''), ('tls_sha3_512', None)):
            with self.subTest(method), with_tls(settings=settings) as d, d.connect(node_id='bad') as p:
                p.send_greeting()
                p.read_greeting()
                p.tls = True         # for the token
                p.send_auth(method=method, token=token)
                p.wait_closed()
                d.wait_log(f'warning: .*bad.*{re.escape(p.address)}')

    def test_the_wrong_hash(self):
        def check(version, nonce):
            for token in ('0' * 128, '', 'x', '0' * 127, '0' * 129, None):
                with with_tls() as d, d.connect(node_id='bad', tls=Tls(version=version), nonce=nonce) as p:
                    p.send_greeting()
                    p.read_greeting()
                    p.start_tls()
                    if token is None:                             # in upper case
                        token = p.make_auth().split(b';')[1].decode().upper()
                    with self.assertRaises(Closed):
                        p.send_auth(method='tls_sha3_512', token=token)
                        p.wait_closed()
                        raise Closed('as it should')
                    d.wait_log(f'warning: .*bad.*{re.escape(p.address)}.*authentication failed')
        self.each(check)

    def test_anonymous_only_when_configured(self):
        with with_tls() as d, d.connect(node_id='bad', tls=Tls()) as p:
            p.send_greeting()
            p.read_greeting()
            p.start_tls()
            p.send_auth(method='tls_anon')
            p.wait_closed()
            d.wait_log(f'warning: .*bad.*{re.escape(p.address)}.*method')


class Records(Case):
    def test_octet_by_octet(self):
        def check(version, nonce):
            with with_tls() as d, d.connect(node_id='peer', tls=Tls(version=version, pieces=1), nonce=nonce) as p:
                p.handshake()
                p.send(*(['', 'snd', 'peer#p', i, 'x' * 100] for i in range(10)))
                self.assertEqual([m[1] for m in p.recv_n(10)], list(range(10)))
        self.each(check)

    def test_the_first_record_with_the_lines(self):
        """A client that knows that it is one: greeting, nonce and its hello in one segment."""
        for version in VERSIONS:
            for pieces in (None, 1):
                with self.subTest(version=version, pieces=pieces), with_tls() as d:
                    with d.connect(node_id='peer', tls=Tls(version=version, pieces=pieces), nonce=FIRST) as p:
                        p.send_greeting_and_hello()
                        p.read_greeting()
                        p.start_tls()
                        p.send_auth()
                        p.read_auth()
                        self.assertEqual(p.sync(), [])

    def test_the_first_record_with_a_part_of_the_lines(self):
        """Wherever the octets are cut."""
        with with_tls() as d:
            for cut in range(-12, 12):
                with self.subTest(cut), d.connect(node_id='peer', tls=Tls(), nonce=FIRST) as p:
                    send, octets = p.send_raw, []
                    p.send_raw = octets.append
                    p.send_greeting_and_hello()
                    p.send_raw = send
                    end = octets[0].index(b'\n') + 2 + cut       # about where the nonce line ends
                    p.send_raw(octets[0][:end])
                    p.read_greeting()
                    p.send_raw(octets[0][end:])
                    p.start_tls()
                    p.send_auth()
                    p.read_auth()
                    self.assertEqual(p.sync(), [])

    def test_everything_at_once(self):
        """Our last record of the handshake, the auth line and the first messages in one segment, and in one record."""
        def check(version, nonce):
            with with_tls() as d, d.attach() as c, d.connect(node_id='peer', tls=Tls(version=version), nonce=nonce) as p:
                p.send_greeting()
                p.read_greeting()
                p.start_tls(hold=True)
                port = c.port_name()
                p.l3 = p.make_auth()
                p.send_raw(p.l3 + b'\n' + cbor.encode([port, 1]) + cbor.encode([port, 2]))
                p.read_auth()
                self.assertEqual(c.recv_n(2), [[port, 1], [port, 2]])
        self.each(check)

    def test_messages_across_records(self):
        def check(version, nonce):
            with with_tls() as d, d.connect(node_id='peer', tls=Tls(version=version), nonce=nonce) as p:
                p.handshake()
                octets = b''.join(cbor.encode(['', 'snd', 'peer#p', i, 'x' * (i * 7)]) for i in range(50))
                records = b''.join(p.sock.records(octets[i:i + 13]) for i in range(0, len(octets), 13))
                for i in range(0, len(records), 1009):
                    p.sock.sock.sendall(records[i:i + 1009])
                self.assertEqual([m[1] for m in p.recv_n(50)], list(range(50)))
        self.each(check)

    def test_large_messages(self):
        """Larger than any record, buffer or window, in both directions at once."""
        def check(version, nonce):
            with with_tls() as d, Node('ref', tls=Tls(version=version), nonce=nonce) as ref, d.attach(framings=('cbor',)) as c:
                ref.connect(d.binds[0])
                ref.wait_up('x')
                echo = ref.port(lambda port, reply, *rest: ref.snd(reply, *rest))
                port = c.port_name()
                for size in (16383, 16384, 16385, 65536, 3000000):
                    c.send([echo.id, c.port_id(port), 'x' * size], [echo.id, c.port_id(port), 'y'])
                    self.assertEqual(c.recv_n(2, 30), [[port, 'x' * size], [port, 'y']])
        self.each(check)

    def test_the_end(self):
        """With close_notify or without, half-closed or not: all that was said before is heard."""
        def check(version, nonce):
            for how in ('close_notify', 'half_close', 'close'):
                with with_tls() as d, d.attach() as c, d.connect(node_id='peer', tls=Tls(version=version), nonce=nonce) as p:
                    p.handshake()
                    port = c.port_name()
                    c.mon('peer#p')
                    p.recv()
                    p.send(*([port, i, 'x' * 500] for i in range(1000)))
                    (p.sock.close_notify if how == 'close_notify' else getattr(p, how))()
                    self.assertEqual([m[1] for m in c.recv_n(1000)], list(range(1000)))
                    self.assertEqual(c.recv(), ['', 'kil0', 'peer#p', 'transport_error', 'peer', ANY])
                    if how != 'close':
                        p.wait_closed()
        self.each(check)


class Aempds(Case):
    def test_two(self):
        """Without a secret; what they say can't be read on the way."""
        with with_tls('x', secret=None) as x, Tap(x.binds[0]) as tap:
            with with_tls('y', secret=None, seeds=[tap.bind]) as y, x.attach() as c, y.attach() as e:
                e.send(['', 'nodes1'])
                self.assertEqual(e.recv(), ['', 'node', 'x', True])
                state = e.nodes()['x']
                self.assertEqual((state['tls'], state['auth'], state['auth_sent']), ('TLSv1.3', 'tls_sha3_512', 'tls_sha3_512'))
                self.assertEqual(state['certificate'], {'subject': ANY, 'expires': 4733510400})
                self.assertEqual(e.status()['certificate']['expires'], 4733510400)
                port = c.port_name()
                for i in range(200):
                    e.send([c.port_id(port), i, WORD * i])
                self.assertEqual([m[1] for m in c.recv_n(200)], list(range(200)))
                for octets in tap.seen[0]:
                    self.assertEqual(octets.count(b'\n', 0, 400) >= 2, True)
                    self.assertNotIn(WORD.encode(), octets)
                    self.assertNotIn(b'tls_sha3_512;', octets.split(b'\n', 2)[2])
                self.assertGreater(len(tap.seen[0][0]), 200 * 100 * len(WORD))

    def test_without_tls_they_can_be_read(self):
        """That the test before this one sees anything at all."""
        with Aempd('x') as x, Tap(x.binds[0]) as tap, Aempd('y', seeds=[tap.bind]) as y, x.attach() as c, y.attach() as e:
            e.send(['', 'nodes1'])
            e.recv()
            e.send([c.port_id(c.port_name()), WORD])
            c.recv()
            self.assertIn(WORD.encode(), tap.seen[0][0])

    def test_an_authority(self):
        """Each node has a certificate of its own, signed by one that all trust; also by way of another one."""
        with Authority() as authority:
            certs = [authority.issue(name) for name in ('one', 'two', 'three')]
            with Aempd('x', secret=None, settings={'cert': certs[0], 'ca': authority.ca}) as x, x.attach() as c, \
                 Aempd('y', secret=None, settings={'cert': certs[1], 'ca': authority.ca}, seeds=x.binds) as y:
                c.send(['', 'nodes1'])
                self.assertEqual(c.recv(), ['', 'node', 'y', True])
                self.assertIn('two', c.nodes()['y']['certificate']['subject'])
                y.wait_log('node is up: x')
                for version in VERSIONS:
                    with x.peer('peer', secret=None, tls=Tls(certs[2], authority.ca, version=version)) as p:
                        self.assertEqual(c.recv(), ['', 'node', 'peer', True])
                        self.assertEqual(p.sync(), [])
                    self.assertEqual(c.recv()[:4], ['', 'node', 'peer', False])

    def test_two_authorities(self):
        """While one takes the place of another, both are trusted."""
        with Authority('old') as old, Authority('new') as new:
            both = new.join('both', old.ca, new.ca)
            with Aempd('x', secret=None, settings={'cert': old.issue('x'), 'ca': both}) as x:
                for authority in (old, new):
                    with self.subTest(authority.ca), x.peer('peer', secret=None, tls=Tls(authority.issue('peer'), both)) as p:
                        self.assertEqual(p.sync(), [])

    def test_the_file_of_the_captures_as_its_own_ca(self):
        with Aempd('x', secret=None, settings={'cert': shared(), 'ca': shared()}) as d:
            with d.peer('peer', secret=None, tls=Tls(SHARED, SHARED)) as p:
                self.assertEqual(p.sync(), [])


if __name__ == '__main__':
    aemp.main()
