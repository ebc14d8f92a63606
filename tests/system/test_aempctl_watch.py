# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempctl mon and kil."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

from aemp.harness import Aempd
from aempctl_case import MESSAGES, NO_SUCH, OK, TIMED_OUT, OneNode, address_of, attached


class Mon(OneNode):
    def watched(self, **options):
        client, name, port = self.port(**options)
        running = self.start('mon', port)
        client.recv_until(['', 'mon1', name])
        return client, name, running

    def test_reasons(self):
        for reason in ([], ['die'], ['die', 'of \u00e4ge', 42, {'a': [None]}]):
            client, name, running = self.watched()
            client.send(['', 'kil0', name, *reason])
            self.assertEqual(running.json(), reason)
            self.ended(running, OK)

    def test_the_process_ends(self):
        client, name, running = self.watched()
        client.bye()
        self.assertEqual(running.json(), [])
        client, name, running = self.watched(program='worker')
        client.close()
        self.assertEqual(running.json(), ['detached', 'worker', os.getpid()])
        self.ended(running, OK)

    def test_what_does_not_exist(self):
        reason = self.out_json('mon', 'a#x')
        self.assertEqual((reason[0], reason[2]), ('no_such_port', 'a#x'))
        self.assertEqual(self.out_json('mon', 'host9')[:2], ['transport_error', 'host9'])
        self.assertEqual(self.out_json('mon', 'host9#x')[:2], ['transport_error', 'host9'])

    def test_it_lives(self):
        client, name, port = self.port()
        self.assertIn('did not die within 0.1 s', self.err(TIMED_OUT, 'mon', port, '--timeout=0.1'))
        client.recv_until(['', 'mon0', name])

    def test_aempd_goes_away(self):
        for target in ('', 'a'):
            with Aempd('a') as daemon:
                running = self.start('mon', target, address=address_of(daemon))
                attached(daemon, 'aempctl')
                daemon.stop()
            self.assertEqual(running.json()[:2], ['transport_error', 'a'])
            self.ended(running, OK)


class Kil(OneNode):
    def test_reasons(self):
        client, name, port = self.port()
        for args, reason in MESSAGES:
            self.assertEqual(self.out('kil', port, *args), '')
            self.assertEqual(client.recv_until(['', 'kil1']), ['', 'kil1', name, *reason])

    def test_what_does_not_exist(self):
        self.out('kil', 'a#x')
        self.out('kil', 'a#x', 'die', 'now')

    def test_no_such_node(self):
        self.assertIn("node host9 can't be reached", self.err(NO_SUCH, 'kil', 'host9#x'))


if __name__ == '__main__':
    unittest.main()
