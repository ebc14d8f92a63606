# SPDX-License-Identifier: LGPL-2.1-or-later
"""The CBOR codec and the splitter of JSON texts, against the captures of the reference and RFC 8949, appendix A."""

import json
import math
import pathlib
import random
import unittest

import aemp
from aemp.cbor import (UNDEFINED, CborError, Decoder, Raw, Simple, Tag, Text, decode, decode_stream, encode, hazard,
                       plain)
from aemp.peer import JsonDecoder, ProtocolError, encode_message, json_dumps, json_loads

VECTORS = pathlib.Path(__file__).parent / 'vectors'


def messages():
    """All captured messages: (where, message, text of the framing)."""
    for path in sorted(VECTORS.glob('*.json')):
        for i, message in enumerate(json.loads(path.read_text('utf-8'))['messages']):
            yield f'{path.name}:{i}', message


def same(a, b):
    """As ==, but a boolean is no number and NaN is NaN."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, Tag) and isinstance(b, Tag):
        return a.number == b.number and same(a.value, b.value)
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a):
        return math.isnan(b)
    return a == b


class Case(unittest.TestCase):
    def assertSame(self, a, b):
        self.assertTrue(same(a, b), f'{a!r} and {b!r} differ')


class Vectors(Case):
    def test_there_are_some(self):
        found = [message for _, message in messages()]
        self.assertGreater(sum('hex' in m for m in found), 200)
        self.assertGreater(sum('text' in m for m in found), 100)

    def test_cbor_decodes_to_json(self):
        for where, message in messages():
            if 'hex' in message:
                with self.subTest(where):
                    value = decode(bytes.fromhex(message['hex']))
                    if 'json' in message:
                        self.assertSame(plain(value), message['json'])

    def test_text_decodes_to_json(self):
        for where, message in messages():
            if 'text' in message:
                with self.subTest(where):
                    value = json_loads(message['text'].encode())
                    if 'json' in message:
                        self.assertSame(value, message['json'])

    def test_values_survive_encoding(self):
        for where, message in messages():
            if 'hex' in message:
                with self.subTest(where):
                    value = decode(bytes.fromhex(message['hex']))
                    self.assertSame(decode(encode(value)), value)
            if 'json' in message:
                with self.subTest(where):
                    for framing, load in (('cbor', decode), ('json', json_loads)):
                        self.assertSame(plain(load(encode_message(framing, message['json']))), message['json'])

    def test_what_the_reference_sends_is_encoded_to_the_same_octets(self):
        """Given the kinds of its strings; so our choice of integer, single and double is its choice."""
        senders = ('reference', 'seed', 'slave', 'globalA', 'globalB')
        for where, message in messages():
            if 'hex' in message and message['from'] in senders:
                with self.subTest(where):
                    octets = bytes.fromhex(message['hex'])
                    self.assertEqual(encode(decode(octets, keep_text=True)).hex(), octets.hex())

    def test_a_stream_of_all(self):
        octets = [bytes.fromhex(m['hex']) for _, m in messages() if 'hex' in m]
        values, rest = decode_stream(b''.join(octets) + b'\x83\x01')
        self.assertSame(values, [decode(o) for o in octets])
        self.assertEqual(rest, b'\x83\x01')

    def test_the_reference_can_decode_all(self):
        for where, message in messages():
            if 'hex' in message:
                self.assertIsNone(hazard(decode(bytes.fromhex(message['hex']))), where)


class Rfc8949(Case):
    """Appendix A, and section 5 on what is not well-formed."""

    DECODE = [
        ('00', 0), ('17', 23), ('1818', 24), ('1903e8', 1000), ('1a000f4240', 1000000), ('1b000000e8d4a51000', 10 ** 12),
        ('1bffffffffffffffff', 2 ** 64 - 1), ('c249010000000000000000', 2 ** 64), ('3bffffffffffffffff', -2 ** 64),
        ('c349010000000000000000', -2 ** 64 - 1), ('20', -1), ('3903e7', -1000), ('f90000', 0.0), ('f93c00', 1.0),
        ('fb3ff199999999999a', 1.1), ('f93e00', 1.5), ('f97bff', 65504.0), ('fa47c35000', 100000.0),
        ('fa7f7fffff', 3.4028234663852886e+38), ('fb7e37e43c8800759c', 1.0e+300), ('f90001', 5.960464477539063e-8),
        ('f90400', 0.00006103515625), ('f9c400', -4.0), ('fbc010666666666666', -4.1), ('f97c00', math.inf),
        ('f97e00', math.nan), ('f9fc00', -math.inf), ('fa7f800000', math.inf), ('fb7ff8000000000000', math.nan),
        ('f4', False), ('f5', True), ('f6', None), ('f7', UNDEFINED), ('f0', Simple(16)), ('f8ff', Simple(255)),
        ('c074323031332d30332d32315432303a30343a30305a', Tag(0, '2013-03-21T20:04:00Z')), ('c1fb41d452d9ec200000',
                                                                                         Tag(1, 1363896240.5)),
        ('d74401020304', Tag(23, '\1\2\3\4')), ('40', ''), ('4401020304', '\1\2\3\4'), ('60', ''), ('6449455446', 'IETF'),
        ('62225c', '"\\'), ('62c3bc', '\u00fc'), ('63e6b0b4', '\u6c34'), ('64f0908591', '\U00010151'), ('80', []),
        ('83010203', [1, 2, 3]), ('8301820203820405', [1, [2, 3], [4, 5]]),
        ('98190102030405060708090a0b0c0d0e0f101112131415161718181819', list(range(1, 26))), ('a0', {}),
        ('a201020304', {'1': 2, '3': 4}), ('a26161016162820203', {'a': 1, 'b': [2, 3]}),
        ('826161a161626163', ['a', {'b': 'c'}]), ('5f42010243030405ff', '\1\2\3\4\5'),
        ('7f657374726561646d696e67ff', 'streaming'), ('9fff', []), ('9f018202039f0405ffff', [1, [2, 3], [4, 5]]),
        ('9f01820203820405ff', [1, [2, 3], [4, 5]]), ('83018202039f0405ff', [1, [2, 3], [4, 5]]),
        ('83019f0203ff820405', [1, [2, 3], [4, 5]]), ('bf61610161629f0203ffff', {'a': 1, 'b': [2, 3]}),
        ('826161bf61626163ff', ['a', {'b': 'c'}]), ('bf6346756ef563416d7421ff', {'Fun': True, 'Amt': -2}),
        ('5fff', ''), ('7fff', ''), ('bfff', {}), ('5f4040ff', ''), ('a141e401', {'\u00e4': 1}),
    ]

    NOT_WELL_FORMED = [
        # reserved additional information, reserved simple values
        '1c', '3d', '5e', '7c', '9d', 'be', 'dc', 'fc', 'fd', 'fe', 'f800', 'f818', 'f81f',
        # indefinite strings with pieces of other kinds
        '5f00ff', '5f21ff', '5f6100ff', '5f80ff', '5fa0ff', '5fc000ff', '5fe0ff', '7f4100ff', '5f5f4100ffff', '7f7f6100ffff',
        # break where none may be
        'ff', '81ff', '8200ff', 'a1ff', 'a1ff00', 'a100ff', 'a20000ff', '9f81ff', '9f829f819f9fffffffff', 'c0ff', 'bf00ff',
        'bf000000ff',
        # no additional information 31
        '1f', '3f', 'df',
    ]

    INCOMPLETE = ['', '18', '19', '1a', '1b', '1901', '1a0102', '1b01020304050607', '38', '58', '78', '98', '9a01ff00', 'b8',
                  'd8', 'f8', 'f900', 'fa0000', 'fb000000', '41', '61', '5affffffff00', '5bffffffffffffffff010203', '7affffffff00',
                  '81', '8200', 'a1', 'a100', 'a2000000', 'c0', '5f4100', '7f6100', '9f', '9f0102', 'bf', 'bf01020102',
                  '818181818181818181', '9f9f9f9f9fffffffff', '9f81', '5f']

    def test_decode(self):
        for octets, value in self.DECODE:
            with self.subTest(octets):
                self.assertSame(plain(decode(bytes.fromhex(octets))), value)

    def test_not_well_formed(self):
        for octets in self.NOT_WELL_FORMED:
            with self.subTest(octets), self.assertRaises(CborError):
                decode_stream(bytes.fromhex(octets))

    def test_incomplete(self):
        for octets in self.INCOMPLETE:
            with self.subTest(octets):
                self.assertEqual(decode_stream(bytes.fromhex(octets)), ([], bytes.fromhex(octets)))
                with self.assertRaises(CborError):
                    decode(bytes.fromhex(octets))


class Encoding(Case):
    def check(self, value, octets):
        self.assertEqual(encode(value).hex(), octets)

    def test_strings(self):
        self.check('', '40')
        self.check('a', '4161')
        self.check('\u00e4', '41e4')
        self.check('\u20ac', '63e282ac')
        self.check(Text('\u00e4'), '62c3a4')
        self.check(b'\xe4', '41e4')
        self.check({'k': 1, Text('k2'): 2, '\u20ac': 3}, 'a3416b01626b320263e282ac03')

    def test_invalid_utf8_is_passed_on(self):
        self.check(decode(bytes.fromhex('62c328')), '62c328')
        self.check(decode(bytes.fromhex('63eda080')), '63eda080')

    def test_numbers(self):
        self.check(2.0, '02')
        self.check(-0.0, '00')
        self.check(5e9, 'fa4f9502f9')
        self.check(0.1, 'fb3fb999999999999a')
        self.check(math.inf, 'fa7f800000')
        self.check(math.nan, 'fb7ff8000000000000')
        self.check(2 ** 64 - 1, '1bffffffffffffffff')
        self.check(-2 ** 64, '3bffffffffffffffff')
        self.check(2 ** 64, 'c249010000000000000000')
        self.check(-2 ** 64 - 1, 'c349010000000000000000')

    def test_the_rest(self):
        self.check([None, True, False, UNDEFINED], '84f6f5f4f7')
        self.check([Simple(16), Simple(255)], '82f0f8ff')
        self.check(Tag(1234, ['a']), 'd904d2814161')
        self.check(['a', Raw(b'\x9f\xff'), 1], '8341619fff01')

    def test_what_can_not_be_said(self):
        for value in ({1, 2}, object(), '\ud800'):
            with self.subTest(value=repr(value)), self.assertRaises(CborError):
                encode(value)


class Decoding(Case):
    def test_keeps_the_kind_of_strings_when_asked(self):
        value = decode(bytes.fromhex('826161 4161'), keep_text=True)
        self.assertEqual([type(v) for v in value], [Text, str])
        self.assertEqual(type(decode(b'\x61a')), str)

    def test_of_a_key_given_twice_the_last_counts(self):
        self.assertSame(decode(bytes.fromhex('a2416b01616b02')), {'k': 2})

    def test_keys(self):
        self.assertSame(decode(bytes.fromhex('a22001f602')), {'-1': 1, '': 2})
        for octets in ('a18001', 'a1f501', 'a1f93e0001'):
            with self.subTest(octets), self.assertRaises(CborError):
                decode(bytes.fromhex(octets))

    def test_depth(self):
        for head, tail in ((b'\x81', b''), (b'\x9f', b'\xff'), (b'\xa1\x40', b''), (b'\xbf\x40', b'\xff')):
            decode(head * 511 + b'\x80' + tail * 511)
            decode(head * 512 + b'\x00' + tail * 512)
            with self.assertRaises(CborError):
                decode_stream(head * 512 + b'\x80')
        decode(b'\x81' * 100000 + b'\x00', max_depth=100000)
        decode(b'\x82' + b'\xc1' * 100000 + b'\x00' + b'\x80')

    def test_any_pieces(self):
        octets = bytes.fromhex('9f5f41614162ff82190100fb3ff199999999999abf4161c1f97e00ffff') + encode(['x' * 300, 1])
        whole, _ = decode_stream(octets)
        for size in (1, 2, 3, 7, 50):
            decoder, values = Decoder(), []
            for i in range(0, len(octets), size):
                decoder.feed(octets[i:i + size])
                while (item := decoder.next()) is not None:
                    values.append(item)
            self.assertSame([item.value for item in values], whole)
            self.assertEqual(b''.join(item.octets for item in values), octets)
            self.assertEqual(decoder.rest, b'')

    def test_hazards(self):
        self.assertIn('simple', hazard(['', {'a': [Simple(16)]}]))
        self.assertIn('26', hazard(['', Tag(1, Tag(26, []))]))
        self.assertIsNone(hazard(['', UNDEFINED, None, True, Tag(25, 1)]))


class JsonTexts(Case):
    def split(self, octets, size):
        decoder, values = JsonDecoder(), []
        for i in range(0, len(octets), size):
            decoder.feed(octets[i:i + size])
            while (item := decoder.next()) is not None:
                values.append(item.value)
        return values, decoder.rest

    def test_any_pieces(self):
        octets = (b'["","a]\\"\\\\"][1]\r\n\t [{"k[":["\\ud83d\\ude00"]},"\xe2\x82\xac"]' + json_dumps(['\\', '"', '\n'])
                  + b' [1,"')
        whole = [['', 'a]"\\'], [1], [{'k[': ['\U0001f600']}, '\u20ac'], ['\\', '"', '\n']]
        for size in (1, 2, 3, 5, len(octets)):
            with self.subTest(size=size):
                self.assertEqual(self.split(octets, size), (whole, b'[1,"'))

    def test_malformed(self):
        for octets in (b'1', b'"a"', b'null', b']', b'[1],[2]', b'[1}', b'[1,]', b'[nan]', b'[Infinity]', b'["\n"]', b'[\xff]',
                       b'["\\ud800"]', b'["\xed\xa0\x80"]', b'["\\x"]', b'[01]', b'[' * 513):
            with self.subTest(octets[:20]), self.assertRaises(ProtocolError):
                self.split(octets, len(octets))

    def test_depth(self):
        values, _ = self.split(b'[' * 512 + b']' * 512, 100)
        self.assertEqual(len(values), 1)


class RandomValues(Case):
    def make(self, rnd, depth, only_json):
        kinds = ['null', 'bool', 'int', 'float', 'str'] + ([] if only_json else ['tag', 'undefined', 'bytes'])
        kind = rnd.choice(kinds + ['list', 'dict'] * (3 if depth < 5 else 0))
        if kind == 'bool':
            return rnd.random() < 0.5
        if kind == 'int':
            n = rnd.getrandbits(rnd.choice((5, 8, 16, 32, 63, 64)))
            return n if rnd.random() < 0.5 else -1 - n
        if kind == 'float':
            return rnd.choice((rnd.uniform(-1, 1), rnd.gauss(0, 1e9), rnd.randrange(1 << 40) / 4, 1e300))
        if kind == 'str':
            top = rnd.choice((0x7f, 0xff, 0xd7ff))
            s = ''.join(chr(rnd.randrange(top + 1)) for _ in range(rnd.choice((0, 1, 5, 23, 24, 300))))
            return Text(s) if rnd.random() < 0.5 else s
        if kind == 'bytes':
            return rnd.randbytes(rnd.choice((0, 3, 30))).decode('latin-1')
        if kind == 'list':
            return [self.make(rnd, depth + 1, only_json) for _ in range(rnd.choice((0, 1, 3, 25)))]
        if kind == 'dict':
            return {f'k{i}\u00e4': self.make(rnd, depth + 1, only_json) for i in range(rnd.choice((0, 1, 3, 25)))}
        if kind == 'tag':
            return Tag(rnd.choice((4, 37, 1234, 1 << 40)), self.make(rnd, depth + 1, only_json))
        return UNDEFINED if kind == 'undefined' else None

    def test_round_trips(self):
        for seed in range(400):
            with self.subTest(seed=seed):
                rnd = random.Random(seed)
                value = self.make(rnd, 0, False)
                octets = encode(value)
                self.assertSame(decode(octets), value)
                self.assertEqual(encode(decode(octets, keep_text=True)), octets)
                value = [self.make(rnd, 0, True)]
                self.assertSame(json_loads(json_dumps(value)), value)

    def test_random_octets_never_crash(self):
        for seed in range(3000):
            rnd = random.Random(seed)
            octets = rnd.randbytes(rnd.randrange(1, 60))
            try:
                decode_stream(octets)
            except CborError:
                pass


if __name__ == '__main__':
    aemp.main()
