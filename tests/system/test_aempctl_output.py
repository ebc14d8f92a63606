# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can go wrong with aempctl's stdout."""

import os
import pty
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

from aemp.peer import TIMEOUT
from aempctl_case import FAILED, OK, USAGE, OneNode, environment


class Output(OneNode):
    """What can go wrong with stdout."""

    COMMANDS = (['status'], ['status', '-j'], ['nodes'], ['clients', '-j'], ['cal', '', 'time'], ['mon', 'a#x'], ['rcv'], ['gensecret'],
                ['--help'], ['--version'], ['help', 'snd'])

    def test_no_space(self):
        for args in self.COMMANDS:
            with open('/dev/full', 'wb', buffering=0) as full:
                done = self.run_ctl(*args, status=FAILED, stdout=full)
                self.assertEqual(done.stderr, "aempctl: can't write: No space left on device\n")

    def test_nobody_reads(self):
        for args in self.COMMANDS:
            r, w = os.pipe()
            os.close(r)
            self.run_ctl(*args, status=FAILED, stdout=w)
            os.close(w)

    def test_closed(self):
        for args in self.COMMANDS:
            done = self.run_ctl(*args, status=FAILED, stdout=None, preexec_fn=lambda: os.close(1))
            self.assertEqual(done.stderr, "aempctl: can't write: Bad file descriptor\n")

    def test_all_are_closed(self):
        for command, status in (('snd "" devnull', OK), ('cal "" time', FAILED), ('snd "#"', USAGE)):
            done = subprocess.run(['bash', '-c', f'exec "$AEMPCTL" {command} <&- >&- 2>&-'], check=False,
                                  env=environment(self.address), timeout=TIMEOUT)
            self.assertEqual(done.returncode, status)

    def test_the_reader_of_rcv_goes_away(self):
        running = self.start('rcv')
        running.line()
        running.process.stdout.close()
        returncode = running.process.wait(TIMEOUT)
        self.assertEqual(returncode, FAILED)

    def test_the_reader_of_mon_goes_away(self):
        client, name, port = self.port()
        running = self.start('mon', port)
        client.recv_until(['', 'mon1', name])
        running.process.stdout.close()
        self.assertEqual(running.process.wait(TIMEOUT), FAILED)

    def test_colours(self):
        def on_terminal(**env):
            master, slave = pty.openpty()
            self.run_ctl('status', stdout=slave, env={'TERM': 'xterm'} | env)
            os.close(slave)
            text = b''
            try:
                while octets := os.read(master, 65536):
                    text += octets
            except OSError:
                pass
            os.close(master)
            return text
        self.assertIn(b'\x1b[', on_terminal())
        self.assertNotIn(b'\x1b', on_terminal(NO_COLOR='1'))
        self.assertNotIn(b'\x1b', on_terminal(TERM='dumb'))
        self.assertNotIn('\x1b', self.out('status', env={'TERM': 'xterm'}))


if __name__ == '__main__':
    unittest.main()
