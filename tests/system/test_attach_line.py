# SPDX-License-Identifier: LGPL-2.1-or-later
"""The attach protocol (docs/attach.md): the line, and who gets in."""

import contextlib
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.harness import Aempd, AttachClient, AttachError
from aemp.peer import Closed


FRAMINGS = ('cbor', 'json')


class Attaching(unittest.TestCase):
    def raw(self, d, octets):
        c = AttachClient(d.socket_path, framings=FRAMINGS).connect()
        self.addCleanup(c.close)
        c.send_raw(octets)
        return c

    def test_answer(self):
        with Aempd('some/node.id') as d:
            c = self.raw(d, b'aemp-client;1;program;;json\n')
            line = c.read_line().decode()
            self.assertRegex(line, r'^aemp-client;1;some/node\.id;;json;prefix=[0-9A-Za-z]+\.1\.;max_message=16777216(;|$)')

    def test_lines(self):
        lines = {
            b'aemp-client;1;p;;cbor\n': 'cbor', b'aemp-client;1;p;;json\n': 'json', b'aemp-client;1;p;;json\r\n': 'json',
            b'aemp-client;1;p;;json,cbor\n': 'json', b'aemp-client;1;p;;cbor,json\n': 'cbor', b'aemp-client;1;p;;xml,json,cbor\n': 'json',
            b'aemp-client;1;p;;json;key=value;x;=;;\n': 'json', b'aemp-client;1;;;json\n': 'json', b'aemp-client;1;p;secret;json\n': 'json',
            b'aemp-client;1;' + b'p' * 1000 + b';;json\n': 'json', b'aemp-client;1;p;;json;x=' + b'y' * 4071 + b'\n': 'json'}
        with Aempd('x') as d:
            for line, framing in lines.items():
                with self.subTest(line=line[:60]):
                    self.assertLessEqual(len(line), 4096)
                    c = self.raw(d, line).read_attach()
                    self.assertEqual(c.framing, framing)
                    self.assertEqual(c.sync(), [])
                    c.close()

    def test_program_names(self):
        names = {'plain': 'plain', 'a;b%c': 'a;b%c', 'x' * 100: 'x' * 64, 'name with blanks': 'name with blanks'}
        with Aempd('x') as d:
            for name, shown in names.items():
                with self.subTest(name=name), d.attach(name) as c:
                    self.assertIn(shown, c.clients())
                    self.assertEqual(c.clients()[shown]['pid'], os.getpid())
                    self.assertEqual(c.clients()[shown]['uid'], os.getuid())
                    self.assertEqual(c.clients()[shown]['prefix'], c.prefix)

    def test_prefixes_are_never_used_again(self):
        with Aempd('x') as d:
            prefixes = set()
            for _ in range(3):
                for _ in range(10):
                    with d.attach() as a, d.attach() as b:
                        prefixes |= {a.prefix, b.prefix}
                d.stop()
                d.start()
            self.assertEqual(len(prefixes), 60)
            self.assertFalse(any(p != q and p.startswith(q) for p in prefixes for q in prefixes))

    def test_refusals(self):
        for line, what in {b'hello\n': 'attach socket', b'aemp-client;2;p;;json\n': 'version', b'aemp-client;1;p;;xml\n': 'framing'}.items():
            with self.subTest(line=line), Aempd('x') as d:
                c = self.raw(d, line)
                with self.assertRaisesRegex(AttachError, what):
                    c.read_attach()
                self.assertFalse(c.wait_closed().reset)

    def test_max_clients(self):
        with Aempd('x', settings={'max_clients': 3}) as d:
            clients = [d.attach(f'c{i}') for i in range(3)]
            for _ in range(3):
                c = AttachClient(d.socket_path).connect()
                with contextlib.suppress(Closed):
                    c.send_attach()
                with self.assertRaises((Closed, AttachError)):
                    c.read_attach()
                c.close()
            d.wait_log('max_clients')
            self.assertEqual(d.log().count('max_clients'), 1)
            clients[0].close()
            clients[1].wait_state(clients[1].status, lambda s: s['clients'] == 2)
            with d.attach('late') as c:
                self.assertEqual(c.sync(), [])
                self.assertEqual(set(c.clients()), {'c1', 'c2', 'late'})
            for c in clients:
                c.close()

    def test_who_does_not_attach_counts_too(self):
        """Somebody who only connects has a place for as long as handshake_timeout."""
        with Aempd('x', settings={'max_clients': 2, 'handshake_timeout': 0.3}) as d:
            idle = [AttachClient(d.socket_path).connect() for _ in range(2)]
            for c in idle:
                with self.assertRaisesRegex(AttachError, 'time'):
                    c.read_attach()
                c.wait_closed()
                c.close()
            with d.attach() as c:
                self.assertEqual(c.sync(), [])

    def test_the_socket_is_gone_after_the_end(self):
        with Aempd('x') as d:
            with d.attach() as c:
                d.stop()
                c.wait_closed()
            self.assertFalse(os.path.exists(d.socket_path))
            d.start()
            d.kill9()
            self.assertTrue(os.path.exists(d.socket_path))
            d.start()
            with d.attach() as c:
                self.assertEqual(c.sync(), [])

    def test_a_running_aempd_keeps_its_socket(self):
        with Aempd('x') as d, Aempd('y') as other:
            other.stop()
            other.socket_path = d.socket_path
            other.start(ready=False)
            self.assertEqual(other.wait(), 1)
            other.wait_log('another aempd') if other.running() else self.assertIn('another aempd', other.log())
            with d.attach() as c:
                self.assertEqual(c.node_id, 'x')


if __name__ == '__main__':
    aemp.main()
