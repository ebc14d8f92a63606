# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lines before the messages: greeting, nonce, auth line (protocol.md, section 2)."""

import base64
import dataclasses
import hashlib
import hmac
import os
import re

AUTH_METHODS = ('tls_sha3_512', 'hmac_sha3_512', 'tls_anon', 'cleartext')  # as the reference offers them
AUTH_SENT = ('tls_sha3_512', 'hmac_sha3_512')                              # what the reference sends of these
FRAMINGS = ('cbor', 'json')
LINE_MAX = 4096                                                            # with its end

_NODE_ID = re.compile(rb'[A-Za-z0-9_\-.:/]+')


class HandshakeError(Exception):
    """The other side's handshake is wrong."""


def as_octets(secret) -> bytes:
    """A secret in a configuration file of the reference is one octet a character."""
    return secret.encode('latin-1') if isinstance(secret, str) else bytes(secret)


def make_nonce() -> bytes:
    return base64.b64encode(os.urandom(66))


def escape(value: str) -> str:
    return value.replace('%', '%25').replace(';', '%3b')


def unescape(value: str) -> str:
    return re.sub('%(3b|25)', lambda m: chr(int(m[1], 16)), value, flags=re.I)


# --- greeting ---

@dataclasses.dataclass
class Greeting:
    protocol: str
    version: str
    node_id: str
    auth: list
    framings: list
    keys: dict

    @property
    def tls(self):
        return self.keys.get('tls', '').startswith('1.')

    @property
    def aempd(self):
        return 'aempd' in self.keys


def make_greeting(node_id, *, auth=AUTH_METHODS, framings=FRAMINGS, keys=None, protocol='aemp', version='1') -> bytes:
    fields = [protocol, version, node_id, ','.join(auth), ','.join(framings)]
    fields += [f'{key}={escape(value)}' for key, value in (keys or {}).items()]
    return ';'.join(fields).encode('latin-1')


def parse_greeting(line: bytes) -> Greeting:
    fields = line.split(b';')
    if fields[0] != b'aemp' and not fields[0].startswith(b'aemp-'):
        raise HandshakeError(f'not AEMP: {line[:80]!r}')
    if len(fields) < 5:
        raise HandshakeError(f'a greeting of {len(fields)} fields: {line[:80]!r}')
    if fields[1] != b'1':
        raise HandshakeError(f'version {fields[1]!r}')
    if not _NODE_ID.fullmatch(fields[2]):
        raise HandshakeError(f'node ID {fields[2]!r}')
    return Greeting(protocol=fields[0].decode('latin-1'), version='1', node_id=fields[2].decode('ascii'),
                    auth=_parse_list(fields[3]), framings=_parse_list(fields[4]), keys=_parse_keys(fields[5:]))


def _parse_list(field):
    return [entry for entry in field.decode('latin-1').split(',') if entry]


def _parse_keys(fields):
    pairs = (field.decode('latin-1').partition('=') for field in fields if field)
    return {key: unescape(value) for key, _, value in pairs}


def is_echo(l1, l2, r1, r2):
    return l1 == r1 and l2 == r2


# --- auth line ---

@dataclasses.dataclass
class AuthLine:
    method: str
    token: str
    framing: str
    keys: dict = dataclasses.field(default_factory=dict)


def make_auth(method, token, framing, keys=None) -> bytes:
    fields = [method, token, framing] + [f'{key}={escape(value)}' for key, value in (keys or {}).items()]
    return ';'.join(fields).encode('latin-1')


def parse_auth(line: bytes) -> AuthLine:
    fields = line.split(b';')
    if len(fields) < 3:
        raise HandshakeError(f'an auth line of {len(fields)} fields: {line[:80]!r}')
    method, token, framing = (field.decode('latin-1') for field in fields[:3])
    return AuthLine(method, token, framing, _parse_keys(fields[3:]))


def hmac_sha3_512(key: bytes, message: bytes) -> bytes:
    """RFC 2104 with SHA3-512, whose block is its rate: 72 octets."""
    block = 72
    if len(key) > block:
        key = hashlib.sha3_512(key).digest()
    key = key.ljust(block, b'\0')
    inner = hashlib.sha3_512(bytes(k ^ 0x36 for k in key) + message).digest()
    return hashlib.sha3_512(bytes(k ^ 0x5c for k in key) + inner).digest()


def make_token(method, *, secret, l1, l2, r1, r2, tls=False):
    """The token that the side with greeting l1 and nonce l2 sends. None: it can't send this method."""
    both = b''.join(line + b'\n' for line in (l1, l2, r1, r2))
    if method == 'hmac_sha3_512' and secret is not None:
        return hmac_sha3_512(as_octets(secret), both).hex()
    if method == 'tls_sha3_512' and tls:
        return hashlib.sha3_512(both).hexdigest()
    if method == 'tls_anon' and tls:
        return ''
    if method == 'cleartext' and secret is not None:
        return as_octets(secret).hex()
    return None


def verify_token(method, token, *, secret, l1, l2, r1, r2, tls=False):
    """The receiver's check: l1, l2 are the receiver's lines, r1, r2 those of the side that sent the token."""
    expected = make_token(method, secret=secret, l1=r1, l2=r2, r1=l1, r2=l2, tls=tls)
    return expected is not None and hmac.compare_digest(expected.encode(), token.encode('latin-1'))


def choose_auth(accepted, *, willing=AUTH_SENT, secret=True, tls=False):
    """The first in the peer's list that we are willing and able to send, or None."""
    for method in accepted:
        able = tls if method.startswith('tls_') else secret not in (None, False)
        if method in willing and able:
            return method
    return None


def choose_framing(accepted, *, supported=FRAMINGS):
    return next((framing for framing in accepted if framing in supported), None)


def tls_role(our_nonce: bytes, peer_nonce: bytes):
    if our_nonce == peer_nonce:
        raise HandshakeError('the nonces are equal, nobody can be the TLS client')
    return 'client' if our_nonce < peer_nonce else 'server'
