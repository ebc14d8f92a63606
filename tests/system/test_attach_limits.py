# SPDX-License-Identifier: LGPL-2.1-or-later
"""The attach protocol (docs/attach.md): limits."""

import contextlib
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.harness import Aempd
from aemp.peer import ANY, Closed, encode_message


FRAMINGS = ('cbor', 'json')


def room(framing, head, limit):
    """How many 'x' make [head, 'xxx'] as large as that."""
    return next(limit - extra for extra in range(64) if
                len(encode_message(framing, [head, 'x' * (limit - extra)])) == limit)


class Limits(unittest.TestCase):
    def test_monitors(self):
        """Who may not have another monitor is told so by its end, at once."""
        with Aempd('x', settings={'max_monitors': 3}) as d, d.attach() as c, d.attach() as other, d.peer('n') as p:
            ports = [other.port_id(other.port_name()) for _ in range(2)] + ['n#a', 'n#b', other.port_id(other.port_name())]
            c.mon(*ports)
            self.assertEqual(c.sync(), [['', 'kil0', port, 'limit', ANY] for port in ports[3:]])
            self.assertEqual(p.sync(), [['', 'mon1', 'a']])
            c.send(['', 'mon0', ports[0]])
            c.mon(ports[4])
            self.assertEqual(c.sync(), [])
            p.send(*(['', 'mon1', other.port_name(f'q{i}')] for i in range(5)))
            self.assertEqual([m[:4] for m in p.sync()], [['', 'kil0', other.port_name(f'q{i}'), 'limit'] for i in (3, 4)])

    def test_contacts(self):
        with Aempd('x', settings={'max_contacts': 2}) as d, d.attach() as c, contextlib.ExitStack() as stack:
            peers = [stack.enter_context(d.peer(f'n{i}')) for i in range(3)]
            for i in range(3):
                c.send([f'n{i}#p', i])
            c.mon('n2#p')
            got = c.sync()
            self.assertEqual(got[0], ['', 'refused', 'snd', 'limit', ANY, 'n2#p'])
            self.assertEqual(got[1:], [['', 'kil0', 'n2#p', 'limit', ANY]])
            self.assertEqual([p.sync() for p in peers], [[['p', 0]], [['p', 1]], []])

    def test_messages_up_to_max_message(self):
        limit = 100000
        for framing in FRAMINGS:
            with self.subTest(framing), Aempd('x', settings={'max_message': limit}) as d, d.attach(framings=(framing,)) as c:
                self.assertEqual(c.max_message, limit)
                port = c.port_name()
                n = room(framing, c.port_id(port), limit)
                c.send([c.port_id(port), 'x' * n])
                self.assertEqual(c.recv(), [port, 'x' * n])
                for octets in (encode_message(framing, [c.port_id(port), 'x' * (n + 1)]),
                               encode_message(framing, [c.port_id(port), 'x' * (n + 1)])[:limit + 1]):
                    with d.attach('large', framings=(framing,)) as e:
                        with contextlib.suppress(Closed):
                            e.send_raw(octets)
                        self.assertEqual(e.recv_all(), [['', 'refused', '', 'protocol', ANY]])
                d.wait_log(r'large\[\d+\].*max_message', count=2)
                self.assertEqual(c.sync(), [])

    def test_messages_of_the_usual_size_limit(self):
        """16 MiB, from one node to another and back."""
        with Aempd('x') as x, Aempd('y', seeds=x.binds) as y, x.attach(framings=('cbor',)) as c, y.attach(framings=('cbor',)) as e:
            e.send(['', 'nodes1'])
            self.assertEqual(e.recv(), ['', 'node', 'x', True])
            n = room('cbor', e.port_id(e.port_name('p')), c.max_message)
            for source, target in ((c, e), (e, c)):
                source.send([target.port_id(target.port_name('p')), 'x' * n])
                m = target.recv()
                self.assertEqual((m[0], len(m[1])), (target.port_name('p'), n))
                self.assertEqual(source.sync() + target.sync(), [])

    def test_a_message_that_a_peer_does_not_take(self):
        """It may have another max_message than we. Nobody promises that it arrives; then the monitor fires."""
        with Aempd('x', settings={'max_message': 2000}) as x, Aempd('y', seeds=x.binds) as y, x.attach() as c, y.attach() as e:
            e.send(['', 'nodes1'])
            self.assertEqual(e.recv(), ['', 'node', 'x', True])
            port = c.port_name()
            e.mon(c.port_id(port))
            e.send([c.port_id(port), 'small'], [c.port_id(port), 'x' * 3000], [c.port_id(port), 'behind it'])
            self.assertEqual(c.recv_n(2), [['', 'mon1', port], [port, 'small']])
            self.assertEqual(e.recv()[:5], ['', 'kil0', c.port_id(port), 'transport_error', 'x'])
            x.wait_log('y at .*max_message')

    def test_deep_messages(self):
        for framing, head, tail in (('cbor', b'\x81', b''), ('json', b'[', b']')):
            with self.subTest(framing), Aempd('x') as d, d.attach(framings=('cbor',)) as target:
                port = target.port_name()
                address = encode_message(framing, target.port_id(port))
                begin, end = (b'\x82' + address, b'') if framing == 'cbor' else (b'[' + address + b',', b']')
                with d.attach(framings=(framing,)) as c:
                    c.send_raw(begin + head * 511 + (b'\xf6' if framing == 'cbor' else b'null') + tail * 511 + end)
                    self.assertEqual(target.recv()[0], port)
                    c.send_raw(begin + head * 512)
                    self.assertEqual(c.recv_all(), [['', 'refused', '', 'protocol', ANY]])
                    d.wait_log('too deep')


if __name__ == '__main__':
    aemp.main()
