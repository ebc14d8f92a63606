# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/waiting.c: a program without a loop, beside real aempds."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

from aemp.harness import Aempd
from aempctl_case import FAILED, OK, OneNode, Running, address_of


class Waiting(OneNode):
    def waiting(self, node, on=None):
        running = Running(os.environ['WAITING'], node, address=address_of(on or self.daemon))
        self.addCleanup(running.stop)
        return running

    def started(self, node, on=None):
        """Its port."""
        running = self.waiting(node, on)
        self.assertRegex(running.line(), rf'^{node}: [0-9]+\.[0-9]+$')
        return running, running.line()

    def test_own_node(self):
        running, port = self.started(self.daemon.node_id)
        self.assertTrue(port.startswith(self.daemon.node_id + '#'))
        client = self.client()
        client.send(['', 'mon1', port], [port, 'line', 'one'], [port, 'line', 5], [port], [port, ['x']], [port, 'urgent', 'first'])
        heard = [running.line() for _ in range(3)]
        self.assertEqual(sorted(heard), ['line: 5', 'line: one', 'urgent: first'])
        client.send([port, 'quit'])
        self.assertEqual(client.recv(), ['', 'kil0', port])
        self.assertEqual(running.end(), (OK, ''))

    def test_other_node(self):
        with Aempd('b', seeds=[self.daemon.binds[0]]) as b:
            running, port = self.started(self.daemon.node_id, on=b)
            self.out('snd', port, 'line', 'from afar')
            self.assertEqual(running.line(), 'line: from afar')
            self.out('snd', port, 'quit')
            self.assertEqual(running.end(), (OK, ''))

    def test_killed(self):
        running, port = self.started(self.daemon.node_id)
        self.out('kil', port, 'enough')
        self.assertEqual(running.end(), (FAILED, 'Stale file handle\n'))

    def test_node_that_is_not_there(self):
        running = self.waiting('nowhere')
        self.assertEqual(running.end(), (FAILED, 'Connection reset by peer\n'))

    def test_aempd_goes_away(self):
        running, port = self.started(self.daemon.node_id)
        self.daemon.stop()
        self.assertEqual(running.end(), (FAILED, 'Transport endpoint is not connected\n'))

    def test_aempd_is_not_there(self):
        self.daemon.stop()
        self.assertEqual(self.waiting('x').end()[0], FAILED)


if __name__ == '__main__':
    unittest.main()
