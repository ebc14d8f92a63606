#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes seeds/cbor and seeds/json: messages of the vectors, and what hostile peers might send.

The first two octets say how the fuzz target cuts the rest into chunks. The output is the same each time; seeds of
other names (what a fuzzer found) stay.
"""

import json
import pathlib

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


if __name__ == '__main__':
    main()
