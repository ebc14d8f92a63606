# SPDX-License-Identifier: LGPL-2.1-or-later
"""The attach protocol (docs/attach.md): the stream, cut anywhere."""

import json
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.harness import Aempd, AttachClient
from aemp.peer import encode_message


FRAMINGS = ('cbor', 'json')


class Pieces(unittest.TestCase):
    """The stream may be cut anywhere."""

    def script(self, framing, target):
        """What a client sends: its line, and messages of all kinds. The target is told each of them."""
        messages = [[target, 'first', 1], [], [target, 'ä€😀', -1.5, None, True, [[], {}], {'k': [{'k': 'v'}]}],
                    ['', 'snd', target, 'relayed'], [target, 'x' * 70, 2**64 - 1], ['', 'devnull', [1, {'a': 'b'}]], [target, 'last']]
        octets = f'aemp-client;1;piece;;{framing}\n'.encode()
        for m in messages:
            octets += encode_message(framing, m)
            if framing == 'json':
                octets += b' \r\n\t'
        return octets, [['first', 1], messages[2][1:], ['relayed'], messages[4][1:], ['last']]

    def check(self, target, port, expected):
        for m in expected:
            self.assertEqual(target.recv(), [port, *m])

    def cut(self, framing, cuts_of):
        with Aempd('x') as d, d.attach(framings=('cbor',)) as target, d.attach() as barrier:
            port = target.port_name()
            octets, expected = self.script(framing, target.port_id(port))
            for cuts in cuts_of(len(octets)):
                with AttachClient(d.socket_path, 'piece', framings=(framing,)).connect() as c:
                    for begin, end in zip([0, *cuts], [*cuts, len(octets)]):
                        c.send_raw(octets[begin:end])
                        if end < len(octets):
                            barrier.sync()  # by now aempd has read this piece
                    c.read_attach()
                    self.check(target, port, expected)
                    self.assertEqual(c.sync(), [])
            self.assertEqual(target.sync(), [])

    def test_all_at_once(self):
        for framing in FRAMINGS:
            with self.subTest(framing):
                self.cut(framing, lambda n: [[]])

    def test_at_each_octet(self):
        """In two pieces, whatever the place."""
        for framing in FRAMINGS:
            with self.subTest(framing):
                self.cut(framing, lambda n: [[i] for i in range(1, n)])

    def test_octet_by_octet(self):
        for framing in FRAMINGS:
            with self.subTest(framing):
                self.cut(framing, lambda n: [list(range(1, n))])

    def test_by_chance(self):
        for framing in FRAMINGS:
            for seed in range(20):
                with self.subTest(framing=framing, seed=seed):
                    rng = random.Random(seed)
                    self.cut(framing, lambda n: [sorted(rng.sample(range(1, n), rng.randrange(1, 12)))])

    def test_white_space(self):
        with Aempd('x') as d, d.attach() as c:
            port = c.port_name()
            address = json.dumps(c.port_id(port)).encode()
            c.send_raw(b' \n\r\t[' + address + b',1][\n' + address + b'\r,\t2 ]\n\n\n\n[ ' + address + b' , 3 ] []  [ ]')
            self.assertEqual(c.recv_n(3), [[port, 1], [port, 2], [port, 3]])
            self.assertEqual(c.sync(), [])

    def test_a_client_that_ends_within_a_message(self):
        for framing in FRAMINGS:
            with self.subTest(framing), Aempd('x') as d, d.attach() as target:
                port = target.port_name()
                whole = encode_message(framing, [target.port_id(port), 'whole', {'k': [1, 'x']}])
                for end in range(len(whole)):
                    with d.attach(framings=(framing,)) as c:
                        c.send_raw(encode_message(framing, [target.port_id(port), end]) + whole[:end])
                        c.half_close()
                        c.wait_closed()
                    self.assertEqual(target.recv(), [port, end])
                self.assertEqual(target.sync(), [])


if __name__ == '__main__':
    aemp.main()
