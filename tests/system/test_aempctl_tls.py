# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates that aempctl gencert made, in aempds that aempctl nodes and status look at."""

import os
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

from aemp.harness import Aempd
from aempctl_case import NO_SUCH, Case, address_of

DAY = 86400


class Tls(Case):
    def setUp(self):
        self.dir = self.enterContext(tempfile.TemporaryDirectory(prefix='tls-'))

    def make(self, name, *args):
        path = os.path.join(self.dir, f'{name}.pem')
        self.out('gencert', f'--output={path}', *args)
        return path

    def node(self, node_id, cert, seeds=(), **options):
        return self.enterContext(Aempd(node_id, seeds=seeds, secret=None, settings={'cert': cert}, **options))

    def two_nodes(self, a, b):
        """aempctl nodes --json of each, once they know each other."""
        first = self.node('a', a)
        second = self.node('b', b, [first.binds[0]])
        for node in (first, second):
            node.wait_log('node is up')
        return [(node, self.out_json('nodes', '-j', address=address_of(node))[0]) for node in (first, second)]

    def check_tls(self, pairs):
        for node, row in pairs:
            self.assertEqual((row['tls'], row['auth'], row['auth_sent']), ('TLSv1.3', 'tls_sha3_512', 'tls_sha3_512'))
            self.assertEqual((row['framing'], row['framing_sent']), ('cbor', 'cbor'))
            header, line = self.out('nodes', address=address_of(node)).rstrip('\n').split('\n')
            self.assertEqual(header[header.index(' TLS ') + 1:].split()[:3], ['TLS', 'AUTH', 'FRAMING'])
            self.assertEqual(line[header.index(' TLS ') + 1:].split()[:3], ['TLSv1.3', 'tls_sha3_512', 'cbor'])
            self.assertIn('All is well', self.out('status', address=address_of(node)))

    def test_one_certificate_for_all(self):
        cert = self.make('node', '--name=everybody')
        pairs = self.two_nodes(cert, cert)
        self.check_tls(pairs)
        for node, row in pairs:
            self.assertIn('everybody', row['certificate']['subject'])
            self.assertAlmostEqual(row['certificate']['expires'], time.time() + 3650 * DAY, delta=600)
            status = self.out_json('status', '-j', address=address_of(node))
            self.assertEqual(status['certificate']['expires'], row['certificate']['expires'])
            self.assertAlmostEqual(status['certificate']['days'], 3650, delta=1)
            self.assertRegex(self.out('status', address=address_of(node)), r'Certificate: expires \d{4}-\d\d-\d\d \(36(49|50) days\)\n')

    def test_an_authority(self):
        ca = self.make('ca', '--name=authority')
        pairs = self.two_nodes(*(self.make(name, f'--ca={ca}', f'--name={name}') for name in ('a', 'b')))
        self.check_tls(pairs)
        self.assertIn('b', pairs[0][1]['certificate']['subject'])
        self.assertIn('a', pairs[1][1]['certificate']['subject'])

    def test_one_that_expires_soon(self):
        ca = self.make('ca', '--name=ca')
        (a, _), (b, _) = self.two_nodes(self.make('a', '--days=3', f'--ca={ca}'), self.make('b', f'--ca={ca}'))
        self.assertRegex(self.out('status', address=address_of(a)), r'\n! certificate expires \d{4}-\d\d-\d\d \([23] days\)\n\Z')
        self.assertRegex(self.out('status', address=address_of(b)), r'\n! node a: certificate expires \d{4}-\d\d-\d\d \([23] days\)\n\Z')
        self.assertRegex(self.out('nodes', address=address_of(b)), r' TLSv1\.3 ![23]d  ')
        self.assertIn(' TLSv1.3  ', self.out('nodes', address=address_of(a)))

    def test_strangers_stay_out(self):
        first = self.node('a', self.make('a'))
        second = self.node('b', self.make('b'), [first.binds[0]])
        self.err(NO_SUCH, 'snd', 'a', 'devnull', address=address_of(second))
        self.assertNotIn(' up ', self.out('nodes', address=address_of(second)))

    def test_without(self):
        with Aempd('a') as first, Aempd('b', seeds=[first.binds[0]]) as second:
            second.wait_log('node is up')
            [row] = self.out_json('nodes', '-j', address=address_of(second))
            self.assertEqual((row['tls'], row['cipher'], row['certificate'], row['auth']), (None, None, None, 'hmac_sha3_512'))
            self.assertIn('Certificate: none\n', self.out('status', address=address_of(second)))

    def test_aempd_takes_what_was_made(self):
        ca = self.make('ca', '--name=ca')
        for cert in (ca, self.make('node', f'--ca={ca}')):
            node = Aempd('a', secret=None, settings={'cert': cert})
            self.addCleanup(node.cleanup)
            with open(node.config_path, 'w', encoding='utf-8') as f:
                os.fchmod(f.fileno(), 0o600)
                f.write(node.config())
            done = subprocess.run([os.environ['AEMPD'], f'--config={node.config_path}', '--check'], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True)
            self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == '__main__':
    unittest.main()
