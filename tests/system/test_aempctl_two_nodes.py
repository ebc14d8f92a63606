# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempctl, and ports of another node."""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

from aemp.harness import Aempd
from aemp.peer import TIMEOUT
from aempctl_case import DENIED, FAILED, MESSAGES, NO_SUCH, OK, TIMED_OUT, OneNode, address_of, attached


class TwoNodes(OneNode):
    def setUp(self):
        super().setUp()
        self.other = self.enterContext(Aempd('b', seeds=[self.daemon.binds[0]]))
        self.daemon.wait_log('node is up')
        self.other.wait_log('node is up')

    def far_port(self, **options):
        client = self.other.attach(**options)
        self.addCleanup(client.close)
        name = client.port_name()
        return client, name, client.port_id(name)

    def test_snd(self):
        client, name, port = self.far_port()
        for args, message in MESSAGES:
            self.out('snd', port, *args)
            self.assertEqual(client.recv_until([name]), [name, *message])
        self.out('snd', 'b', 'devnull')
        self.assertIn('no such port: b#x', self.err(NO_SUCH, 'snd', 'b#x', 'hello'))

    def test_snd_denied(self):
        for message in (['mon1', 'x'], ['kil0', 'x'], ['aempd::status'], ['g_slave']):
            self.assertIn("'snd' (denied)", self.err(DENIED, 'snd', 'b', *message))
            self.assertIn("'snd' (denied)", self.err(DENIED, 'cal', 'b', *message))

    def test_cal(self):
        self.assertAlmostEqual(self.out_json('cal', 'b', 'time')[0], time.time(), delta=TIMEOUT)
        self.assertIn('no such port', self.err(NO_SUCH, 'cal', 'b#x', 'time'))

    def test_mon_and_kil(self):
        receiver = self.start('rcv', address=address_of(self.other))
        port = receiver.line()
        self.assertTrue(port.startswith('b#'))
        watcher = self.start('mon', port)
        attached(self.other, 'aempctl', watched=1)
        self.out('kil', port, 'die', 'so be it')
        self.assertEqual(watcher.json(), ['die', 'so be it'])
        self.assertIn('so be it', self.ended(receiver, FAILED))
        self.ended(watcher, OK)
        self.out('kil', 'b#x')

    def test_a_node_dies(self):
        client, name, port = self.far_port()
        watchers = [self.start('mon', 'b'), self.start('mon', port)]
        call = self.start('cal', '-t', 'infinity', port, 'x')
        attached(self.daemon, 'aempctl', n=3)
        client.recv_until([name])
        client.recv_until(['', 'mon1', name]) if ['', 'mon1', name] not in client.messages else None
        self.out('cal', 'b', 'time')
        self.other.kill9()
        self.assertEqual(watchers[0].json()[:2], ['transport_error', 'b'])
        self.assertEqual(watchers[1].json()[:2], ['transport_error', 'b'])
        self.assertIn("node b can't be reached", self.ended(call, NO_SUCH))
        self.assertIn("node b can't be reached", self.err(NO_SUCH, 'snd', port, 'hello'))
        self.assertIn("node b can't be reached", self.err(NO_SUCH, 'kil', port))

    def test_a_node_that_does_not_answer(self):
        self.other.pause()
        self.assertIn('may still arrive', self.err(TIMED_OUT, '-t', '0.2', 'snd', 'b#x', 'hello'))
        self.assertIn('may still die', self.err(TIMED_OUT, '-t', '0.2', 'kil', 'b#x'))
        self.assertIn('no reply', self.err(TIMED_OUT, '-t', '0.2', 'cal', 'b#x', 'hello'))
        self.other.resume()


if __name__ == '__main__':
    unittest.main()
