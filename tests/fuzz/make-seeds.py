#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes seeds/cbor, seeds/json, seeds/handshake and seeds/client: lines and messages of the vectors, and what hostile peers,
and aempds, might send.

The first octets, two or one, say how the fuzz target cuts the rest into chunks, and more. The output is the same each
time; seeds of other names (what a fuzzer found) stay.
"""

import json
import pathlib
import struct

HERE = pathlib.Path(__file__).parent
VECTORS = HERE.parent / 'interop' / 'vectors'

CUTS = [b'\xff\xff', b'\x00\x00', b'\x02\x04', b'\x10\x01']

HOSTILE_CBOR = {
    'array-of-2-60': '9b1000000000000000', 'map-of-2-63': 'bb7fffffffffffffff', 'array-of-all': '9bffffffffffffffff',
    'string-of-2-40': '5b0000010000000000', 'text-of-all': '7bffffffffffffffff',
    'depth-512': '81' * 512 + '00', 'depth-513': '81' * 513 + '00', 'tags-512': 'c6' * 512 + '00', 'tags-513': 'c6' * 513,
    'maps-512': 'a100' * 512 + '00', 'indefinite-513': '9f' * 513, 'key-in-key': 'a1' * 40 + '00' * 41,
    'chunks-at-512': '81' * 512 + '7f616161ffff', 'chunks-in-chunks': '7f7f6161ffff', 'chunks-mixed': '5f41616161ff',
    'break-alone': 'ff', 'break-in-array': '81ff', 'break-after-key': 'bf00ff', 'break-after-tag': '9fc1ff',
    'reserved-info': '1c', 'reserved-simple': 'f818', 'odd': '89e0f3f7f8ffd81a80c161d819d9010800d820f6',
    'odd-keys': 'a4e000f70181f60280f6', 'keys-of-all-kinds': 'a90000200041e400f50000f60001f97e0002fb3fb999999999999a03820102048101a0',
    'bytes-latin1': '8241e45f41e44161ff', 'text-invalid': '8462c32863edbfbf64f5808080417f61c361a4ff61e2',
    'text-split': '817f61e26282acff', 'widths': '8a1700180019000a1a0000000a1b000000000000000a58015859000159780161790001617b000000000000000161',
    'half': '87f90000f98000f90001f97bfff97c00fc7e00f9fc01', 'doubles': '85fb7fefffffffffffff1bfffffffffffffffffb0000000000000001fa7fffffff3bffffffffffffffff',
    'integers': '853b7fffffffffffffff3b80000000000000001b7fffffffffffffff1b80000000000000003bffffffffffffffff',
    'empty': '', 'empty-array': '80', 'empty-indefinite': '9fff', 'map': 'a1616100', 'null-port': '82f64161',
    'number-port': '820741 61', 'tagged-port': '82c1d9d9f7616100', 'chunked-port': '9f5f41614162ff00ff', 'cut-head': '8219',
    'cut-string': '8278206162', 'duplicate-keys': 'a3616b01416b027f616bff03', 'two-messages': '82616100816162', 'junk-after': '826161001c',
}

HOSTILE_JSON = {
    'depth-512': '[' * 512 + ']' * 512, 'depth-513': '[' * 513 + ']' * 513, 'objects-512': '{"":' * 512 + '0' + '}' * 512,
    'unclosed': '[' * 40, 'mismatch': '[}', 'comma-end': '[1,]', 'comma-begin': '[,1]', 'comma-none': '[1 2]', 'key-none': '{:1}',
    'key-number': '{1:2}', 'value-none': '{"a":}', 'colon-none': '{"a"1}', 'after': '[]]', 'two': '[0] [1]\n{"a":2}',
    'inf': '[inf,-inf,nan,-nan,Infinity,-INFINITY,NaN]', 'inf-bad': '[infi]', 'words': '[true,false,null]', 'words-bad': '[nul]',
    'numbers': '[0,-0,1.5,-1e5,1E+5,1e-5,123456789012345678901234567890]', 'limits': '[18446744073709551615,18446744073709551616,'
    '-9223372036854775808,-9223372036854775809,1e400,-1e400,1e-400,4294967295.0,4294967296.0]', 'number-long': '[0.' + '9' * 400 + ']',
    'number-bad': '[01]', 'number-bad-2': '[1.]', 'number-bad-3': '[.5]', 'number-bad-4': '[1e]', 'number-bad-5': '[-]', 'number-bad-6': '[+1]',
    'number-bad-7': '[0x1]', 'escapes': '["\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\u20ac\\ud83d\\ude00"]', 'escape-bad': '["\\x"]',
    'escape-short': '["\\u12"]', 'escape-cut': '["\\u', 'escape-quote': '["\\"]', 'surrogate-high': '["\\ud83d"]',
    'surrogate-low': '["\\ude00\\ud83dx"]', 'surrogate-twice': '["\\ud83d\\ud83d\\ude00"]', 'nul': '["\\u0000",{"\\u0000":1}]',
    'control': '["a\nb"]', 'utf8-invalid': b'["\xc3(\xe2\x82\xed\xa0\x80\xff\xf4\x90\x80\x80"]', 'utf8-escape': b'["\xc3\\u00a4"]',
    'space': ' \t\r\n[ \t\r\n1 , {"a" : [ ] } ] ', 'space-only': ' \n ', 'space-vt': '[\v1]', 'bom': '\ufeff[]', 'nul-after': '[]\0',
    'bare-string': '"a"', 'bare-number': '1', 'duplicate-keys': '{"a":1,"a":2}', 'comment': '[/*1*/]', 'single-quotes': "['a']",
    'string-plain-8': '["aaaaaaa\\"aaaaaaaa]aaaaaaaa"]', 'quotes-everywhere': '["","\\"","\\\\"]', 'empty': '',
}


# Kinds of node, see bench-node.c.
PLAIN, TLS, JSON, EVERY, CERTIFICATE, TWO_SECRETS, TLS_FAILS, ANON = range(8)

HOST2 = 'aemp;1;host2;'
CLEAR, CLEAR2 = 'cleartext;67656865696d', 'cleartext;67656865696d32'
EVERY_METHOD = 'tls_sha3_512,hmac_sha3_512,tls_anon,cleartext'
ZEROS = '0' * 128

HANDSHAKES = {
    'lf': (PLAIN, '\n\n\n\n'), 'crlf': (PLAIN, HOST2 + 'hmac_sha3_512;cbor\r\nx\r\nhmac_sha3_512;00;cbor\r\n'),
    'long': (PLAIN, 'x' * 4097), 'version': (PLAIN, 'aemp;2;host2;hmac_sha3_512;cbor\nx\n'),
    'self': (PLAIN, 'aemp;1;host1;hmac_sha3_512;cbor\nx\n'), 'self-tls': (TLS, 'aemp;1;host1;tls_sha3_512;cbor;tls=1.0\nx\n'),
    'dataconn': (PLAIN, 'aemp-dataconn;1;host2;hmac_sha3_512;cbor;dataconn_id=x\nx\n'),
    'simple': (EVERY, 'aemp;1;simple;hmac_sha3_512;json\n\n' + CLEAR + ';json\n["","time","simple#p","t"]'),
    'simple-refused': (PLAIN, 'aemp;1;simple;hmac_sha3_512;json\n\n' + CLEAR + ';json\n["","time","simple#p","t"]'),
    'keys': (TLS, HOST2 + 'hmac_sha3_512;cbor;tls;=;tls=;;a=b;tls=1.9;tls=2;provider=%3b%1b%zz%4\n\n' + CLEAR + ';cbor;a=b\n'),
    'lists': (EVERY, HOST2 + ',,x,hmac_md5,,cleartext,;,storable,cbor,\n~\n' + CLEAR + ';cbor\n'),
    'lists-empty': (EVERY, HOST2 + ';\n~\n' + CLEAR + ';cbor\n'),
    'tls-client': (EVERY, HOST2 + EVERY_METHOD + ';cbor,json;tls=1.0\n~\ntls_anon;;json\n["","time","host2#p"]'),
    'tls-server': (EVERY, HOST2 + EVERY_METHOD + ';cbor,json;tls=1.0\n\ntls_anon;;cbor\n'),
    'tls-clear': (EVERY, HOST2 + 'cleartext;json;tls=1.0\n\n' + CLEAR + ';json\n[ "" , "can" , "mon1" , "host2#x" ] []'),
    'tls-anon': (ANON, HOST2 + 'tls_anon;cbor;tls=1.0\n\ntls_anon;;cbor\n'),
    'tls-anon-token': (ANON, HOST2 + 'tls_anon;cbor;tls=1.0\n\ntls_anon;0;cbor\n'),
    'tls-anon-plain': (ANON, HOST2 + 'tls_anon;cbor\n\ntls_anon;;cbor\n'),
    'tls-not-accepted': (TLS, HOST2 + 'tls_sha3_512;cbor;tls=1.0\n\ntls_anon;;cbor\n'),
    'tls-wrong': (TLS, HOST2 + 'tls_sha3_512;cbor;tls=1.0\n\ntls_sha3_512;' + ZEROS + ';cbor\n'),
    'tls-plain': (CERTIFICATE, HOST2 + 'tls_sha3_512;cbor\n\ntls_sha3_512;' + ZEROS + ';cbor\n'),
    'tls-certificate': (CERTIFICATE, HOST2 + EVERY_METHOD + ';cbor;tls=1.0\n\n' + CLEAR + ';cbor\n'),
    'tls-fails': (TLS_FAILS, HOST2 + 'tls_sha3_512;cbor;tls=1.0\n\n\x16\x03\x01\x02\0\x01'),
    'tls-fails-not': (TLS_FAILS, HOST2 + 'hmac_sha3_512;cbor\n\nhmac_sha3_512;' + ZEROS + ';cbor\n'),
    'secret-1': (TWO_SECRETS, HOST2 + 'cleartext;cbor\n\n' + CLEAR + ';cbor\n'),
    'secret-2': (TWO_SECRETS, HOST2 + 'hmac_sha3_512;json\n\n' + CLEAR2 + ';json\n["","g_slave"]'),
    'secret-upper': (TWO_SECRETS, HOST2 + 'cleartext;cbor\n\n' + CLEAR.replace('d', 'D') + ';cbor\n'),
    'secret-half': (TWO_SECRETS, HOST2 + 'cleartext;cbor\n\n' + CLEAR2[:-1] + ';cbor\n'),
    'framing-json': (JSON, HOST2 + 'hmac_sha3_512;json\n\nhmac_sha3_512;' + ZEROS + ';json\n'),
    'framing-not-offered': (JSON, HOST2 + 'hmac_sha3_512;json\n\nhmac_sha3_512;' + ZEROS + ';cbor\n'),
    'framing-none': (JSON, HOST2 + 'hmac_sha3_512;cbor\n\n'),
}

PEER_CBOR = {
    'requests-0': '8360646d6f6e31617883 60646d6f6e306178 8460646b696c30617863776879 8360646b696c316178',
    'requests-1': '826067675f736c617665 8360 67675f736c617665a162276ca165686f7374328169312e322e332e343a35'
                  '836066675f66696e6465686f737432 846067675f666f756e6465686f7374338169312e322e332e343a35',
    'requests-2': '836063736e6467686f7374322378 846063736e6465686f73743163736e64 8360 6474696d6567686f7374322379',
    'requests-3': '84606363616e646d6f6e3167686f7374322378 84606465 76616c613167686f7374322378 8260676465766e756c6c 8160',
    'indef': '9f606373 6e646768686f737432237879ff', 'tagged': '82c1 60 6474696d65', 'null-port': '82f66474696d65',
}

PEER_JSON = {
    'requests': '["","mon1","x"]["","mon0","x"] ["","kil0","x","why"]\n["","kil1","x"]["","time","host2#p",{"a":[1.5]}]',
    'routing': '["","g_slave",{"\'l":{"host2":["1.2.3.4:5"]}}]["","g_find","host3"]["","g_found","host3",null]',
    'relay': '["","snd","host2#x","\\ud83d\\ude00\\u0000"]["","snd","host1","snd","host1","time","host2#y"][null,"devnull"]',
    'numbers': '["","snd","host2#x",1e999,-inf,nan,18446744073709551616,0.1,-0.0]', 'object': '{"":1}', 'depth': '[' * 513,
    'cut': '["","devnull","\\u00', 'junk': '["","devnull"]]', 'empty': ' [] [ ] \n',
}


SPAWN = 'AnyEvent::MP::_spawn'
LINE = 'aemp-client;1;host1;;cbor;prefix=P1.;max_message=1000\n'

CLIENT_LINES = {
    'line': LINE, 'line-crlf': LINE.replace('\n', '\r\n'), 'line-error': 'error;too many clients\n', 'line-cut': LINE[:20],
    'line-json': LINE.replace('cbor', 'json'), 'line-version': LINE.replace(';1;', ';2;'), 'line-long': 'x' * 4100 + '\n',
    'line-prefix': LINE.replace('P1.', 'p' * 245), 'line-prefix-odd': LINE.replace('P1.', 'P\0#\x1b'), 'line-node': LINE.replace('host1', 'n#p'),
    'line-empty': LINE.replace('P1.', ''), 'line-keys': LINE.replace('max', 'a=b;;=;max_message;max'), 'line-none': '',
}

CLIENT_MESSAGES = {
    'ports': [['P1.1', 't', 1], ['P1.2', 'x', {'k': 1, 'l': [3, None]}], ['P1.3', 'a', 'b', 1.5], ['P1.4'], ['P1.99', 'no']],
    'deaths': [['', 'kil0', 'n#p', 'die', 'text'], ['', 'kil0', 'n', 'transport_error', 'n'], ['', 'kil0', 'n#q'], ['', 'kil0', 'm#p', 1]],
    'down': [['', 'kil0', 'n#p', 'x'], ['', 'down', 'n', 'x'], ['', 'kil0', 'n#q', 'x'], ['', 'kil0', 'n#', 'x'], ['', 'down', 'm'],
             ['', 'down', ''], ['', 'down', 'host1'], ['', 'kil0', '', 'x'], ['', 'down', 'n']],
    'kills': [['', 'mon1', 'P1.1'], ['', 'kil1', 'P1.1', 'x'], ['', 'kil1', 'host1#P1.2'], ['', 'mon0', 'P1.3'], ['', 'kil1', 'P1.5', 'x'],
              ['', 'kil1', 'P1.6'], ['', 'mon1', 'P1.77'], ['', 'kil1', ''], ['', 'mon1', ''], ['', 'kil1', 'host1#']],
    'nodes': [['', 'node', n, up, 'x'] for up in (True, True, False, True, False) for n in ('n', 'm', 'host1', '', 'x' * 300)],
    'replies': [['P1.%d' % i, 'reply', i] for i in range(1, 10)] + [['P1.A', 1], ['P1.B', 2], ['P1.0', 3], ['P1.01', 4]],
    'refused': [['', 'refused', 'mon1', 'limit', 'text', 'n#p'], ['', 'refused', 'time', 'unknown', 'text', [1], 'host1#P1.5'],
                ['', 'refused', 'reg1', 'denied', 'text', 'log', 'P1.3'], ['', 'refused', 'reg1', 'denied', 'text', 'name', 'P1.3'],
                ['', 'refused', 'snd', 'denied'], ['', 'refused'], ['', 'refused', '', 'protocol', 'text', None, None, 'host1#P1.6']],
    'spawn': [['', SPAWN, 's1', 'A::f', 1, 2], ['s1', 'hello'], ['', SPAWN, 's1', 'A::f'], ['', 'kil1', 's1', 'x'], ['s1', 'late'],
              ['', SPAWN, 's2', 'B::f'], ['', 'A::f', 'x', 1], ['', 'A::g'], ['', SPAWN, 's3', 'A::f', 1, 2], ['', 'kil1', 'host1#s3']],
    'spawn-names': [['', SPAWN, name, 'A::f', 1, 2] for name in ('', 'P1.1', 'a\0b', 'a#b', '\n', 'x' * 255, 'x' * 256, None, 7)],
    'src': [['', 'src', 'n'], ['P1.3', 1], ['', 'src', 'x' * 300], ['P1.3', 2], ['', 'src', ''], ['', 'src'], ['', 'src', None], ['P1.4', 3],
            ['', 'src', 'm'], ['', 'src', 'n\0'], ['', 'A::f', 3]],
    'odd': [[], [None, 'mon1', 'P1.1'], [1, 2], ['P1.3', [[[[]]]]], ['', None], [''], ['', ''], ['', 'kil0'], ['', 'down'], ['', 'node', 'n'],
            ['', SPAWN], ['', 'x' * 300], ['x' * 500, 1], ['host1#P1.3', 1], ['P1.3', 'x' * 1000]],
    'all': [['', 'src', 'n'], ['P1.3', 't'], ['', SPAWN, 's1', 'A::f'], ['s1', 1], ['', 'node', 'n', True], ['', 'kil0', 'n#p', 'x'],
            ['', 'down', 'n'], ['', 'mon1', 's1'], ['', 'kil1', 's1'], ['P1.5', 'reply'], ['', 'refused', 'mon1', 'limit', 'x', 'n#q']],
}


def head(major, n):
    size = 0 if n < 24 else 1 if n < 256 else 2
    return bytes([major << 5 | (23 + size if size else n)]) + (n.to_bytes(size, 'big') if size else b'')


def encode(value):
    """As little of CBOR as is needed here."""
    if value is None or isinstance(value, bool):
        return {None: b'\xf6', True: b'\xf5', False: b'\xf4'}[value]
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, float):
        return b'\xfb' + struct.pack('>d', value)
    if isinstance(value, str):
        return head(3, len(value)) + value.encode()
    if isinstance(value, dict):
        return head(5, len(value)) + b''.join(encode(k) + encode(v) for k, v in value.items())
    return head(4, len(value)) + b''.join(encode(v) for v in value)


def write_clients():
    """Octets 0 and 1: what the program does, how it is cut; 2: with aempd's line."""
    folder = HERE / 'seeds' / 'client'
    seeds = {name: b'\1' + line.encode() + encode(['P1.3', 't']) for name, line in CLIENT_LINES.items()}
    for name, said in CLIENT_MESSAGES.items():
        for i in range(3):
            seeds[f'{name}-{i}'] = b'\0' + b''.join(encode(m) for m in said) * (i + 1)

    folder.mkdir(parents=True, exist_ok=True)
    for i, (name, octets) in enumerate(sorted(seeds.items())):
        (folder / name).write_bytes(bytes([i * 37 % 256, (10, 40, 200)[i % 3]]) + octets)
    assert len(seeds) <= 100


def messages():
    for path in sorted(VECTORS.glob('*.json')):
        yield from json.loads(path.read_text())['messages']


def spread(items, n):
    """n of them, from all parts of the list."""
    items = sorted(set(items))
    return [items[i * len(items) // n] for i in range(min(n, len(items)))]


def write(folder, seeds):
    folder.mkdir(parents=True, exist_ok=True)
    for i, (name, octets) in enumerate(sorted(seeds.items())):
        (folder / name).write_bytes(CUTS[i % len(CUTS)] + octets)
    assert len(seeds) <= 100


def write_handshakes():
    """Octet 0: established, kind of node, how it is cut."""
    folder = HERE / 'seeds' / 'handshake'
    seeds = {name: (False, kind, text.encode('latin-1')) for name, (kind, text) in HANDSHAKES.items()}
    for kind in (PLAIN, TLS, CERTIFICATE, TWO_SECRETS, TLS_FAILS, ANON):
        seeds |= {f'peer-{kind}-{name}': (True, kind, bytes.fromhex(octets)) for name, octets in PEER_CBOR.items() if kind == PLAIN
                  or name == 'requests-2'}
    for kind in (JSON, EVERY):
        seeds |= {f'peer-{kind}-{name}': (True, kind, text.encode()) for name, text in PEER_JSON.items() if kind == JSON
                  or name == 'relay'}

    for path in sorted(VECTORS.glob('session-*.json')):
        session = json.loads(path.read_text())
        name = path.stem.removeprefix('session-')
        for side, lines in session['handshake'].items():
            start = '\n'.join(lines[key] for key in ('greeting', 'nonce', 'auth')) + '\n'
            seeds[f'{name}-{side}'] = (False, EVERY if name in ('tls', 'simple') else PLAIN, start.encode())
            said = [m for m in session['messages'] if m.get('from', m.get('side')) == side]
            octets = b''.join(bytes.fromhex(m['hex']) if 'hex' in m else m['text'].encode() for m in said)
            seeds[f'{name}-{side}-messages'] = (True, JSON if 'text' in session['messages'][0] else PLAIN, octets)

    folder.mkdir(parents=True, exist_ok=True)
    for i, (name, (established, kind, octets)) in enumerate(sorted(seeds.items())):
        (folder / name).write_bytes(bytes([established | kind << 1 | i % 3 * 5 << 4]) + octets)
    assert len(seeds) <= 100


def main():
    all_hex = [bytes.fromhex(m['hex']) for m in messages() if 'hex' in m]
    cbor = {name: bytes.fromhex(octets) for name, octets in HOSTILE_CBOR.items()}
    cbor |= {f'vector-{i:02}': octets for i, octets in enumerate(spread(all_hex, 40))}
    cbor['stream'] = b''.join(all_hex[:20])
    write(HERE / 'seeds' / 'cbor', cbor)

    all_text = [m['text'].encode() for m in messages() if 'text' in m]
    text = {name: t if isinstance(t, bytes) else t.encode() for name, t in HOSTILE_JSON.items()}
    text |= {f'vector-{i:02}': octets for i, octets in enumerate(spread(all_text, 30))}
    text['stream'] = b'\n'.join(all_text[:20])
    write(HERE / 'seeds' / 'json', text)

    write_handshakes()
    write_clients()


if __name__ == '__main__':
    main()
