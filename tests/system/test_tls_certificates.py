# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates that nobody trusts, of who connects, of seeds, of nodes that are looked for, and of aempd itself.

Each ends in one line of the log that says whose certificate it is and what is wrong with it.
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.handshake import HandshakeError
from aemp.harness import Aempd
from aemp.node import Node
from aemp.peer import ANY, Closed, Listener
from aemp.tls import Tls
from certificates import Authority, shared
from hostile_case import lines
from tls_case import TlsCase
from wire_case import FIRST, LAST


class Certificates(TlsCase):
    def peer_certificates(self):
        """(name, file, what the log says of it)"""
        yield 'expired', self.authority.expired('expired'), 'expired'
        yield 'not yet valid', self.authority.not_yet('not_yet'), 'not.*valid'
        yield 'of another authority', self.other.issue('stranger'), 'certificate'
        yield 'signed by itself', shared(), 'certificate'
        yield 'none', None, '(certificate|alert)'
        yield 'of a node that is no authority', self.signed_by_a_node(), 'certificate'

    def signed_by_a_node(self):
        """A member can't make other members."""
        with Authority('impostor') as impostor:
            member = self.authority.issue('member')
            impostor.key = member
            impostor.ca = member
            leaf = impostor.issue('child')
            return self.authority.join('child-with-chain', leaf, os.path.join(self.authority.dir, 'member.crt'))

    def test_of_who_connects(self):
        for name, cert, what in self.peer_certificates():
            for version in ('1.2', '1.3'):
                for nonce in (FIRST, LAST):
                    with self.subTest(name, version=version, nonce=nonce), Aempd('x', settings=self.settings()) as d, d.attach() as c:
                        with d.connect(node_id='bad', tls=Tls(cert, self.ca, version=version), nonce=nonce) as p:
                            with self.assertRaises((Closed, HandshakeError)):
                                p.handshake()
                                p.sync()
                            d.wait_log(f'warning: .*bad.*{re.escape(p.address)}.*{what}')
                            self.assertEqual(len(lines(d, p.address)), 1, d.log())
                        self.assertEqual((c.nodes(), c.status()['half_open']), ({}, 0))

    def test_of_a_seed(self):
        for name, cert, what in self.peer_certificates():
            with self.subTest(name), Listener() as listener, Aempd('x', settings=self.settings(), seeds=[listener.bind]) as d:
                with listener.accept(node_id='bad', tls=Tls(cert, self.ca)) as p:
                    with self.assertRaises((Closed, HandshakeError)):
                        p.handshake()
                        p.sync()
                d.wait_log(f'{re.escape(listener.bind)}.*{what}')
                self.assertLessEqual(len(lines(d, listener.bind)), 2, d.log())

    def test_names_in_the_log(self):
        """What stands in a certificate can't write lines of its own into the log, nor colours; nor can it be endless."""
        for name in ('a\x1b[31mred', 'a\nb', 'ä€', 'x' * 60):
            for authority, fine in ((self.authority, True), (self.other, False)):
                with self.subTest(name, fine=fine), Aempd('x', settings=self.settings()) as d, d.attach() as c:
                    cert = authority.issue('odd', subject=name)
                    with d.connect(node_id='peer', tls=Tls(cert, self.ca)) as p:
                        if fine:
                            p.handshake()
                            self.assertEqual(p.sync(), [])
                            self.assertNotRegex(c.nodes()['peer']['certificate']['subject'], '[\0-\x1f\x7f]')
                        else:
                            with self.assertRaises((Closed, HandshakeError)):
                                p.handshake()
                                p.sync()
                            d.wait_log(f'warning: .*{re.escape(p.address)}.*certificate')
                    self.assertNotRegex(d.log(), '[\0-\x09\x0b-\x1f\x7f]')
                    self.assertTrue(all(re.match(r'20\d\d-', line) for line in d.log().splitlines()), d.log())

    def test_too_many_of_them(self):
        """A chain without an end."""
        with open(self.other.ca, encoding='ascii') as f:
            stranger = f.read()
        with open(self.good, encoding='ascii') as f:
            endless = self.authority._write('endless.pem', f.read() + stranger * 1000)
        for nonce in (FIRST, LAST):
            with self.subTest(nonce), self.watched(settings=self.settings()) as d:
                with d.connect(node_id='bad', tls=Tls(endless, self.ca), nonce=nonce) as p:
                    with self.assertRaises((Closed, HandshakeError)):
                        p.handshake()
                        p.sync()
                    self.one_warning(d, p.address, 'TLS')

    def test_of_a_node_that_is_watched(self):
        """What is looked for and found with a bad certificate is not found: monitors fire, and say why."""
        with Node('hub') as hub, Listener() as listener:
            hub.requests['g_slave'] = lambda *args: None
            hub.requests['g_find'] = lambda source, node: hub.snd(source, 'g_found', node, [listener.bind])
            with Aempd('x', settings=self.settings(connect_interval=0.5, monitor_timeout=3, heartbeat_interval=1), seeds=[hub.bind]) as d:
                hub.wait_message(['', 'g_slave', ANY])
                for name, cert, what in self.peer_certificates():
                    with self.subTest(name), d.attach() as c:
                        c.mon('bad#p')
                        with listener.accept(node_id='bad', tls=Tls(cert, self.ca)) as p:
                            with self.assertRaises((Closed, HandshakeError)):
                                p.handshake()
                                p.sync()
                        fired = c.recv()
                        self.assertEqual(fired[:5], ['', 'kil0', 'bad#p', 'transport_error', 'bad'])
                        self.assertRegex(fired[5], f'TLS|certificate|timeout|{what}')
                        d.wait_log(f'bad.*{what}')

    def test_ours_is_not_trusted(self):
        """The other side says so by an alert; the log says whose fault it is."""
        for version in ('1.2', '1.3'):
            for nonce in (FIRST, LAST):
                with self.subTest(version=version, nonce=nonce), self.watched(settings=self.settings()) as d:
                    with d.connect(node_id='bad', tls=Tls(self.good, self.other.ca, version=version), nonce=nonce) as p:
                        with self.assertRaises(HandshakeError):
                            p.handshake()
                        self.one_warning(d, p.address, 'certificate')

    def test_between_aempds(self):
        """Each log says what its own side can do about it."""
        for name, cert, what in self.peer_certificates():
            if cert is None:
                continue
            with self.subTest(name), Aempd('x', secret=None, settings=self.settings()) as x, x.attach() as c, \
                 Aempd('y', secret=None, settings={'cert': cert, 'ca': self.ca}, seeds=x.binds) as y:
                x.wait_log(f'warning: .*y.*{what}')
                y.wait_log(f'{re.escape(x.binds[0])}.*(certificate|TLS|{what})')
                self.assertEqual(c.nodes(), {})


if __name__ == '__main__':
    aemp.main()
