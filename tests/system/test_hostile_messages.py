# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bad input: what is no message, or too much of one, from a peer and from a client."""

import contextlib
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp import cbor
from aemp.cbor import Tag
from aemp.harness import sanitized
from aemp.peer import ANY, Closed
from hostile_case import MIB, Case, lines, resident, warnings


SETTINGS = {'max_message': 65536}


def nested(n, *, head=b'\x81', end=b'\x80'):
    return head * n + end


class Messages(Case):
    BAD = {
        'a map': b'\xa1\x61a\x01', 'a string': b'\x61a', 'octets': b'\x41a', 'an integer': b'\x01', 'a negative integer': b'\x20',
        'null': b'\xf6', 'true': b'\xf5', 'a double': b'\xfb' + bytes(8), 'a simple value': b'\xe0', 'an empty map': b'\xa0',
        'a break': b'\xff', 'reserved 28': b'\x1c', 'reserved 29 in an array': b'\x82\x60\x5d', 'reserved 30': b'\x9e',
        'an indefinite integer': b'\x82\x60\x1f', 'an indefinite tag': b'\x82\x60\xdf\x00', 'break in a definite array': b'\x82\x60\xff',
        'break after a key': b'\x82\x60\xbf\x61a\xff', 'a simple value below 32 in two octets': b'\x82\x60\xf8\x1f',
        'text within octets': b'\x82\x60\x5f\x61a\xff', 'octets within text': b'\x82\x60\x7f\x41a\xff',
        'a number within text': b'\x82\x60\x7f\x01\xff', 'a piece of indefinite length': b'\x82\x60\x5f\x5f\x41a\xff\xff',
        'a tagged break': b'\x9f\x60\xc1\xff',
        '513 arrays': nested(512), '100,000 arrays': nested(100000), '513 indefinite arrays': b'\x9f' * 513,
        '512 maps in an array': b'\x82\x60' + b'\xa1\x61k' * 512, 'maps as keys': b'\x82\x60' + b'\xa1' * 512,
        '100,000 tags': b'\x82\x60' + b'\xc1' * 100000,
        '2^64-1 elements': b'\x9b' + b'\xff' * 8, '2^63 elements': b'\x9b\x80' + bytes(7), '2^62 elements': b'\x9b\x40' + bytes(7),
        '2^32-1 elements': b'\x9a' + b'\xff' * 4, '2^64-1 pairs': b'\x82\x60\xbb' + b'\xff' * 8, '2^63 pairs': b'\x82\x60\xbb\x80' + bytes(7),
        '2^64-1 octets': b'\x82\x60\x5b' + b'\xff' * 8, '2^63-1 octets': b'\x82\x60\x5b\x7f' + b'\xff' * 7,
        '2^64-1 octets of text': b'\x82\x60\x7b' + b'\xff' * 8, '2^31 octets': b'\x82\x60\x5a\x80' + bytes(3),
        '2^64-1 octets of a port name': b'\x82\x7b' + b'\xff' * 8, 'a piece of 2^64-1 octets': b'\x82\x60\x5f\x5b' + b'\xff' * 8,
        'max_message and one': b'\x82\x60\x5a' + (65536 - 7 + 1).to_bytes(4, 'big') + bytes(65536 - 7 + 1),
        'much, in small pieces': b'\x9f\x60' + b'\x01' * 65536, 'one string in pieces': b'\x82\x60\x5f' + b'\x43abc' * 20000,
    }

    def test_from_a_peer(self):
        for name, octets in self.BAD.items():
            with self.subTest(name), self.watched(settings=SETTINGS) as d, d.attach() as c, d.peer('bad') as p:
                port = c.port_name()
                c.mon('bad#p')
                p.recv()
                p.send([port, 'before'])
                with contextlib.suppress(Closed):
                    p.send_raw(octets)
                    p.send([port, 'behind it'])
                p.wait_closed()
                self.assertEqual(c.recv(), [port, 'before'])
                self.assertEqual(c.recv()[:5], ['', 'kil0', 'bad#p', 'transport_error', 'bad'])
                self.assertEqual(c.recv()[:3], ['', 'down', 'bad'])
                self.one_warning(d, f'bad at {p.address}', '')
                self.assertEqual(len(lines(d, 'node is down: bad')), 1)
                self.assertEqual(c.status()['counters']['protocol_errors'], 1)

    def test_from_a_client(self):
        for name, octets in self.BAD.items():
            with self.subTest(name), self.watched(settings=SETTINGS) as d:
                with d.attach('bad', framings=('cbor',)) as c, d.attach() as other:
                    port, target = c.port_name(), other.port_name()
                    other.mon(c.port_id(port))
                    other.sync()
                    c.recv()
                    c.send([other.port_id(target), 'before'])
                    with contextlib.suppress(Closed):
                        c.send_raw(octets)
                        c.send([other.port_id(target), 'behind it'])
                    got = c.recv_all()
                    if name in ('a map', 'a string', 'octets', 'an integer', 'a negative integer', 'null', 'true', 'a double',
                                'a simple value', 'an empty map'):
                        continue  # see test_client_messages_that_are_no_arrays
                    self.assertEqual(got, [['', 'refused', '', 'protocol', ANY]])
                    self.assertEqual(other.recv(), [target, 'before'])
                    self.assertEqual(other.recv(), ['', 'kil0', c.port_id(port), 'detached', 'bad', os.getpid()])
                    self.one_warning(d, f'bad[{os.getpid()}]', '')

    def test_as_deep_and_as_large_as_allowed(self):
        with self.watched(settings=SETTINGS) as d, d.attach(framings=('cbor',)) as c, d.peer('good') as p:
            port = c.port_name()
            head = b'\x82' + cbor.encode(port)
            p.send_raw(head + nested(510))
            self.assertEqual(c.recv()[0], port)
            p.send_raw(b'\x82\x62' + b'zz' + nested(510))    # to nobody
            room = 65536 - len(head) - 5
            p.send_raw(head + b'\x5a' + room.to_bytes(4, 'big') + b'x' * room)
            self.assertEqual(c.recv(), [port, 'x' * room])
            self.assertEqual(p.sync(), [])
            self.assertEqual(warnings(d), [])

    def test_unfinished_claims_cost_nothing(self):
        """Twenty peers and twenty clients begin a message of nearly 64 MiB and say no more."""
        with self.watched(settings={'max_message': 64 * MIB}) as d, contextlib.ExitStack() as stack:
            others = [stack.enter_context(d.peer(f'n{i}')) for i in range(20)]
            others += [stack.enter_context(d.attach(framings=('cbor',))) for i in range(20)]
            for p in others:
                p.sync()
            before = resident(d)
            for i, p in enumerate(others):
                p.send_raw((b'\x82\x60\x5a\x03\xff\x00\x00', b'\x9a\x03\xff\x00\x00\x60', b'\x82\x60\x7a\x03\xff\x00\x00abc',
                            b'\x82\x60\xba\x01\xff\x00\x00')[i % 4])
            d.bystanders.wait_rounds(20)
            if not sanitized():
                self.assertLess(resident(d) - before, 4 * MIB)
            self.assertEqual(warnings(d), [])

    def test_cut_off_at_every_octet(self):
        """A peer that ends in the middle of a message has not said it."""
        whole = cbor.encode(['zz', {'k': [1, 1.5, 'x', Tag(1, b'y')]}, 'ä€', None])
        with self.watched() as d, d.attach() as c:
            for end in range(1, len(whole)):
                with d.peer('cut') as p:
                    p.send([c.port_name(), end])
                    p.send_raw(whole[:end])
                    p.half_close()
                    self.assertEqual(p.wait_closed().reset, False)
                self.assertEqual(c.recv()[1], end)
            self.assertEqual(warnings(d), [])

    def test_octets_by_chance(self):
        """No seed may bring it down. The seed is printed when that happens."""
        with self.watched(settings={**SETTINGS, 'log_level': 4}) as d:
            for seed in range(150):
                with self.subTest(seed=seed):
                    rng = random.Random(seed)
                    octets = rng.randbytes(rng.randrange(1, 3000))
                    if seed % 3 == 1:  # something valid, with mistakes
                        octets = bytearray(cbor.encode(['', 'snd', 'y#z', {'a': ['b', 1.5, {'c': [None] * 20}]}, 'd' * 50]) * 10)
                        for _ in range(3):
                            octets[rng.randrange(len(octets))] = rng.randrange(256)
                    with d.peer('bad') if seed % 2 else d.attach(framings=(('cbor', 'json')[seed // 2 % 2],)) as p:
                        with contextlib.suppress(Closed):
                            p.send_raw(octets)
                            p.half_close()
                        p.wait_closed()
                    self.assertTrue(d.running())


if __name__ == '__main__':
    aemp.main()
