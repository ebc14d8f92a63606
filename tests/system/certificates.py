# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates for tests, made when they are needed, by the openssl command."""

import atexit
import functools
import os
import shutil
import subprocess
import tempfile

_CONFIG = """
[ca]
default_ca = here
[here]
database = {dir}/index
new_certs_dir = {dir}
default_md = sha256
policy = any
unique_subject = no
rand_serial = yes
[any]
commonName = supplied
[req]
distinguished_name = any
[authority]
basicConstraints = critical,CA:TRUE
[node]
basicConstraints = CA:FALSE
"""


SHARED = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop', 'vectors', 'tls-node.pem')


@functools.cache
def shared():
    """The key and certificate that all nodes of the captures have, in a file that nobody else reads."""
    fd, path = tempfile.mkstemp(prefix='aempd-tls-node-')
    atexit.register(os.unlink, path)
    with open(fd, 'wb') as to, open(SHARED, 'rb') as source:
        shutil.copyfileobj(source, to)
    return path


def _openssl(*args):
    subprocess.run(['openssl', *args], check=True, stdin=subprocess.DEVNULL, capture_output=True)


class Authority:
    """Signs certificates. `ca` is the file that others trust it by."""

    def __init__(self, name='authority'):
        self.dir = tempfile.mkdtemp(prefix='aempd-ca-')
        self.config = self._write('config', _CONFIG.format(dir=self.dir))
        self._write('index', '')
        self.key, self.ca = self._key('ca'), os.path.join(self.dir, 'ca.pem')
        _openssl('req', '-config', self.config, '-x509', '-extensions', 'authority', '-key', self.key, '-subj', f'/CN={name}', '-days', '30',
                 '-out', self.ca)

    def _write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, 'w', encoding='ascii', opener=functools.partial(os.open, mode=0o600)) as f:
            f.write(text)
        return path

    def _key(self, name):
        path = os.path.join(self.dir, f'{name}.key')
        _openssl('ecparam', '-genkey', '-name', 'prime256v1', '-noout', '-out', path)
        return path

    def certificate(self, name, *, starts='20200101000000Z', ends='21200101000000Z', key=None, subject=None):
        """A certificate, without its key."""
        path, request = os.path.join(self.dir, f'{name}.crt'), os.path.join(self.dir, f'{name}.csr')
        _openssl('req', '-config', self.config, '-utf8', '-new', '-key', key or self._key(name), '-subj', f'/CN={subject or name}', '-out',
                 request)
        _openssl('ca', '-config', self.config, '-batch', '-notext', '-extensions', 'node', '-cert', self.ca, '-keyfile', self.key,
                 '-in', request, '-startdate', starts, '-enddate', ends, '-out', path)
        return path

    def issue(self, name, **options):
        """A file with key and certificate, as aempd wants it."""
        key = self._key(name)
        return self.join(name, key, self.certificate(name, key=key, **options))

    def expired(self, name):
        return self.issue(name, starts='20200101000000Z', ends='20210101000000Z')

    def not_yet(self, name):
        return self.issue(name, starts='20900101000000Z')

    def mismatched(self, name):
        """A key, and a certificate of another one."""
        certificate = self.certificate(name)
        return self.join(name, self._key(f'{name}-other'), certificate)

    def join(self, name, *files):
        """The contents of these in one file that nobody else reads."""
        texts = []
        for path in files:
            with open(path, encoding='ascii') as f:
                texts.append(f.read())
        return self._write(f'{name}.pem', ''.join(texts))

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
