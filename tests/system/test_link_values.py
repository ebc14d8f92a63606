# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempd and one other node: values."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp import cbor
from aemp.cbor import UNDEFINED, Raw, Tag, Text
from aemp.harness import Aempd
from link_vectors import meaning, pairs, vector


class Values(unittest.TestCase):
    """All kinds of values, there and back."""

    def test_from_a_client_to_a_peer_and_back(self):
        with Aempd('x') as d, d.attach(framings=('cbor',)) as c, d.peer('peer') as p:
            back = c.port_name()
            p.strict = False
            for note, octets, _ in pairs(vector('values-cbor')):
                with self.subTest(note):
                    value = cbor.decode(octets)[3]
                    c.send_raw(octets)  # the client asks its aempd for what the peer asked the reference
                    name, got = p.recv()
                    self.assertEqual(name, 'e')
                    self.assertIsNone(cbor.hazard(got))
                    self.assertEqual(meaning(got), meaning(value))
                    p.send([back, Raw(p.octets[-1][len(cbor.encode(['e', Raw()])):])])
                    self.assertEqual(meaning(c.recv()), meaning([back, value]))

    def test_relayed_for_a_peer(self):
        """What the reference did in the capture; but it changes values that aempd has no reason to change."""
        kept = {'-2^64: becomes 0': -2**64, 'double -0.0: 0': -0.0,
                'double 2.0: integer': 2.0, 'half 1.0: integer': 1.0}
        with Aempd('x') as d, d.peer('peer') as p:
            for note, octets, answer in pairs(vector('values-cbor')):
                with self.subTest(note):
                    p.send_raw(octets)
                    expected = ['e', kept[note]] if note in kept else answer
                    self.assertEqual(meaning(p.recv()), meaning(expected))

    def test_from_a_client_that_speaks_json(self):
        kept = {'infinity': (None, float('inf')),  # JSON has none: either will do
                '["","snd","peer#e",0.12345678901234567]': (0.12345678901234567,)}
        with Aempd('x') as d, d.attach(framings=('json',)) as c, d.peer('peer') as p:
            for note, octets, answer in pairs(vector('values-json')):
                with self.subTest(note):
                    c.send_raw(octets)
                    got = p.recv()[1]
                    for number in ('1.0', '1e3'):  # whether an integer is written as a double is of no meaning
                        if f'{number}]'.encode() in octets:
                            got = int(got)
                    if note == 'string':           # of 2^64, which is no integer of CBOR without a tag
                        got = str(int(got))
                    allowed = kept.get(note, (answer[1],))
                    self.assertIn(meaning(got), [meaning(v) for v in allowed])

    def test_to_a_client_that_speaks_json(self):
        bignum, nothing = 2**64, None
        cases = [('ä', 'ä'), (Text('ä'), 'ä'), ('\0\x01\xff', '\0\x01\xff'), (Text('€😀'), '€😀'), (b'', ''),
                 (2**64 - 1, 2**64 - 1), (-2**63, -2**63), (1.5, 1.5), (0.1, 0.1), (1e300, 1e300), (True, True), (False, False),
                 (None, None), (UNDEFINED, nothing), (float('inf'), nothing), (float('nan'), nothing), ([], []), ({}, {}),
                 ([[1], [2, [3]]], [[1], [2, [3]]]), ({'k': {'n': [1]}}, {'k': {'n': [1]}}), ({1: 'x'}, {'1': 'x'}),
                 (Tag(1, 1363896240), 1363896240), (Tag(55799, 'x'), 'x'), (Raw(b'\x9f\x01\x02\xff'), [1, 2]),
                 (Raw(b'\xbf\x61a\x01\xff'), {'a': 1}), (Raw(b'\x5f\x41a\x41b\xff'), 'ab'), (Raw(b'\xf9\x3e\x00'), 1.5),
                 (Raw(b'\x62\xc3\x28'), '�('), ([None] * 1000, [None] * 1000), ('\n\t"\\/\x7f', '\n\t"\\/\x7f')]
        with Aempd('x') as d, d.attach(framings=('json',)) as c, d.peer('peer') as p:
            port = c.port_name()
            for value, expected in cases:
                with self.subTest(value=value):
                    p.send([port, value])
                    self.assertEqual(meaning(c.recv()), meaning([port, expected]))

    def test_between_clients_of_both_framings(self):
        value = ['ä€😀\0\x7f', 0, -1, 2**64 - 1, -2**63, 1.5, -0.1, 1e300, None, True, False, [], {}, {'k': [{'ä': ''}]}]
        with Aempd('x') as x, Aempd('y', seeds=[x.binds[0]]) as y:
            clients = [d.attach(framings=(f,)) for d in (x, y) for f in ('cbor', 'json')]
            ports = [c.port_name() for c in clients]
            clients[3].send(['', 'nodes1'])
            clients[3].recv()
            for i, source in enumerate(clients):
                for j, target in enumerate(clients):
                    source.send([target.port_id(ports[j]), i, j, value])
                    self.assertEqual(target.recv(), [ports[j], i, j, value])
            for c in clients:
                c.close()

    def test_what_the_reference_can_not_decode_is_not_sent_to_it(self):
        """Simple values, Perl objects: it would never hear another message. A hazard makes recv() raise."""
        cases = [(Raw(b'\xe0'), None), (Raw(b'\xf8\xff'), None), ([1, Raw(b'\xf3')], [1, None]),
                 (Tag(26, ['Some::Class', {'a': 1}]), ['Some::Class', {'a': 1}]), ({'k': Tag(26, [1, UNDEFINED])}, {'k': [1, UNDEFINED]}),
                 (Tag(26, Tag(26, UNDEFINED)), UNDEFINED)]
        with Aempd('x') as d, d.attach(framings=('cbor',)) as c, d.peer('peer') as p, d.peer('other') as q:
            for value, expected in cases:
                with self.subTest(value=value):
                    c.send(['peer#e', value])
                    self.assertEqual(p.recv(), ['e', expected])
                    q.send(['', 'snd', 'peer#e', value])
                    self.assertEqual(p.recv(), ['e', expected])


if __name__ == '__main__':
    aemp.main()
