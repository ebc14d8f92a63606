# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempctl rcv."""

import json
import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

from aemp.harness import Aempd
from aemp.peer import TIMEOUT
from aempctl_case import FAILED, MESSAGES, NO_DAEMON, OK, TIMED_OUT, OneNode, address_of, attached


class Rcv(OneNode):
    def receiver(self, *args):
        running = self.start('rcv', *args)
        port = running.line()
        self.assertRegex(port, r'\Aa#\S+\Z')
        return running, port

    def test_messages(self):
        running, port = self.receiver()
        client = self.client()
        messages = [message for _, message in MESSAGES]
        client.send(*([port, *message] for message in messages))
        self.assertEqual([running.json() for _ in messages], messages)

    def test_so_many(self):
        running, port = self.receiver('-n', '2')
        client = self.client()
        client.send(*([port, i] for i in range(5)))
        self.assertEqual([running.json(), running.json()], [[0], [1]])
        self.assertIsNone(running.line())
        self.assertEqual(self.ended(running, OK), '')
        running, port = self.receiver('--count=1')
        client.send([port])
        self.assertEqual(running.line(), '[]')
        self.ended(running, OK)

    def test_its_end_is_a_normal_one(self):
        running, port = self.receiver('-n1')
        client = self.client()
        client.send(['', 'mon1', port], [port])
        self.assertEqual(client.recv_until(['', 'kil0', port]), ['', 'kil0', port])

    def test_all_of_very_many(self):
        running, port = self.receiver('-n', '20000')
        client = self.client(framings=('cbor',))
        client.send(*([port, i, 'x' * 100] for i in range(20000)))
        for i in range(20000):
            self.assertEqual(running.json()[0], i)
        self.ended(running, OK)

    def test_lines_are_lines_and_harm_no_terminal(self):
        text = ''.join(map(chr, range(0x20))) + '\x7f\x80\x9b\x9f\xa0\u00e4\u20ac\U0001f600"\\/'
        for framings in (('json',), ('cbor',)):
            running, port = self.receiver('-n1')
            self.client(framings=framings).send([port, text, {text: [text]}])
            line = running.line()
            self.assertEqual(json.loads(line), [text, {text: [text]}])
            self.assertNotRegex(line, '[\x00-\x1f\x7f-\x9f]')
            self.assertIn('\xa0\u00e4\u20ac\U0001f600', line)

    def test_octets_are_characters(self):
        running, port = self.receiver('-n1')
        self.client(framings=('cbor',)).send([port, b'\x00\x9b\xe4'])
        self.assertEqual(running.json(), ['\x00\x9b\xe4'])

    def test_killed(self):
        running, port = self.receiver()
        self.out('kil', port)
        self.assertIsNone(running.line())
        self.assertEqual(self.ended(running, OK), '')

    def test_killed_with_a_reason(self):
        running, port = self.receiver()
        self.out('kil', port, 'die', 'because')
        self.assertIn('died: die: because', self.ended(running, FAILED))

    def test_its_death_is_noticed(self):
        running, port = self.receiver()
        watcher = self.start('mon', port)
        attached(self.daemon, 'aempctl', watched=1)
        running.process.kill()
        self.assertEqual(watcher.json(), ['detached', 'aempctl', running.process.pid])
        self.ended(watcher, OK)

    def test_too_few(self):
        running, port = self.receiver('-n', '2', '-t', '0.2')
        self.client().send([port])
        self.assertEqual(running.line(), '[]')
        self.assertIn('within 0.2 s', self.ended(running, TIMED_OUT))

    def test_aempd_goes_away(self):
        with Aempd('a') as daemon:
            running = self.start('rcv', address=address_of(daemon))
            running.line()
            daemon.kill9()
            self.assertIn('connection to aempd was lost', self.ended(running, NO_DAEMON))


class Interrupted(OneNode):
    def test_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            running = self.start('rcv')
            running.line()
            running.process.send_signal(number)
            running.process.communicate(timeout=TIMEOUT)
            self.assertEqual(running.process.returncode, -number)

    def test_stopped_and_continued(self):
        running = self.start('rcv', '-n1')
        port = running.line()
        running.process.send_signal(signal.SIGSTOP)
        self.client().send([port, 'x'])
        running.process.send_signal(signal.SIGCONT)
        self.assertEqual(running.json(), ['x'])
        self.ended(running, OK)


if __name__ == '__main__':
    unittest.main()
