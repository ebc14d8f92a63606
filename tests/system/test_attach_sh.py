# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/attach.sh: the attach protocol without the library."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

from aemp.harness import Aempd
from aemp.peer import TIMEOUT
from aempctl_case import FAILED, OK, SOURCE, OneNode, Running, address_of, attached


class AttachScript(OneNode):
    def script(self):
        running = Running(os.path.join(SOURCE, 'examples', 'attach.sh'), self.daemon.socket_path)
        self.addCleanup(running.stop)
        return running, running.line()

    def call(self, port, *args, **options):
        """It starts jq twice for each message, which takes its time on a busy machine."""
        return self.out_json('cal', f'--timeout={2 * TIMEOUT}', port, *args, **options)

    def test_calls(self):
        running, port = self.script()
        self.assertEqual(self.call(port, 'ping'), ['pong'])
        for args, reply in (
                ([], []),
                (['x', '1', '[2.5,null]'], ['x', '1', [2.5, None]]),
                (['"\\n"', '{"a":"\\u00e4 \'$(x)"}'], ['\n', {'a': '\u00e4 \'$(x)'}]),
                (['[[],null]'], [[], None]),
                (['\'"`', '--', '-n', '-e'], ['\'"`', '-n', '-e']),
        ):
            self.assertEqual(self.call(port, *args), reply)

    def test_strangers_do_not_speak_for_it(self):
        running, port = self.script()
        for message in (['bye', 'a'], ['bye', ''], ['bye', 'a#'], ['ping', ''], ['ping', 'a'], [['bye'], ''], [], ['x', 5], ['bye', None], ['ping']):
            self.out('snd', port, json.dumps(message))
        self.assertEqual(self.call(port, 'ping'), ['pong'])

    def test_what_jq_can_not_read(self):
        running, port = self.script()
        self.out('snd', port, '[' * 400 + ']' * 400)
        self.assertEqual(self.call(port, 'ping'), ['pong'])

    def test_monitors(self):
        running, port = self.script()
        client = self.client()
        client.send(['', 'mon1', port], ['', 'mon1', port + '0'], ['', 'mon1', port], ['', 'mon0', port], ['', 'mon1', port])
        self.assertEqual(client.recv()[:4], ['', 'kil0', port + '0', 'no_such_port'])
        self.out('kil', port, 'die', 'because', '{"a":[1]}')
        self.assertEqual(client.recv(), ['', 'kil0', port, 'die', 'because', {'a': [1]}])
        self.assertEqual(self.ended(running, OK), '')

    def test_stop(self):
        running, port = self.script()
        client = self.client()
        client.send(['', 'mon1', port], [port, 'stop'])
        self.assertEqual(client.recv(), ['', 'kil0', port])
        self.assertEqual(self.ended(running, OK), '')

    def test_down_is_answered(self):
        running, port = self.script()
        with Aempd('b', seeds=[self.daemon.binds[0]]) as b:
            self.assertEqual(self.call(port, 'ping', address=address_of(b)), ['pong'])
            b.kill9()
            attached(self.daemon, 'attach.sh')
            b.start()
            # if it had not been, the answer would be dropped
            self.assertEqual(self.call(port, 'ping', address=address_of(b)), ['pong'])

    def test_aempd_goes_away(self):
        running, port = self.script()
        self.daemon.stop()
        self.assertIn('aempd went away', self.ended(running, FAILED))

    def test_aempd_is_not_there(self):
        self.daemon.stop()
        running, port = self.script()
        self.assertIsNone(port)
        self.assertIn('no aempd there', self.ended(running, FAILED))


if __name__ == '__main__':
    unittest.main()
