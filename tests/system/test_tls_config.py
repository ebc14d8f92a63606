# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates in the configuration: what can't work is an error of --check and of the start, which names file and line."""

import os
import re
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.harness import Aempd
from aemp.peer import Closed
from aemp.handshake import HandshakeError
from aemp.tls import Tls
from certificates import SHARED, Authority, shared

DAY = 86400


def stamp(seconds):
    return time.strftime('%Y%m%d%H%M%SZ', time.gmtime(time.time() + seconds))


class Config(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.addClassCleanup(cls.authority.close)
        cls.good = cls.authority.issue('good')

    def file(self, name, text, mode=0o600):
        path = os.path.join(self.authority.dir, name)
        with open(path, 'w', encoding='ascii') as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def part(self, path, word):
        """The PEM blocks with that word in their first line."""
        with open(path, encoding='ascii') as f:
            return ''.join(m[0] for m in re.finditer(r'-----BEGIN ([A-Z ]+)-----.*?-----END \1-----\n', f.read(), re.S) if word in m[1])

    def encrypted(self):
        path = os.path.join(self.authority.dir, 'with-passphrase.key')
        subprocess.run(['openssl', 'pkcs8', '-topk8', '-in', self.good, '-passout', 'pass:geheim', '-out', path], check=True, capture_output=True)
        return self.authority.join('encrypted', path, self.authority.certificate('encrypted'))

    def check(self, settings):
        """Both must say the same: --check, and a start. Returns status and text of --check."""
        d = Aempd('x', settings=settings)
        try:
            d.args = ['--check']
            d.start(ready=False)
            status, text = d.wait(), d.log()
            d.args = []
            if status == 0:
                d.start()
                d.stop()
            else:
                d.start(ready=False)
                self.assertEqual(d.wait(), status)
                self.assertEqual(re.findall(r'error: .*(conf:\d+: .*)', d.log()), re.findall(r'(conf:\d+: .*)(?<!\(warning\))$', text, re.M))
            self.assertNotIn('PRIVATE KEY', text)
            return status, text
        finally:
            d.cleanup()

    def test_what_can_not_work(self):
        key, certificate = self.part(self.good, 'PRIVATE KEY'), self.part(self.good, 'CERTIFICATE')
        half = certificate[:len(certificate) // 2] + '\n-----END CERTIFICATE-----\n'
        cases = {
            'no such file': ('/nonexistent/node.pem', 'No such file|does not exist'),
            'a folder': ('/', ''),
            'empty': (self.file('empty.pem', ''), 'no private key'),
            'rubbish': (self.file('rubbish.pem', 'rubbish\n' * 100), 'no private key'),
            'no key': (self.file('no-key.pem', certificate), 'no private key'),
            'no certificate': (self.file('no-certificate.pem', key), 'no certificate'),
            'of another key': (self.authority.mismatched('mismatched'), 'key does not belong'),
            'damaged certificate': (self.file('damaged.pem', key + half), 'certificate|damaged'),
            'damaged key': (self.file('damaged-key.pem', key.replace('M', 'A', 3) + certificate), 'key|damaged'),
            'with a passphrase': (self.encrypted(), 'encrypted'),
            'readable by everybody': (self.file('open.pem', key + certificate, 0o644), 'everybody may read'),
        }
        for name, (path, what) in cases.items():
            with self.subTest(name):
                status, text = self.check({'cert': path})
                self.assertNotEqual(status, 0)
                self.assertRegex(text, rf'aempd\.conf:\d+: .*({what})')
                self.assertIn(path, text)

    def test_authorities_that_can_not_work(self):
        cases = {'no such file': ('/nonexistent/ca.pem', 'No such file|does not exist'), 'empty': (self.file('empty-ca.pem', ''), 'no certificate'),
                 'a key': (self.file('key-ca.pem', self.part(self.good, 'PRIVATE KEY')), 'no certificate')}
        for name, (path, what) in cases.items():
            with self.subTest(name):
                status, text = self.check({'cert': self.good, 'ca': path})
                self.assertNotEqual(status, 0)
                self.assertRegex(text, rf'aempd\.conf:\d+: .*({what})')
                self.assertIn(path, text)

    def test_what_works(self):
        chain = self.authority.join('chain', self.good, self.authority.ca)
        for name, settings in {'own certificate': {'cert': self.good, 'ca': self.authority.ca}, 'shared': {'cert': shared()},
                               'with its authority': {'cert': chain}}.items():
            with self.subTest(name):
                status, text = self.check(settings)
                self.assertEqual(status, 0, text)
                self.assertNotIn('error', text)
                self.assertNotIn('warning', text)

    def test_expired(self):
        """It is started all the same, as the other nodes' clocks decide; and said, so that somebody does something."""
        for name, cert, what in (('expired', self.authority.expired('expired'), 'expired'),
                                 ('not yet valid', self.authority.not_yet('not_yet'), 'not valid before'),
                                 ('soon', self.authority.issue('soon', ends=stamp(5 * DAY)), 'expires in')):
            with self.subTest(name):
                status, text = self.check({'cert': cert, 'ca': self.authority.ca})
                self.assertEqual(status, 0)
                self.assertRegex(text, rf'{re.escape(cert)}.*{what}.*\(warning\)')
                with Aempd('x', settings={'cert': cert, 'ca': self.authority.ca}) as d, d.attach() as c:
                    days = c.status()['certificate']['days']
                    self.assertTrue({'expired': days < 0, 'not yet valid': days > 0, 'soon': 3 <= days <= 5}[name], days)
                    with d.connect(node_id='peer', tls=Tls(self.good, self.authority.ca)) as p:
                        if name == 'soon':
                            p.handshake()
                            self.assertEqual(p.sync(), [])
                        else:
                            with self.assertRaises((HandshakeError, Closed)):
                                p.handshake()
                                p.sync()
                            d.wait_log(f'{re.escape(p.address)}.*(certificate|TLS)')

    def test_who_must_have_what(self):
        """A node that can be reached from elsewhere needs a secret or a certificate that its methods can use."""
        outside = ['0.0.0.0:4040']
        for name, settings, fine in (
                ('nothing', {}, False), ('a certificate', {'cert': self.good}, True), ('a secret', {'secret': 'geheim'}, True),
                ('methods without what they need', {'secret': 'geheim', 'auth_accept': ['tls_sha3_512']}, False),
                ('nothing to send', {'secret': 'geheim', 'auth_offer': ['tls_sha3_512']}, False),
                ('an unknown method', {'secret': 'geheim', 'auth_accept': ['hmac_md5']}, False),
                ('an unknown framing', {'secret': 'geheim', 'framing_format': ['cbor', 'xml']}, False),
                ('no framing', {'secret': 'geheim', 'framing_format': ['storable']}, False)):
            with self.subTest(name):
                d = Aempd('x', binds=outside, secret=None, settings=settings, args=['--check'])
                try:
                    d.start(ready=False)
                    self.assertEqual(d.wait() == 0, fine, d.log())
                    if not fine:
                        self.assertRegex(d.log(), r'aempd\.conf:\d+: ')
                finally:
                    d.cleanup()

    def test_several_secrets(self):
        """The first is sent, all are accepted: that is how one takes the place of another."""
        with Aempd('x', secret=None, settings={'secret': ['new', 'old']}) as d:
            for secret in ('new', 'old'):
                with self.subTest(secret), d.connect(node_id=secret, secret=secret, verify=False) as p:
                    p.handshake()
                    self.assertEqual(p.sync(), [])
                    lines = {'l1': p.l1, 'l2': p.l2, 'r1': p.r1, 'r2': p.r2}
                    self.assertTrue(aemp.handshake.verify_token('hmac_sha3_512', p.remote_auth.token, secret='new', **lines))
            with d.connect(node_id='bad', secret='older') as p:
                p.send_greeting()
                p.read_greeting()
                p.send_auth()
                p.wait_closed()
                d.wait_log('authentication failed')

    def test_methods_and_framings(self):
        """In the order of the configuration, and nothing else."""
        cases = [({'auth_accept': ['hmac_sha3_512', 'cleartext'], 'framing_format': ['json', 'cbor']}, ['hmac_sha3_512', 'cleartext'], ['json', 'cbor']),
                 ({'framing_format': ['json']}, ['hmac_sha3_512'], ['json']),
                 ({'cert': self.good, 'auth_accept': ['tls_anon', 'tls_sha3_512']}, ['tls_anon', 'tls_sha3_512'], ['cbor', 'json'])]
        for settings, methods, framings in cases:
            with self.subTest(settings), Aempd('x', settings=settings) as d, d.connect() as p:
                p.send_greeting()
                remote = p.read_greeting()
                self.assertEqual((remote.auth, remote.framings), (methods, framings))

    def test_what_it_sends(self):
        """auth_offer: the first that the other side takes, of those."""
        for offer, takes, sent in ((['cleartext', 'hmac_sha3_512'], ('cleartext', 'hmac_sha3_512'), 'cleartext'),
                                   (['cleartext', 'hmac_sha3_512'], ('hmac_sha3_512', 'cleartext'), 'hmac_sha3_512'),
                                   (['hmac_sha3_512'], ('cleartext', 'hmac_sha3_512'), 'hmac_sha3_512')):
            with self.subTest(offer), Aempd('x', settings={'auth_offer': offer}) as d, d.peer('peer', auth_accept=takes) as p:
                self.assertEqual(p.remote_auth.method, sent)
        with Aempd('x') as d, d.connect(node_id='bad', auth_accept=('cleartext',)) as p:
            p.send_greeting()
            p.wait_closed()               # it never gives its secret away unless it was told to
            d.wait_log(f'{re.escape(p.address)}.*method')

    def test_the_file_of_the_captures(self):
        """Everybody may read it, and there is a key in it."""
        os.chmod(SHARED, os.stat(SHARED).st_mode | 0o004)
        status, text = self.check({'cert': SHARED})
        self.assertNotEqual(status, 0)
        self.assertIn('everybody may read', text)


if __name__ == '__main__':
    aemp.main()
