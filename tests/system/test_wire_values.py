# SPDX-License-Identifier: LGPL-2.1-or-later
"""All kinds of values, through each framing and both ways: client to peer and back, and relayed for a peer."""

import math
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp import cbor
from aemp.cbor import UNDEFINED, Raw, Tag, Text
from aemp.harness import Aempd
from aemp.node import Node
from aemp.peer import encode_message
from link_vectors import meaning, octets_of, vector

FRAMINGS = ('cbor', 'json')


def through(value, *framings):
    """What is left of a value after these: JSON has fewer kinds (protocol.md 2.5), and no reader may tell 1 from 1.0."""
    if 'json' in framings:
        if isinstance(value, Tag):
            return through(value.value, *framings)
        if value is UNDEFINED or isinstance(value, float) and not math.isfinite(value):
            return None
        if isinstance(value, str):
            return value.encode('utf-8', 'surrogateescape').decode('utf-8', 'replace')
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return int(value)
    if isinstance(value, list):
        return [through(v, *framings) for v in value]
    if isinstance(value, dict):
        return {through(k, *framings): through(v, *framings) for k, v in value.items()}
    return value


def cbor_values():
    """Of the vector, and all widths of integers; (note, octets of the item)."""
    head = len(cbor.encode(['', 'snd', 'peer#e']))
    for m in vector('values-cbor')['messages'][::2]:
        yield m['note'], octets_of(m)[head:]
    for n in (0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**53, 2**53 + 1, 2**63, 2**64 - 1):
        yield f'{n}', cbor.encode(n)
        yield f'{-1 - n}', cbor.encode(-1 - n)
    for value in ('', 'ä', Text('ä'), '€😀', '\0\x1f\x7f\x80\xff', '"\\/\b\f\n\r\t', 0.1, -1.5e-300, 5e-324, 1.7976931348623157e308, [], {},
                  [[], {}, [None, [False]]], {'': None, 'ä': {'€': [1]}}, {'k' * 300: 'v' * 70000}, [*range(300)]):
        yield f'{value!r:.40}', cbor.encode(value)


class Values(unittest.TestCase):
    def pairs(self):
        """A peer for each pair of framings, and a client for each."""
        for sends in FRAMINGS:
            for takes in FRAMINGS:
                with Aempd('x') as d, d.peer('peer', framing=sends, framings=(takes,)) as p:
                    p.strict = False
                    self.assertEqual(p.remote_auth.framing, takes)
                    for framing in FRAMINGS:
                        with d.attach(framings=(framing,)) as c:
                            yield sends, takes, framing, p, c

    def fits(self, got, value, *framings):
        self.assertEqual(meaning(through(got, *framings)), meaning(through(value, *framings)))

    def test_from_a_client(self):
        for sends, takes, framing, p, c in self.pairs():
            for note, octets in cbor_values():
                value = cbor.decode(octets)
                if framing == 'json':
                    value = through(value, 'json')
                    if isinstance(value, int) and not -2**63 <= value < 2**64:
                        continue                       # JSON has no such integers
                c.send(['peer#p', Raw(octets) if framing == 'cbor' else value])
                with self.subTest(note, client=framing, peer=takes):
                    self.fits(p.recv()[1], value, framing, takes)

    def test_to_a_client(self):
        for sends, takes, framing, p, c in self.pairs():
            port = c.port_name()
            for note, octets in cbor_values():
                value = cbor.decode(octets)
                if sends == 'json':
                    value = through(value, 'json')
                p.send([port, Raw(octets) if sends == 'cbor' else value])
                with self.subTest(note, client=framing, peer=sends):
                    got = c.recv()[1]
                    if sends == 'json' and isinstance(value, int) and value < -2**63:
                        got = int(got)                 # a string, a double: it has no place in CBOR without a tag
                        self.assertAlmostEqual(got / value, 1)
                    elif framing == 'json' and isinstance(value, int) and value < -2**63:
                        self.assertAlmostEqual(int(got) / value, 1)
                    else:
                        self.fits(got, value, framing, sends)

    def test_relayed(self):
        for sends in FRAMINGS:
            for takes in FRAMINGS:
                with Aempd('x') as d, d.peer('peer', framing=sends, framings=('cbor',)) as p, \
                     d.peer('other', framings=(takes,)) as q:
                    q.strict = False
                    for note, octets in cbor_values():
                        value = cbor.decode(octets)
                        if sends == 'json':
                            value = through(value, 'json')
                            if isinstance(value, int) and value < -2**63:
                                continue
                        p.send(['', 'snd', 'other#e', Raw(octets) if sends == 'cbor' else value])
                        with self.subTest(note, sends=sends, takes=takes):
                            self.fits(q.recv()[1], value, sends, takes)

    def test_what_waited_for_a_connection(self):
        """Messages that were sent before it was known which framing the node takes: in order, and with all that they hold."""
        for takes in FRAMINGS:
            with Node('seed') as seed:
                seed.requests['g_slave'] = lambda *args: None
                seed.requests['g_find'] = lambda *args: None   # no answer comes
                with Aempd('x', seeds=[seed.bind]) as d, d.attach(framings=('cbor',)) as c:
                    seed.wait_up('x')
                    values = [cbor.decode(octets) for _, octets in cbor_values()]
                    c.mon('late#p')
                    for i, (_, octets) in enumerate(cbor_values()):
                        c.send(['late#p', i, Raw(octets)])
                    self.assertEqual(c.sync(), [])
                    with d.connect(node_id='late', framings=(takes,)) as p:
                        p.strict = False
                        p.handshake()
                        self.assertEqual(p.recv(), ['', 'mon1', 'p'])
                        for i, value in enumerate(values):
                            name, n, got = p.recv()
                            self.assertEqual((name, n), ('p', i))
                            self.fits(got, value, takes)
                        self.assertEqual(p.sync(), [])

    def test_the_json_of_the_captures(self):
        """As it stands there, octet by octet; what comes out is what the reference made of it."""
        messages = vector('values-json')['messages']
        for takes in FRAMINGS:
            with Aempd('x') as d, d.peer('peer', framing='json', framings=(takes,)) as p:
                for sent, answer in zip(messages[::2], messages[1::2]):
                    with self.subTest(sent['text'], takes=takes):
                        p.send_raw(octets_of(sent))
                        expected, got = cbor.decode(octets_of(answer)), p.recv()
                        if sent.get('note') == 'string':           # an integer of 2^64
                            got = [got[0], str(int(got[1]))]
                        if sent.get('note') == 'infinity':
                            self.assertIn(got[1], (None, math.inf))
                        elif '0.12345678901234567' in sent['text']:  # the reference has 15 digits
                            self.assertAlmostEqual(got[1], expected[1], delta=1e-15)
                        else:
                            self.fits(got, expected, takes)

    def test_numbers_that_are_no_json(self):
        """As the reference writes them: inf, -inf and nan, bare. They are null, and no reason to end a connection."""
        for takes in FRAMINGS:
            with Aempd('x') as d, d.peer('peer', framing='json', framings=(takes,)) as p, d.attach(framings=('json',)) as c:
                for text in ('inf', '-inf', 'nan'):
                    with self.subTest(text, takes=takes):
                        p.send_raw(f'["","snd","peer#e",{text},[{text}],{{"k":{text}}},1]'.encode())
                        self.assertEqual(p.recv(), ['e', None, [None], {'k': None}, 1])
                        p.send_raw(f'["{c.port_name("p")}", {text} ]'.encode())
                        self.assertEqual(c.recv(), [c.port_name('p'), None])

    def test_json_in_pieces(self):
        """Octet by octet, with white space between messages or none."""
        with Aempd('x') as d, d.peer('peer', framing='json', framings=('json',)) as p:
            for octet in '["","snd","peer#e","ä\\u00e4€😀\\"]"] \r\n\t[]["","snd",\n"peer#e",{"]":[1.5e1]}]'.encode():
                p.send_raw(bytes([octet]))
            self.assertEqual(p.recv_n(2), [['e', 'ää€😀"]'], ['e', {']': [15]}]])

    def test_what_a_json_peer_may_not_send(self):
        """Each ends the connection with one line in the log."""
        for octets in (b'{"a":1}', b'"x"', b'17', b'null', b'x', b']', b'["a",]', b'["\x01"]', b'["\\ud800"]', b'["\\x"]', b'[01]', b'[tru]',
                       b'[infinite]', b'[' * 513, b'["' + b'a' * 700000, b'["' + b'a' * 70000 + b'"]', b'[1,2]]', b'\xef\xbb\xbf["a"]'):
            with self.subTest(octets[:20]), Aempd('x', settings={'max_message': 65536}) as d, d.attach() as c:
                with d.peer('peer', framing='json') as p:
                    c.mon('peer#p')
                    c.sync()
                    p.send_raw(b'["","snd","x","devnull"]' + octets)
                    if octets == b'["\\ud800"]':       # aempd may also take it as U+FFFD
                        continue
                    if octets != b'x' and octets[-1:] not in b']}':
                        p.send_raw(b'  ["",""]')
                    p.wait_closed()
                    self.assertEqual(c.recv_until(['', 'kil0', 'peer#p'])[3], 'transport_error')
                    d.wait_log(f'warning: .*peer at {p.address}')
                    self.assertEqual(c.status()['counters']['protocol_errors'], 1)


class Sizes(unittest.TestCase):
    def test_json_may_be_longer(self):
        """What is a message in CBOR is one in JSON, though its text has six characters for one: the link of two nodes does not end for it."""
        settings = {'framing_format': ['json'], 'max_message': 65536}
        with Aempd('x', settings=settings) as x, Aempd('y', settings=settings, seeds=x.binds) as y, \
             x.attach(framings=('cbor',)) as c, y.attach(framings=('cbor',)) as e:
            y.wait_log('node is up: x')
            port = e.port_name()
            c.mon(e.port_id(port))
            self.assertEqual(e.recv(), ['', 'mon1', port])
            for value in ('\x01' * 65000, '"' * 65000, [0.1] * 7000, [[]] * 60000, {f'{i}\x01': None for i in range(8000)}):
                c.send([e.port_id(port), value])
                self.assertEqual(e.recv(), [port, value])
            self.assertEqual(c.sync(), [])


class Octets(unittest.TestCase):
    def test_what_goes_to_the_reference_in_json(self):
        """Never what it can't decode: raw control characters, lone surrogates, bare numbers; it would not hear another message."""
        hard = [Raw(b'\x78\x21' + bytes(range(33))), Raw(b'\x58\x21' + bytes(range(33))), Raw(b'\x63\xed\xa0\x80'), Raw(b'\x61\xff'), UNDEFINED,
                math.inf, -math.inf, math.nan, Tag(26, ['Some::Class', 1]), Raw(b'\xe0'), {1: 2}, Raw(b'\xa2\x61a\x01\x41a\x02'), -2**64, 2**64 - 1]
        with Aempd('x') as d, d.peer('peer', framings=('json',)) as p, d.peer('other') as q, d.attach(framings=('cbor',)) as c:
            for value in hard:
                with self.subTest(value):
                    c.send(['peer#p', value])
                    p.recv()                           # checks that it is JSON
                    q.send(['', 'snd', 'peer#p', value])
                    p.recv()
                    for octets in p.octets[-2:]:
                        octets.decode('utf-8')
            c.send(['peer#p', 'end'])
            self.assertEqual(p.recv(), ['p', 'end'])
            self.assertEqual(encode_message('json', ['p', 'end']), p.octets[-1].strip())


if __name__ == '__main__':
    aemp.main()
