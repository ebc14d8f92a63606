# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempctl gencert. What it makes is looked at by OpenSSL's own tool, and used by Python's TLS."""

import os
import re
import resource
import ssl
import stat
import subprocess
import tempfile
import unittest

from aempctl_case import FAILED, USAGE, Case

KEY, CERTIFICATE = '-----BEGIN PRIVATE KEY-----', '-----BEGIN CERTIFICATE-----'
DAY = 86400


def openssl(*args, given=None, status=0):
    done = subprocess.run(['openssl', *args], input=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != status:
        raise AssertionError(f'openssl {args}: {done.returncode} {done.stdout} {done.stderr}')
    return done.stdout


def kinds(pem):
    return re.findall('(?m)^-----BEGIN .*', pem)


class Certificate(Case):
    def setUp(self):
        self.dir = self.enterContext(tempfile.TemporaryDirectory(prefix='gencert-'))

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as f:
            f.write(text)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), encoding='utf-8') as f:
            return f.read()

    def make(self, name, *args):
        self.assertEqual(self.out('gencert', f'--output={self.path(name)}', *args), '')
        return self.path(name)

    def field(self, path, *options):
        return openssl('x509', '-in', path, '-noout', *options).strip()

    def times(self, path):
        return [ssl.cert_time_to_seconds(line.partition('=')[2]) for line in self.field(path, '-dates').split('\n')]

    def serial(self, path):
        return self.field(path, '-serial').partition('=')[2]


class SelfSigned(Certificate):
    def test_key_and_certificate(self):
        path = self.write('x', self.out('gencert'))
        self.assertEqual(kinds(self.read('x')), [KEY, CERTIFICATE])
        self.assertEqual(openssl('pkey', '-in', path, '-pubout'), openssl('x509', '-in', path, '-noout', '-pubkey'))
        text = self.field(path, '-text')
        for what in ('Version: 3', 'NIST CURVE: P-256', 'Signature Algorithm: ecdsa-with-SHA256'):
            self.assertIn(what, text)
        self.assertRegex(text, r'Basic Constraints: critical\s+CA:TRUE\n')
        self.assertRegex(text, r'Key Usage: critical\s+Digital Signature, Certificate Sign, CRL Sign\n')
        self.assertEqual(openssl('verify', '-x509_strict', '-CAfile', path, path).strip(), f'{path}: OK')

    def test_each_one_is_new(self):
        paths = [self.make(str(i)) for i in range(8)]
        serials = [int(self.serial(path), 16) for path in paths]
        self.assertEqual(len(set(serials)), 8)
        self.assertTrue(all(0 < serial < 1 << 159 for serial in serials))
        self.assertTrue(any(serial >> 157 for serial in serials))
        self.assertEqual(len({openssl('pkey', '-in', path, '-pubout') for path in paths}), 8)

    def test_how_long(self):
        for args, days in (([], 3650), (['--days=1'], 1), (['--days', '36500'], 36500)):
            begin, end = self.times(self.write('x', self.out('gencert', *args)))
            self.assertEqual(end - begin, (days + 1) * DAY)

    def test_it_is_valid_for_clocks_that_are_behind(self):
        path = self.make('x')
        begin, _ = self.times(path)
        openssl('verify', '-attime', str(begin + DAY // 2), '-CAfile', path, path)

    def test_names(self):
        self.assertEqual(self.field(self.make('x'), '-subject', '-nameopt', 'RFC2253'), f'subject=CN={os.uname().nodename}')
        for i, name in enumerate(('a', 'node 1', 'gr\u00fc\u00dfe', '\u00e4' * 64, 'x' * 64, 'a,b=c+d')):
            path = self.make(str(i), '--name', name)
            shown = self.field(path, '-subject', '-nameopt', 'utf8,sep_multiline,lname').split('commonName=')[1]
            self.assertEqual(shown, name)
            self.assertEqual(self.field(path, '-issuer').partition('=')[2], self.field(path, '-subject').partition('=')[2])

    def test_what_is_no_name(self):
        for name in ('', 'x' * 65, '\u00e4' * 65, 'x' * 100000, 'a\nb', '\x7f', '\u009b', b'\xff\xfe', b'a\xc3'):
            self.assertIn('no name for a certificate', self.err(USAGE, 'gencert', '--name', name))

    def test_both_ends_of_a_connection_take_it(self):
        path = self.make('x')
        contexts = [ssl.SSLContext(protocol) for protocol in (ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS_SERVER)]
        self.handshake(contexts, [path, path], [path, path])

    def handshake(self, contexts, own, ca):
        pipes = [ssl.MemoryBIO(), ssl.MemoryBIO()]
        ends = []
        for i, context in enumerate(contexts):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_cert_chain(own[i])
            context.load_verify_locations(ca[i])
            ends.append(context.wrap_bio(pipes[i], pipes[1 - i], server_side=i == 1))
        done = [False, False]
        for _ in range(10):
            for i, end in enumerate(ends):
                try:
                    end.do_handshake()
                    done[i] = True
                except ssl.SSLWantReadError:
                    pass
        self.assertEqual(done, [True, True])


class Files(Certificate):
    def test_only_its_owner_may_read_it(self):
        for umask in (0, 0o777):
            self.out('gencert', '--output', self.path(str(umask)), umask=umask)
            self.assertEqual(stat.S_IMODE(os.stat(self.path(str(umask))).st_mode), 0o600)
            self.assertEqual(kinds(self.read(str(umask))), [KEY, CERTIFICATE])

    def test_nothing_is_overwritten(self):
        os.symlink(self.path('nothing'), self.path('link'))
        os.mkdir(self.path('dir'))
        self.write('x', 'precious')
        for name in ('x', 'link', 'dir'):
            err = self.err(FAILED, 'gencert', '--output', self.path(name))
            self.assertIn(f'{self.path(name)}: File exists\n', err)
            self.assertIn('move that one away', err)
        self.assertEqual(self.read('x'), 'precious')
        self.assertFalse(os.path.exists(self.path('nothing')))

    def test_where_none_can_be(self):
        self.assertIn('No such file', self.err(FAILED, 'gencert', '--output', self.path('x/y')))
        self.assertIn('No such file', self.err(FAILED, 'gencert', '--output='))
        self.write('x', '')
        self.assertIn('Not a directory', self.err(FAILED, 'gencert', '--output', self.path('x/y')))

    def test_half_a_file_does_not_stay(self):
        # tests/coverage.sh: nor half a file of its
        err = self.err(FAILED, 'gencert', '--output', self.path('x'), restore_signals=False, env={'GCOV_PREFIX': '/dev/null'},
                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)))
        self.assertIn('File too large', err)
        self.assertEqual(os.listdir(self.dir), [])

    def test_a_full_disk(self):
        with open('/dev/full', 'w', encoding='ascii') as full:
            self.assertIn("can't write: No space left", self.run_ctl('gencert', status=FAILED, stdout=full).stderr)


class Signed(Certificate):
    def check_signed(self, path, ca):
        for purpose in ('sslserver', 'sslclient'):
            openssl('verify', '-purpose', purpose, '-CAfile', ca, path)
        self.assertRegex(self.field(path, '-text'), r'Basic Constraints: critical\s+CA:FALSE\n')

    def test_by_one_of_our_own(self):
        for i, args in enumerate(([], ['--days=5'])):
            ca = self.make(f'ca{i}', '--name=authority')
            path = self.make(f'node{i}', f'--ca={ca}', *args)
            pem = self.read(f'node{i}')
            self.assertEqual(kinds(pem), [KEY, CERTIFICATE, CERTIFICATE])
            self.assertTrue(pem.endswith(self.read(f'ca{i}')[self.read(f'ca{i}').index(CERTIFICATE):]))
            self.assertNotEqual(openssl('pkey', '-in', path), openssl('pkey', '-in', ca))
            self.assertEqual(openssl('pkey', '-in', path, '-pubout'), openssl('x509', '-in', path, '-noout', '-pubkey'))
            self.check_signed(path, ca)
            openssl('verify', '-x509_strict', '-CAfile', ca, path)
            other = self.make(f'other{i}')
            openssl('verify', '-CAfile', other, path, status=2)

    def test_not_with_the_name_of_its_authority(self):
        for args in ([], ['--name=gr\u00fc\u00dfe']):
            err = self.err(USAGE, 'gencert', '--ca', self.make(f'ca{len(args)}', *args), *args)
            self.assertIn('another --name', err)

    def test_two_nodes_of_one_authority(self):
        ca = self.make('ca', '--name=authority')
        nodes = [self.make(name, f'--ca={ca}', f'--name={name}') for name in ('a', 'b')]
        contexts = [ssl.SSLContext(protocol) for protocol in (ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS_SERVER)]
        # each has in its own file what it needs to know the other
        SelfSigned.handshake(self, contexts, nodes, nodes)
        self.assertNotEqual(self.serial(nodes[0]), self.serial(nodes[1]))

    def test_it_ends_with_its_authority(self):
        ca = self.make('ca', '--name=ca', '--days=10')
        self.assertEqual(self.times(self.make('a', f'--ca={ca}'))[1], self.times(ca)[1])
        self.assertEqual(self.times(self.make('b', f'--ca={ca}', '--days=11'))[1], self.times(ca)[1])
        self.assertLess(self.times(self.make('c', f'--ca={ca}', '--days=9'))[1], self.times(ca)[1])

    def authority(self, name, *options, key=('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384')):
        """One that OpenSSL's tool made. The certificate comes first in its file, and the key behind it."""
        openssl('req', '-x509', *key, '-nodes', '-subj', f'/CN={name}', '-keyout', self.path('key'), '-out', self.path('cert'), *options)
        return self.write(name, self.read('cert') + self.read('key'))

    def test_all_kinds_of_authorities(self):
        for name, key in (('rsa', ['-newkey', 'rsa:2048']), ('ed', ['-newkey', 'ed25519']), ('ec', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'])):
            ca = self.authority(name, key=key)
            path = self.make(f'node-{name}', f'--ca={ca}')
            self.check_signed(path, ca)

    def test_an_authority_whose_key_has_no_name(self):
        ca = self.authority('ca', '-extensions', 'none', '-config', self.write(
            'conf', '[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=ca\n[none]\nbasicConstraints=CA:TRUE\nsubjectKeyIdentifier=none\n'))
        self.check_signed(self.make('node', f'--ca={ca}'), ca)

    def test_an_authority_with_one_above_it(self):
        root = self.authority('root')
        openssl('req', '-newkey', 'ed25519', '-nodes', '-subj', '/CN=between', '-keyout', self.path('key'), '-out', self.path('request'))
        between = openssl('x509', '-req', '-in', self.path('request'), '-CA', root, '-CAkey', root, '-CAcreateserial', '-extfile',
                          self.write('ext', 'basicConstraints=CA:TRUE\n'))
        ca = self.write('ca', self.read('key') + between + self.read('cert'))
        path = self.make('node', f'--ca={ca}')
        self.assertEqual(kinds(self.read('node')), [KEY, *3 * [CERTIFICATE]])
        openssl('verify', '-CAfile', root, '-untrusted', path, path)


class NoAuthorities(Certificate):
    def refused(self, ca, text):
        err = self.err(FAILED, 'gencert', '--ca', ca, '--output', self.path('new'))
        self.assertTrue(err.startswith(f'aempctl: {ca}: '), err)
        self.assertIn(text, err)
        self.assertFalse(os.path.exists(self.path('new')))

    def test_files_that_are_not_there(self):
        self.refused(self.path('x'), 'No such file')
        self.refused(self.dir, 'no private key')

    def test_something_else(self):
        for text in ('', 'hello\n', 'x' * 100000):
            self.refused(self.write('x', text), 'no private key')
        for text in (KEY + '\n', CERTIFICATE + '\n', '-----BEGIN ', '\0' * 1000):
            self.refused(self.write('x', text), '')

    def test_one_half_only(self):
        pem = self.out('gencert')
        at = pem.index(CERTIFICATE)
        self.refused(self.write('x', pem[:at]), 'no certificate in it')
        self.refused(self.write('x', pem[at:]), 'no private key')
        self.refused(self.write('x', pem[:at] + self.out('gencert')[at:]), 'not that of its key')

    def test_a_damaged_certificate(self):
        pem = self.out('gencert')
        at = pem.index(CERTIFICATE)
        self.refused(self.write('x', pem[:-40]), "can't be read")
        self.refused(self.write('x', pem[:at + 100] + ('A' if pem[at + 100] != 'A' else 'B') * 20 + pem[at + 120:]), '')
        self.refused(self.write('x', pem + pem[at:-40]), "can't be read")

    def test_a_certificate_that_may_not_sign(self):
        node = self.make('node', '--ca', self.make('ca', '--name=ca'))
        self.refused(node, 'not that of an authority')

    def test_a_key_with_a_passphrase(self):
        pem = self.out('gencert')
        key = openssl('pkcs8', '-topk8', '-passout', 'pass:x', given=pem)
        self.assertIn('ENCRYPTED', key)
        self.refused(self.write('x', key + pem[pem.index(CERTIFICATE):]), 'without a passphrase')

    def test_one_that_has_expired(self):
        self.make('x')
        key = self.write('key', self.read('x')[:self.read('x').index(CERTIFICATE)])
        openssl('req', '-new', '-key', key, '-subj', '/CN=x', '-out', self.path('request'))
        cert = openssl('x509', '-req', '-in', self.path('request'), '-signkey', key, '-days', '-1', '-extfile',
                       self.write('ext', 'basicConstraints=CA:TRUE\n'))
        self.refused(self.write('y', self.read('key') + cert), 'has expired')


if __name__ == '__main__':
    unittest.main()
