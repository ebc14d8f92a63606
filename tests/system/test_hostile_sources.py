# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bad input: who fails again and again, and who takes all the room. Each is charged to the address it comes from."""

import contextlib
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.peer import Closed, Peer, Timeout
from hostile_case import Case, lines, warnings

BAD, GOOD = '127.0.0.2', '127.0.0.3'     # where the bystanders are is 127.0.0.1


class Sources(Case):
    def attempt(self, d, source=BAD):
        """An attempt with the wrong secret; was it heard at all?"""
        with d.connect(node_id='bad', secret='wrong', source=source) as p:
            try:
                p.send_greeting()
                p.read_greeting()
                p.send_auth()
                p.wait_closed()
                return True
            except Closed:
                return False

    def right_one(self, d, source=BAD, timeout=20):
        """One with the right secret, which tries until it gets in. Returns how long that took."""
        began = time.monotonic()
        while time.monotonic() - began < timeout:
            try:
                with d.connect(node_id='right', source=source) as p:
                    p.handshake()
                    self.assertEqual(p.sync(), [])
                    return time.monotonic() - began
            except Closed:
                time.sleep(0.05)
        raise Timeout('it never gets in')

    def test_failures_close_the_door(self):
        """For a moment, for those from there; and the right one gets in later."""
        with self.watched() as d:
            heard = [self.attempt(d) for _ in range(10)]
            self.assertTrue(heard[0] and heard[1], 'a mistake is no attack')
            self.assertFalse(heard[-1], 'it is heard again and again')
            self.assertLess(self.right_one(d, GOOD), 1)
            d.wait_log(f'warning: .*{re.escape(BAD)}.*nothing is accepted')
            self.assertLess(self.right_one(d), 5)
            self.assertTrue(self.attempt(d), 'it has proved itself')
            self.assertLess(len(lines(d, BAD)), 12)

    def test_it_takes_longer_each_time(self):
        """So that passwords can't be tried out; never for ever."""
        with self.watched() as d, d.attach() as c:
            began, heard = time.monotonic(), 0
            while time.monotonic() - began < 4:
                heard += self.attempt(d)
            self.assertLess(heard, 8)
            self.assertLessEqual(c.status()['counters']['auth_failed'], 8)
            self.assertLess(self.right_one(d), 20)

    def test_what_else_is_a_failure(self):
        """Rubbish, too; a port scan is none, and a node that is known and alive neither."""
        with self.watched() as d:
            for _ in range(20):
                with d.connect(source=GOOD) as p:
                    p.read_line()
            with d.peer('twin', source=GOOD) as twin:
                twin.strict = False
            self.assertLess(self.right_one(d, GOOD), 1)
            for _ in range(10):
                with d.connect(source=BAD) as p:
                    with contextlib.suppress(Closed):
                        p.send_raw(b'GET / HTTP/1.1\r\n\r\n')
                    p.wait_closed()
            with d.connect(source=BAD) as p, self.assertRaises(Closed):
                p.read_line()

    def test_what_was_there_before_stays(self):
        """A node that is up does not suffer from who else is at its address."""
        with self.watched() as d, d.peer('old', source=BAD) as old:
            for _ in range(10):
                self.attempt(d)
            self.assertEqual(old.sync(), [])

    def test_ipv6(self):
        """A host has as many addresses as it likes: those of a /64 are one."""
        with self.watched(binds=['127.0.0.1:0', '[::1]:0']) as d:
            port = int(d.binds[1].rpartition(':')[2])
            for _ in range(10):
                with Peer('bad', secret='wrong').connect('::1', port) as p, contextlib.suppress(Closed):
                    p.send_greeting()
                    p.read_greeting()
                    p.send_auth()
                    p.wait_closed()
            with Peer('bad').connect('::1', port) as p, self.assertRaises(Closed):
                p.read_line()
            d.wait_log(r'warning: .*::/64.*nothing is accepted')

    def test_room_for_others(self):
        """One address has taken all the room: another one gets in all the same, and the oldest of the crowd makes way."""
        with self.watched(settings={'max_half_open': 20, 'handshake_timeout': 30}) as d, d.attach() as c, contextlib.ExitStack() as stack:
            crowd = [stack.enter_context(d.connect(source=BAD)) for _ in range(20)]
            for p in crowd:
                p.read_line(), p.read_line()
            self.assertEqual(c.status()['half_open'], 20)
            with d.connect(source=BAD) as p:
                p.wait_closed()
            good = [stack.enter_context(d.connect(node_id=f'good{i}', source=GOOD)) for i in range(3)]
            for p in good:
                p.handshake()
                self.assertEqual(p.sync(), [])
            crowd[0].wait_closed()
            self.assertLessEqual(c.status()['half_open'], 20)
            with self.assertRaises(Timeout):
                crowd[-1].read_raw(0)
            self.assertLessEqual(c.status()['half_open'], 20)

    def test_a_crowd_of_many(self):
        """Strangers from everywhere: those of one address are no more than a share, and who asks gets in after all."""
        with self.watched(settings={'max_half_open': 20, 'handshake_timeout': 2}) as d, contextlib.ExitStack() as stack:
            for i in range(20):
                stack.enter_context(d.connect(source=f'127.0.1.{i + 1}')).read_line()
            self.assertLess(self.right_one(d, GOOD), 10)
            self.assertLessEqual(len(warnings(d)), 25)


if __name__ == '__main__':
    aemp.main()
