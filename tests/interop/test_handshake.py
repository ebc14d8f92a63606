# SPDX-License-Identifier: LGPL-2.1-or-later
"""Greeting, nonce and auth line, against the captures of the reference."""

import hashlib
import hmac
import json
import pathlib
import unittest

import aemp
from aemp.handshake import (AUTH_METHODS, HandshakeError, Greeting, as_octets, choose_auth, choose_framing, escape,
                            hmac_sha3_512, is_echo, make_auth, make_greeting, make_nonce, make_token, parse_auth,
                            parse_greeting, tls_role, unescape, verify_token)

VECTORS = pathlib.Path(__file__).parent / 'vectors'


def handshakes():
    """All captured handshakes, those of data connections too: (where, secret, TLS or None, {name: lines})."""
    for path in sorted(VECTORS.glob('*.json')):
        session = json.loads(path.read_text('utf-8'))
        yield path.name, session['secret'], session.get('tls'), session['handshake']
        for i, dataconn in enumerate(session.get('dataconns', [])):
            yield f'{path.name}:dataconn {i}', session['secret'], None, dataconn['handshake']


def directions():
    """Each captured auth line, as its receiver sees it: (where, lines of the sender, arguments of verify_token)."""
    for where, secret, tls, sides in handshakes():
        for sender, receiver in (tuple(sides), tuple(sides)[::-1]):
            s, r = sides[sender], sides[receiver]
            lines = {'l1': r['greeting'], 'l2': r['nonce'], 'r1': s['greeting'], 'r2': s['nonce']}
            yield (f'{where}: {sender} to {receiver}', s,
                   {**{k: v.encode('latin-1') for k, v in lines.items()}, 'secret': secret, 'tls': bool(tls)})


class Vectors(unittest.TestCase):
    def test_every_file_has_two_sides(self):
        found = list(handshakes())
        self.assertGreaterEqual(len(found), len(list(VECTORS.glob('*.json'))) + 2)
        for where, _, _, sides in found:
            self.assertEqual(len(sides), 2, where)

    def test_every_token_verifies(self):
        methods = set()
        for where, sender, arguments in directions():
            with self.subTest(where):
                auth = parse_auth(sender['auth'].encode())
                methods.add(auth.method)
                self.assertTrue(verify_token(auth.method, auth.token, **arguments))
        self.assertEqual(methods, {'hmac_sha3_512', 'tls_sha3_512', 'cleartext'})

    def test_every_auth_line_is_made_again(self):
        for where, sender, a in directions():
            with self.subTest(where):
                auth = parse_auth(sender['auth'].encode())
                token = make_token(auth.method, secret=a['secret'], tls=a['tls'], l1=a['r1'], l2=a['r2'], r1=a['l1'], r2=a['l2'])
                self.assertEqual(make_auth(auth.method, token, auth.framing), sender['auth'].encode())

    def test_a_wrong_token_does_not(self):
        for where, sender, arguments in directions():
            with self.subTest(where):
                auth = parse_auth(sender['auth'].encode())
                wrong = '0' if auth.token[0] != '0' else '1'
                for token in (auth.token.upper(), wrong + auth.token[1:], auth.token[:-1], auth.token + '0', ''):
                    self.assertFalse(verify_token(auth.method, token, **arguments))
                for method in set(AUTH_METHODS) - {auth.method}:
                    self.assertFalse(verify_token(method, auth.token, **arguments))
                if auth.method != 'cleartext':
                    swapped = dict(arguments, l1=arguments['r1'], r1=arguments['l1'], l2=arguments['r2'], r2=arguments['l2'])
                    self.assertFalse(verify_token(auth.method, auth.token, **swapped))
                if not auth.method.startswith('tls_'):
                    for secret in ('Geheim', '', None):
                        self.assertFalse(verify_token(auth.method, auth.token, **dict(arguments, secret=secret)))

    def test_every_greeting_parses_and_is_made_again(self):
        for where, _, tls, sides in handshakes():
            for name, lines in sides.items():
                with self.subTest(f'{where}: {name}'):
                    line = lines['greeting'].encode()
                    g = parse_greeting(line)
                    self.assertEqual(g.node_id, name)
                    self.assertEqual(g.tls, bool(tls))
                    self.assertFalse(g.aempd)
                    self.assertEqual('dataconn_id' in g.keys, g.protocol == 'aemp-dataconn')
                    self.assertEqual(make_greeting(g.node_id, auth=g.auth, framings=g.framings, keys=g.keys,
                                                   protocol=g.protocol), line)

    def test_every_choice_is_the_first_of_the_other_sides_list(self):
        for where, _, tls, sides in handshakes():
            for sender, receiver in (tuple(sides), tuple(sides)[::-1]):
                with self.subTest(f'{where}: {sender} to {receiver}'):
                    auth = parse_auth(sides[sender]['auth'].encode())
                    g = parse_greeting(sides[receiver]['greeting'].encode())
                    supported = ('json',) if sender == 'simple' else ('cbor', 'json')
                    self.assertEqual(choose_framing(g.framings, supported=supported), auth.framing)
                    if auth.method != 'cleartext':
                        self.assertEqual(choose_auth(g.auth, tls=bool(tls)), auth.method)

    def test_the_tls_role(self):
        for _, _, tls, sides in handshakes():
            if tls:
                for name, lines in sides.items():
                    other = next(s for n, s in sides.items() if n != name)
                    role = tls_role(lines['nonce'].encode(), other['nonce'].encode())
                    self.assertEqual(role, 'client' if name == tls['client'] else 'server')


class Tokens(unittest.TestCase):
    LINES = {'l1': b'L1', 'l2': b'L2', 'r1': b'R1', 'r2': b'R2'}

    def test_hmac_is_hmac(self):
        for length in (0, 1, 6, 71, 72, 73, 200):
            key = bytes(range(length))
            self.assertEqual(hmac_sha3_512(key, b'message'), hmac.digest(key, b'message', 'sha3_512'))

    def test_each_method(self):
        both = b'L1\nL2\nR1\nR2\n'
        self.assertEqual(make_token('hmac_sha3_512', secret='geheim', **self.LINES),
                         hmac.digest(b'geheim', both, 'sha3_512').hex())
        self.assertEqual(make_token('tls_sha3_512', secret=None, tls=True, **self.LINES), hashlib.sha3_512(both).hexdigest())
        self.assertEqual(make_token('tls_anon', secret=None, tls=True, **self.LINES), '')
        self.assertEqual(make_token('cleartext', secret='geheim', **self.LINES), '67656865696d')

    def test_what_is_not_valid(self):
        self.assertIsNone(make_token('hmac_sha3_512', secret=None, tls=True, **self.LINES))
        self.assertIsNone(make_token('cleartext', secret=None, tls=True, **self.LINES))
        self.assertIsNone(make_token('tls_sha3_512', secret='geheim', **self.LINES))
        self.assertIsNone(make_token('tls_anon', secret='geheim', **self.LINES))
        self.assertIsNone(make_token('unheard_of', secret='geheim', tls=True, **self.LINES))
        self.assertFalse(verify_token('tls_anon', '', secret='geheim', **self.LINES))
        self.assertTrue(verify_token('tls_anon', '', secret=None, tls=True, **self.LINES))
        self.assertFalse(verify_token('tls_anon', 'x', secret=None, tls=True, **self.LINES))

    def test_secrets_are_octets(self):
        self.assertEqual(as_octets('\u00e4'), b'\xe4')
        self.assertEqual(as_octets(b'\xc3\xa4'), b'\xc3\xa4')

    def test_both_directions_of_all_methods(self):
        other = {'l1': b'R1', 'l2': b'R2', 'r1': b'L1', 'r2': b'L2'}
        for method in AUTH_METHODS:
            token = make_token(method, secret='geheim', tls=True, **self.LINES)
            self.assertTrue(verify_token(method, token, secret='geheim', tls=True, **other))


class Lines(unittest.TestCase):
    def test_greeting(self):
        g = parse_greeting(b'aemp;1;a/b.c:d-e_f;x,hmac_sha3_512,;json,zzz;tls=1.0;odd;k=a%3bb%253b=c;aempd=1')
        self.assertEqual(g, Greeting('aemp', '1', 'a/b.c:d-e_f', ['x', 'hmac_sha3_512'], ['json', 'zzz'],
                                     {'tls': '1.0', 'odd': '', 'k': 'a;b%3b=c', 'aempd': '1'}))
        self.assertTrue(g.tls and g.aempd)
        self.assertEqual(parse_greeting(make_greeting('n', keys={'k': 'a;b%3b=c'})).keys, {'k': 'a;b%3b=c'})
        self.assertEqual(parse_greeting(b'aemp;1;n;;').auth, [])

    def test_wrong_greetings(self):
        for line in (b'', b'AEMP;1;n;a;b', b'aempx;1;n;a;b', b'aemp;2;n;a;b', b'aemp;;n;a;b', b'aemp;1;;a;b', b'aemp;1;n#p;a;b',
                     b'aemp;1;n m;a;b', b'aemp;1;\xe4;a;b', b'aemp;1;n;a', b'GET / HTTP/1.1'):
            with self.subTest(line), self.assertRaises(HandshakeError):
                parse_greeting(line)

    def test_other_protocols(self):
        self.assertEqual(parse_greeting(b'aemp-dataconn;1;n;a;b').protocol, 'aemp-dataconn')

    def test_auth_line(self):
        auth = parse_auth(b'cleartext;67;json;k=v')
        self.assertEqual((auth.method, auth.token, auth.framing, auth.keys), ('cleartext', '67', 'json', {'k': 'v'}))
        with self.assertRaises(HandshakeError):
            parse_auth(b'cleartext;67')

    def test_escapes(self):
        for s in ('', 'a', ';', '%', '%3b', '100%;', '\u00e4'):
            self.assertEqual(unescape(escape(s)), s)
            self.assertNotIn(';', escape(s))

    def test_choices(self):
        self.assertEqual(choose_auth(['tls_sha3_512', 'hmac_sha3_512'], tls=True), 'tls_sha3_512')
        self.assertEqual(choose_auth(['tls_sha3_512', 'hmac_sha3_512']), 'hmac_sha3_512')
        self.assertEqual(choose_auth(['new', 'hmac_sha3_512']), 'hmac_sha3_512')
        self.assertIsNone(choose_auth(['hmac_sha3_512'], secret=None))
        self.assertIsNone(choose_auth(['cleartext']))
        self.assertEqual(choose_auth(['cleartext'], willing=('cleartext',)), 'cleartext')
        self.assertEqual(choose_framing(['storable', 'json', 'cbor']), 'json')
        self.assertIsNone(choose_framing(['storable']))

    def test_tls_role(self):
        self.assertEqual(tls_role(b'', b'a'), 'client')
        self.assertEqual(tls_role(b'b', b'a'), 'server')
        self.assertEqual(tls_role(b'a', b'aa'), 'client')
        self.assertEqual(tls_role(b'\xff', b'a'), 'server')
        with self.assertRaises(HandshakeError):
            tls_role(b'', b'')

    def test_nonce_and_echo(self):
        nonce = make_nonce()
        self.assertEqual(len(nonce), 88)
        self.assertNotEqual(nonce, make_nonce())
        self.assertTrue(is_echo(b'g', nonce, b'g', nonce))
        self.assertFalse(is_echo(b'g', nonce, b'h', nonce))
        self.assertFalse(is_echo(b'g', nonce, b'g', b''))


if __name__ == '__main__':
    aemp.main()
