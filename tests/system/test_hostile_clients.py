# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bad input: clients that send rubbish or what they may not, or are killed at the wrong moment."""

import contextlib
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.harness import AttachClient, AttachError, Program
from aemp.peer import ANY, Closed, Timeout
from hostile_case import Case, warnings


class Clients(Case):
    """Of the attach socket."""

    def test_attach_lines(self):
        cases = {'garbage': (b'\x80\x81\x82\n', 'attach socket'), 'empty': (b'\n', 'attach socket'),
                 'a node': (b'aemp;1;bad;hmac_sha3_512;cbor\n', 'attach socket'),
                 'no fields': (b'aemp-client\n', 'attach socket'), 'version': (b'aemp-client;2;bad;;cbor\n', 'version'),
                 'framing': (b'aemp-client;1;bad;;xml,storable\n', 'framing'), 'no framing': (b'aemp-client;1;bad;;\n', 'framing'),
                 'too long': (b'aemp-client;1;bad;;cbor;' + b'a' * 4073 + b'\n', 'too long'), 'no end': (b'a' * 5000, 'too long')}
        for name, (octets, what) in cases.items():
            with self.subTest(name), self.watched() as d, AttachClient(d.socket_path) as c:
                c.connect()
                c.send_raw(octets)
                with self.assertRaisesRegex(AttachError, what):
                    c.read_attach()
                c.wait_closed()
                self.one_warning(d, f'[{os.getpid()}]', what)

    def test_slowly(self):
        with self.watched(settings={'handshake_timeout': 1}) as d, AttachClient(d.socket_path) as c:
            c.connect()
            began = time.monotonic()
            with self.assertRaisesRegex(AttachError, 'time'):
                for octet in b'aemp-client;1;slowly;;json;key=value;key=value\n':
                    c.send_raw(bytes([octet]))
                    with contextlib.suppress(Timeout):
                        c.read_attach(0.05)
            self.assertAlmostEqual(time.monotonic() - began, 1.3, delta=0.5)
            self.one_warning(d, f'[{os.getpid()}]', 'time')

    def test_json_that_is_none(self):
        for octets in (b'{"a":1}', b'"x"', b'x', b'17', b'null', b']', b'["a",]', b'[,]', b'["a" "b"]', b'["a":1]', b'[{"a"}]', b'[{1:2}]',
                       b'[{"a":1,}]', b'["\x01"]', b'["\\x"]', b'["\\u12"]', b'[01]', b'[1.]', b'[.5]',
                       b'[+1]', b'[0x1]', b'[tru]', b'["a"}', b'[' * 513, b'[' * 100000, b'["' + b'a' * 65536, b'[' + b' ' * 65536,
                       b"['a']", b'[/**/]', b'\xef\xbb\xbf["a"]', b'[1,2]]'):
            with self.subTest(octets=octets[:20]), self.watched(settings={'max_message': 65536}) as d, d.attach('bad') as c:
                with contextlib.suppress(Closed):
                    c.send_raw(octets + b'["",""]')
                self.assertEqual(c.recv_all()[-1], ['', 'refused', '', 'protocol', ANY])
                self.one_warning(d, f'bad[{os.getpid()}]', '')

    def test_client_messages_that_are_no_arrays(self):
        """docs/attach.md: what is malformed detaches, with one line in the log."""
        for octets in (b'\xa1\x61a\x01', b'\x61a', b'\x01', b'\xf6', b'\xf5', b'\xa0'):
            with self.subTest(octets=octets), self.watched() as d, d.attach('bad', framings=('cbor',)) as c:
                c.send_raw(octets)
                with contextlib.suppress(Closed):  # it may be already
                    c.send(['', 'time', c.port_id(c.port_name())])
                self.assertEqual(c.recv_all(), [['', 'refused', '', 'protocol', ANY]])
                self.one_warning(d, f'bad[{os.getpid()}]', '')

    def test_what_it_may_not(self):
        """It is refused, with a code and the request's arguments, and goes on."""
        with self.watched() as d, d.attach() as c, d.attach() as other, d.peer('peer') as p:
            foreign = other.port_id(other.port_name())
            cases = [
                (['peer', 'mon1', 'p'], 'snd', 'denied'), (['peer#', 'mon0', 'p'], 'snd', 'denied'),
                (['peer', 'kil0', 'p'], 'snd', 'denied'), (['peer', 'kil1', 'p', 'x'], 'snd', 'denied'),
                (['peer', 'g_slave', {}], 'snd', 'denied'), (['peer', 'aempd::status', 'x#p'], 'snd', 'denied'),
                (['', 'snd', 'peer', 'mon1', 'p'], 'snd', 'denied'), (['', 'relay', 'peer#', 'kil1', 'p'], 'relay', 'denied'),
                (['', 'time', 'peer', 'kil1', 'p'], 'time', 'denied'), (['', 'can', 'x', 'peer', 'g_found'], 'can', 'denied'),
                (['', 'eval', 'x', 'peer', 'kil0', 'p'], 'eval', 'denied'),
                (['', 'snd', 'x', 'snd', 'peer', 'kil1', 'p'], 'snd', 'denied'),
                (['', 'aempd::status', 'peer', 'kil1'], 'aempd::status', 'denied'),
                (['', 'g_slave', {}], 'g_slave', 'denied'), (['x', 'g_global'], 'g_global', 'denied'),
                (['', 'g_found', 'peer', ['127.0.0.1:1']], 'g_found', 'denied'),
                (['', 'kil0', foreign, 'x'], 'kil0', 'denied'), (['', 'kil0', 'peer#p', 'x'], 'kil0', 'denied'),
                (['', 'kil0', 'x', 'x'], 'kil0', 'denied'), (['', 'kil0', 'x#nosuch'], 'kil0', 'denied'),
                (['', 'nosuch', 1, 2], 'nosuch', 'unknown'), (['', 'aempd::nosuch'], 'aempd::nosuch', 'unknown'),
                (['', 'no::such'], 'no::such', 'unknown'),
                (['a b#c', 1], 'snd', 'invalid'), (['#p', 1], 'snd', 'invalid'), (['ä#p', 1], 'snd', 'invalid'),
                (['n' * 256, 1], 'snd', 'invalid'), (['peer#' + 'p' * 256, 1], 'snd', 'invalid'),
                (['peer#\n', 1], 'snd', 'invalid'), (['peer;x#p', 1], 'snd', 'invalid'), (['peer,#p', 1], 'snd', 'invalid'),
                ([['peer#p'], 1], 'snd', 'invalid'), ([{}, 1], 'snd', 'invalid'), ([True], 'snd', 'invalid'),
                (['', ['time']], '', 'invalid'), (['', {}], '', 'invalid'), (['', True], '', 'invalid'),
                (['', 'mon1'], 'mon1', 'invalid'), (['', 'mon1', []], 'mon1', 'invalid'), (['', 'mon1', '#'], 'mon1', 'invalid'),
                (['', 'mon1', 'a b'], 'mon1', 'invalid'), (['', 'mon0'], 'mon0', 'invalid'), (['', 'kil0'], 'kil0', 'invalid'),
                (['', 'kil1'], 'kil1', 'invalid'), (['', 'kil1', 'a b#c'], 'kil1', 'invalid'), (['', 'down'], 'down', 'invalid'),
                (['', 'snd'], 'snd', 'invalid'), (['', 'snd', 'a b', 1], 'snd', 'invalid'), (['', 'time', []], 'time', 'invalid'),
                (['', 'time', 'a b'], 'time', 'invalid'), (['', 'can'], 'can', 'invalid'), (['', 'eval'], 'eval', 'invalid'),
                (['', *(['snd', 'x'] * 20), 'time'], 'snd', 'invalid'),
            ]
            for message, tag, code in cases:
                with self.subTest(message=message):
                    c.send(message)
                    got = c.sync()
                    self.assertEqual([m[:4] for m in got], [['', 'refused', tag, code]])
                    self.assertIsInstance(got[0][4], str)
                    if message[0] in ('', 'x') and not isinstance(message[1], (list, dict, bool)) and message[1:3] != ['snd', 'x']:
                        self.assertEqual(got[0][5:], message[2:])
            self.assertEqual(p.sync(), [])
            self.assertEqual(other.sync(), [])
            self.assertEqual(c.status()['counters']['refused'], len(cases))

    def test_operations_are_for_admins(self):
        """Another user may attach when the socket's mode allows it, and still sees nothing."""
        if os.geteuid() != 0:
            self.fail('this test attaches as another user: run it as root')
        for admins, allowed in (([], False), (['4712'], False), (['4711'], True)):
            with self.subTest(admins=admins), self.watched(settings={'socket_mode': '0666', 'admins': admins}) as d:
                os.chmod(d.dir, 0o755)
                os.seteuid(4711)
                try:
                    c = d.attach()
                finally:
                    os.seteuid(0)
                with c:
                    for request in ('aempd::status', 'aempd::nodes', 'aempd::clients'):
                        c.send(['', request, c.port_id(c.port_name())])
                        got = c.sync()
                        if allowed:
                            self.assertIsInstance(got[0][1], (dict, list))
                        else:
                            self.assertEqual(got[0][:4], ['', 'refused', request, 'denied'])

    def test_killed_within_a_large_message(self):
        """Half a message is none, and its ports die."""
        with self.watched() as d, d.attach() as c, d.peer('peer') as p, Program(d, 'large') as program:
            target = c.port_name()
            c.mon(program.port_id())
            p.send(['', 'mon1', f'{program.prefix}p'])
            p.sync()
            c.sync()
            program.send(f'["{c.port_id(target)}","small"]["peer#p","small"]["{c.port_id(target)}","'.encode())
            for _ in range(30):
                program.send(b'x' * 50000)
            program.kill9()
            reason = ['detached', 'large', program.pid]
            self.assertEqual(c.recv_n(2), [[target, 'small'], ['', 'kil0', program.port_id(), *reason]])
            self.assertEqual(p.recv_n(2), [['p', 'small'], ['', 'kil0', f'{program.prefix}p', *reason]])
            self.assertEqual(c.sync() + p.sync(), [])
            self.assertEqual(warnings(d), [])


if __name__ == '__main__':
    aemp.main()
