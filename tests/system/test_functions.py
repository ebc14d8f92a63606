# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions, spawned ports, well-known names and origins: the library with real aempds."""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

from aemp.harness import Aempd
from aempctl_case import FAILED, OK, OneNode, Running, address_of

FUNCTION = 'Example::counter::start'
SPAWN = 'AnyEvent::MP::_spawn'


def program(name):
    path = os.environ.get(name)
    if not path:
        raise RuntimeError(f'{name} is not set: run the test by "meson test"')
    return path


class TwoNodes(OneNode):
    """a and b, which see each other."""

    def setUp(self):
        super().setUp()
        self.other = self.enterContext(Aempd('b', seeds=[self.daemon.binds[0]]))
        self.daemon.wait_log('node is up')
        self.other.wait_log('node is up')

    def running(self, name, *args, on=None):
        running = Running(program(name), *args, address=address_of(on or self.daemon))
        self.addCleanup(running.stop)
        return running

    def ends(self, running, status=OK):
        got, err = running.end()
        self.assertNotRegex(err, 'Sanitizer|runtime error')
        self.assertEqual(got, status, err)
        return err

    def lines(self, running, n):
        return [running.line() for _ in range(n)]


class Functions(TwoNodes):
    def use(self, on, node):
        serving = self.running('FUNCTIONS', 'serve')
        self.assertEqual(serving.line(), 'a')
        using = self.running('FUNCTIONS', 'use', node, on=on)

        here = on.node_id
        reply = using.line()
        self.assertRegex(reply, r'^a reply \["a#[^"]+"]$')
        self.assertEqual(using.line(), f'a message ["you","{here}"]')
        self.assertEqual(using.line(), 'a reply [null]')
        self.assertEqual(using.line(), f'a message ["called","Test::some::function","{here}"]')
        self.assertEqual(using.line(), 'a message ["from elsewhere"]')
        made = using.line()
        self.assertRegex(made, rf'^a message \["made","Test::maker","{here}","a#s-[^"]+"]$')
        self.assertEqual(using.line(), 'expected ' + re.findall('"([^"]*)"', made)[-1])
        self.assertEqual(using.line(), f'{here} death ["enough","of it"]')
        self.assertRegex(using.line(), rf'^{here} death \["die",".+"]$')
        return using, here

    def test_on_another_node(self):
        using, here = self.use(self.other, 'a')
        self.assertRegex(using.line(), rf'^{here} death \["die",".*Other::maker.*"]$')
        self.assertIsNone(using.line())
        self.ends(using)

    def test_on_the_own_node(self):
        """The same, and its aempd says that it refused the last one."""
        using, here = self.use(self.daemon, 'a')
        rest = sorted(self.lines(using, 2))
        self.assertRegex(rest[0], rf'^{here} death \["die",".*Other::maker.*"]$')
        self.assertEqual(rest[1], f'refused {SPAWN} unknown')
        self.assertIsNone(using.line())
        self.ends(using)


class Spawner(TwoNodes):
    """examples/spawner.c"""

    def offer(self):
        offering = self.running('SPAWNER', 'offer')
        self.assertEqual(offering.line(), f'{FUNCTION} on a')
        return offering

    def owned_by(self, offering):
        """Waits until this one has the function."""
        with self.daemon.attach() as client:
            client.wait_state(client.status, lambda status: status['functions'].get(FUNCTION) == f'spawner[{offering.process.pid}]')

    def counts(self, on, n):
        using = self.running('SPAWNER', 'use', 'a', str(n), on=on)
        *counts, done = self.lines(using, n + 1)
        port = done.removesuffix(' is done')
        self.assertEqual(counts, [f'{port}: {i + 1}' for i in range(n)])
        self.ends(using)
        return port

    def test_counts(self):
        offering = self.offer()
        for on in (self.daemon, self.other, self.daemon):
            port = self.counts(on, 3)
            self.assertRegex(offering.line(), rf'^{re.escape(port)} for {on.node_id}#.* on {on.node_id}$')
            self.assertEqual(offering.line(), f'{port} is gone')

    def test_nobody_has_it(self):
        for on in (self.daemon, self.other):
            using = self.running('SPAWNER', 'use', 'a', '1', on=on)
            self.assertIsNone(using.line())
            self.assertRegex(self.ends(using, FAILED), rf'a#s-.* died: die, .*{FUNCTION}')

    def test_first_come_first_served(self):
        """Another process that has the function gets the next calls when the first one is gone."""
        first, second = self.offer(), self.offer()
        port = self.counts(self.other, 1)
        self.assertIn(port, first.line())
        first.stop()
        self.owned_by(second)
        port = self.counts(self.other, 1)
        self.assertIn(port, second.line())

    def spawned(self, client, name, *args):
        client.send(['a', SPAWN, name, FUNCTION, *args], ['', 'mon1', f'a#{name}'])
        return f'a#{name}'

    def test_a_process_dies(self):
        offering = self.offer()
        for daemon in (self.daemon, self.other):
            client = self.enterContext(daemon.attach())
            own = client.port_name()
            port = self.spawned(client, f'far.{daemon.node_id}', 7, client.port_id(own))
            self.assertTrue(offering.line().startswith(port))
            client.send([port, 'count', client.port_id(own)])
            self.assertEqual(client.recv_until([own]), [own, 7])
        offering.process.kill()
        kil0 = client.recv_until(['', 'kil0'])
        self.assertEqual(kil0[:5], ['', 'kil0', port, 'detached', 'spawner'])

    def test_arguments_that_it_does_not_want(self):
        offering = self.offer()
        client = self.enterContext(self.other.attach())
        for name, args in (('x', []), ('y', ['no number', 'p']), ('z', [1])):
            port = self.spawned(client, name, *args)
            self.assertEqual(client.recv_until(['', 'kil0'])[:4], ['', 'kil0', port, 'die'])
        self.assertEqual(self.counts(self.other, 1), offering.line().split(' ')[0])

    def test_aempd_restarts(self):
        """The process lives on, offers its function again, and lets go of what nobody can reach any more."""
        offering = self.offer()
        client = self.enterContext(self.other.attach())
        port = self.spawned(client, 'far', 1, client.port_id(client.port_name()))
        self.assertTrue(offering.line().startswith(port))
        self.daemon.stop()
        self.assertEqual(client.recv_until(['', 'kil0'])[:4], ['', 'kil0', port, 'transport_error'])
        self.assertEqual(offering.line(), f'{port} is gone')
        self.daemon.start()
        self.owned_by(offering)
        self.other.wait_log('node is up', count=2)
        port = self.counts(self.other, 2)
        self.assertTrue(offering.line().startswith(port))


if __name__ == '__main__':
    unittest.main()
