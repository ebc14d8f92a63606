# SPDX-License-Identifier: LGPL-2.1-or-later
"""A cut cable, in network namespaces: nobody is told, and all monitors fire within monitor_timeout.

On the wire between two hosts nothing arrives any more, on one side or on both, while nobody speaks and while everybody does.
"""

import concurrent.futures
import contextlib
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.harness import Aempd, sanitized
from aemp.node import Node
from aemp.peer import ANY, Timeout
from netns import ADDRESS, Wire

SETTINGS = {'monitor_timeout': 3, 'heartbeat_interval': 1}
BOUND = 3.1 + (1.5 if sanitized() else 0)
CUTS = {'both ways': ('left', 'right'), 'to the left': ('left',), 'to the right': ('right',)}
PAUSE = 0.01


def aempd(wire, side, node_id, **options):
    options = {'settings': SETTINGS, **options}
    return Aempd(node_id, binds=[f'{ADDRESS[side]}:4040'], wrapper=wire.ends[side].wrapper, **options)


class Stream:
    """A thread that sends numbered messages to a port; in a with statement."""

    def __init__(self, send):
        self.send, self.sent, self.enough = send, 0, threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self.enough.wait(PAUSE):
            self.send(self.sent)
            self.sent += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.enough.set()
        self.thread.join()


class Watcher:
    """A client that watches the port `there` of another node, and is sent numbered messages from there."""

    def __init__(self, case, daemon, other_id):
        self.case, self.other = case, other_id
        self.client = daemon.attach(framings=('cbor',))
        self.port = self.client.port_name('here')
        self.id = self.client.port_id(self.port)
        self.client.send(['', 'nodes1'])
        case.assertEqual(self.client.recv(), ['', 'node', other_id, True])

    def watch(self, there):
        self.there = there
        self.client.mon(there)
        case_messages = self.client.sync()
        self.case.assertIn(case_messages, ([], [['', 'mon1', self.port]]))

    def send(self, n):
        self.client.send([self.there, n])

    def wait(self, began):
        """Until the monitor fires; returns how long that took since began, and what came. No message was left out."""
        came = []
        while (m := self.client.recv(max(0.1, began + BOUND + 5 - time.monotonic())))[:2] != ['', 'kil0']:
            if m[0] == self.port:
                came.append(m[1])
            else:
                self.case.assertIn(m[:2], ([], ['', 'mon1'], ['', 'mon0']))
        seconds = time.monotonic() - began
        self.case.assertEqual(m, ['', 'kil0', self.there, 'transport_error', self.other, ANY])
        self.case.assertEqual(came, list(range(len(came))))
        return seconds, came


class Case(unittest.TestCase):
    def in_parallel(self, check, *lists):
        """check(...) with each combination, all at once, as they spend their time waiting."""
        combinations = [(a, b) for a in lists[0] for b in lists[1]]
        with concurrent.futures.ThreadPoolExecutor(len(combinations)) as executor:
            futures = {c: executor.submit(check, *c) for c in combinations}
            for combination, future in futures.items():
                with self.subTest(combination):
                    print(*combination, *(f'{seconds:.2f} s' for seconds in future.result()), sep=', ', flush=True)


class Cut(Case):
    def test_two_aempds(self):
        self.in_parallel(self.between_aempds, CUTS, ('idle', 'busy'))

    def between_aempds(self, cut, traffic):
        with Wire() as wire, aempd(wire, 'left', 'x') as x, \
             aempd(wire, 'right', 'y', seeds=[f'{ADDRESS["left"]}:4040']) as y:
            watchers = [Watcher(self, x, 'y'), Watcher(self, y, 'x')]
            for w, other in zip(watchers, reversed(watchers)):
                w.watch(other.id)
            with contextlib.ExitStack() as stack:
                if traffic == 'busy':
                    streams = [stack.enter_context(Stream(w.send)) for w in watchers]
                    self.wait_until(lambda: all(s.sent > 20 for s in streams))
                wire.cut(*CUTS[cut])
                began = time.monotonic()
                seconds = [w.wait(began)[0] for w in watchers]
            for s in seconds:
                self.assertLess(s, BOUND)
                self.assertGreater(s, 0.9)
            wire.mend(*CUTS[cut])                  # and they find each other again, and it is as if nothing had been
            for w in watchers:
                w.client.recv_until(['', 'down', w.other])
                w.client.answer_down(w.other)
                w.client.recv_until(['', 'node', w.other, True], 15)
            watchers[0].client.send([watchers[1].id, 'again'])
            self.assertEqual(watchers[1].client.recv_until([watchers[1].port]), [watchers[1].port, 'again'])
            for w in watchers:
                w.client.close()
            return seconds

    def test_a_node_that_sends_no_signs_of_life(self):
        self.in_parallel(self.beside_the_reference, CUTS, ('idle', 'busy'))

    def beside_the_reference(self, cut, traffic):
        with Wire() as wire, aempd(wire, 'left', 'x') as x:
            with wire.right.entered():
                ref = Node('ref', host=ADDRESS['right'])
                ref.connect(f'{ADDRESS["left"]}:4040')
            with ref:
                w = Watcher(self, x, 'ref')
                port = ref.port()
                w.watch(port.id)
                with contextlib.ExitStack() as stack:
                    if traffic == 'busy':
                        streams = [stack.enter_context(Stream(w.send)), stack.enter_context(Stream(lambda n: ref.snd(w.id, n)))]
                        self.wait_until(lambda: all(s.sent > 20 for s in streams))
                    wire.cut(*CUTS[cut])
                    seconds, _ = w.wait(time.monotonic())
                self.assertLess(seconds, BOUND)
                self.assertGreater(seconds, 0.9)
                self.assertEqual(port.messages, [[i] for i in range(len(port.messages))])
                w.client.close()
                return [seconds]

    def test_a_cut_that_nobody_notices(self):
        """Mended before the time is over: all that was sent meanwhile arrives, and no monitor fires."""
        settings = {'monitor_timeout': 60, 'heartbeat_interval': 1}
        with Wire() as wire, aempd(wire, 'left', 'x', settings=settings) as x, \
             aempd(wire, 'right', 'y', settings=settings, seeds=[f'{ADDRESS["left"]}:4040']) as y:
            watchers = [Watcher(self, x, 'y'), Watcher(self, y, 'x')]
            for w, other in zip(watchers, reversed(watchers)):
                w.watch(other.id)
            for sides in CUTS.values():
                wire.cut(*sides)
                for w in watchers:
                    w.client.send(*([w.there, i] for i in range(100)))
                    w.client.sync()
                wire.mend(*sides)
                for w in watchers:
                    got = [m for m in w.client.messages if m[0] == w.port]
                    del w.client.messages[:]
                    while len(got) < 100:
                        m = w.client.recv(30)
                        if m != ['', 'mon1', w.port]:
                            got.append(m)
                    self.assertEqual(got, [[w.port, i] for i in range(100)])
                    del w.client.messages[:]
            for w in watchers:
                w.client.close()

    def wait_until(self, condition):
        deadline = time.monotonic() + 10
        while not condition():
            if time.monotonic() > deadline:
                raise Timeout('nothing is being sent')
            time.sleep(PAUSE)


if __name__ == '__main__':
    aemp.main()
