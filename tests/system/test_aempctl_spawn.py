# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempctl spawn."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

from aemp.harness import Aempd
from aemp.peer import TIMEOUT
from aempctl_case import (FAILED, MESSAGES, NO_DAEMON, NO_SUCH, OK, TIMED_OUT, USAGE, Case, Fake, OneNode, address_of, aempctl, conversing,
                          environment)

SPAWN = 'AnyEvent::MP::_spawn'


class Offering(OneNode):
    """A program that has the function My::f."""

    def offer(self, daemon=None, **options):
        client = (daemon or self.daemon).attach(**options)
        self.addCleanup(client.close)
        client.send(['', 'func1', 'My::f'])
        client.sync()
        return client


class Spawn(Offering):
    def test_arguments(self):
        for framings in (('json',), ('cbor',)):
            client = self.offer(framings=framings)
            for args, message in MESSAGES:
                port = self.out('spawn', '', 'My::f', *args).rstrip('\n')
                request = client.recv_until(['', SPAWN])
                self.assertEqual(port, f'a#{request[2]}')
                self.assertEqual(request[3:], ['My::f', *message])
            client.bye()

    def test_each_port_is_another_one(self):
        self.offer()
        ports = [self.out('spawn', node, 'My::f') for node in ('', 'a', 'a#') * 2]
        self.assertEqual(len(set(ports)), 6)

    def test_the_port_is_there(self):
        client = self.offer()
        port = self.out('spawn', 'a', 'My::f').rstrip('\n')
        name = port.partition('#')[2]
        self.out('snd', port, 'hello')
        self.assertEqual(client.recv_until([name]), [name, 'hello'])
        watcher = self.start('mon', port)
        client.sync()
        self.out('kil', port, 'enough')
        self.assertEqual(client.recv_until(['', 'kil1']), ['', 'kil1', name, 'enough'])
        client.send(['', 'kil0', name, 'enough'])
        self.assertEqual(watcher.json()[:1], ['enough'])

    def test_nobody_has_the_function(self):
        for args in ([], ['--wait']):
            # our own aempd says it twice, by a refusal and by the death of the port
            self.assertRegex(self.err(NO_SUCH, 'spawn', 'a', 'My::g', *args), r"was not spawned: die: |_spawn' \(unknown\): ")

    def test_no_such_node(self):
        for args in ([], ['--wait']):
            self.assertIn('transport_error: host9, ', self.err(NO_SUCH, 'spawn', 'host9', 'My::f', *args))

    def test_what_is_no_function(self):
        for function in ('', 'f', 'My:f', 'My::f ' * 100, 'My::\u00e4', 'My::\nf'):
            self.assertIn('is not the name of a function', self.err(USAGE, 'spawn', 'a', function))

    def test_what_is_no_node(self):
        self.assertIn('is a port', self.err(USAGE, 'spawn', 'a#x', 'My::f'))
        for node in ('#x', 'a b', '\u00e4', 'n' * 300):
            self.assertIn('neither a port ID', self.err(USAGE, 'spawn', node, 'My::f'))

    def test_what_is_no_message(self):
        self.assertIn('is not JSON', self.err(USAGE, 'spawn', 'a', 'My::f', '{'))
        self.assertIn('whole message', self.err(USAGE, 'spawn', 'a', 'My::f', '[1]', 'x'))


class TooLarge(Case):
    def test_arguments(self):
        with Aempd('a', settings={'max_message': 2048}) as daemon:
            self.assertIn('larger', self.err(FAILED, 'spawn', 'a', 'My::f', 'x' * 4096, address=address_of(daemon)))


class Wait(Offering):
    def spawn(self, client):
        running = self.start('spawn', '--wait', 'a', 'My::f')
        name = client.recv_until(['', SPAWN])[2]
        self.assertEqual(running.line(), f'a#{name}')
        return running, name

    def test_a_normal_end(self):
        client = self.offer()
        running, name = self.spawn(client)
        client.send(['', 'kil0', name])
        self.assertEqual(running.json(), [])
        self.assertIsNone(running.line())
        self.assertEqual(self.ended(running, OK), '')

    def test_other_ends(self):
        client = self.offer(program='worker')
        for reason in (['die', 'so what'], ['of \u00e4ge', 42, {'a': [None]}], ['no_such_port', 'x', 'y']):
            running, name = self.spawn(client)
            client.send(['', 'kil0', name, *reason])
            self.assertEqual(running.json(), reason)
            self.assertEqual(self.ended(running, FAILED), '')
        running, name = self.spawn(client)
        client.close()
        self.assertEqual(running.json(), ['detached', 'worker', os.getpid()])
        self.ended(running, FAILED)

    def test_it_is_killed(self):
        client = self.offer()
        running, name = self.spawn(client)
        self.out('kil', f'a#{name}')
        self.assertEqual(client.recv_until(['', 'kil1']), ['', 'kil1', name])
        client.send(['', 'kil0', name])
        self.assertEqual(running.json(), [])
        self.ended(running, OK)

    def test_it_lives(self):
        client = self.offer()
        running = self.start('spawn', 'a', 'My::f', '--wait', '--timeout=0.2')
        self.assertEqual(running.line(), f'a#{client.recv_until(["", SPAWN])[2]}')
        self.assertIn('did not die within 0.2 s', self.ended(running, TIMED_OUT))

    def test_nobody_reads_the_output(self):
        self.offer()
        done = subprocess.run(['bash', '-c', '"$0" spawn --wait a My::f | head -1; echo ${PIPESTATUS[0]}', aempctl()],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(self.address), timeout=TIMEOUT)
        self.assertEqual(done.stdout.split('\n')[1:], [str(FAILED), ''])
        self.assertIn('nobody reads the output', done.stderr)

    def test_aempd_goes_away(self):
        with Aempd('a') as daemon:
            self.offer(daemon)
            running = self.start('spawn', 'a', 'My::f', '--wait', address=address_of(daemon))
            running.line()
            daemon.stop()
        self.assertEqual(running.json()[:2], ['transport_error', 'a'])
        self.ended(running, FAILED)


class TwoNodes(Offering):
    def setUp(self):
        super().setUp()
        self.other = self.enterContext(Aempd('b', seeds=[self.daemon.binds[0]]))
        self.daemon.wait_log('node is up')
        self.other.wait_log('node is up')

    def test_on_the_other_one(self):
        client = self.offer(self.other)
        port = self.out('spawn', 'b', 'My::f', 'x').rstrip('\n')
        request = client.recv_until(['', SPAWN])
        self.assertEqual(request[3:], ['My::f', 'x'])
        self.assertEqual(port, f'b#{request[2]}')
        self.out('snd', port, 'hello')
        self.assertEqual(client.recv_until([request[2]]), [request[2], 'hello'])

    def test_nobody_has_the_function_there(self):
        self.offer()
        self.assertIn("'My::f' was not spawned: die: ", self.err(NO_SUCH, 'spawn', 'b', 'My::f'))

    def test_the_node_dies(self):
        client = self.offer(self.other)
        running = self.start('spawn', 'b', 'My::f', '--wait')
        running.line()
        client.recv_until(['', SPAWN])
        self.other.kill9()
        self.assertEqual(running.json()[:2], ['transport_error', 'b'])
        self.ended(running, FAILED)

    def test_a_node_that_does_not_answer(self):
        self.other.pause()
        self.assertIn('may still be spawned', self.err(TIMED_OUT, '-t', '0.2', 'spawn', 'b', 'My::f'))
        self.other.resume()


class Early(Case):
    """It dies before it is known to be there."""

    def test_with_aempd(self):
        def talk(fake, conn):
            conn.recv(4096)
            conn.sendall(Fake.LINE)
            conn.recv(4096)
        with Fake(talk) as address:
            self.assertIn('connection to aempd was lost', self.err(NO_DAEMON, 'spawn', '', 'My::f', address=address))

    def dying(self, *reason):
        def reply(message):
            if message[1] == 'mon1':
                return [['', 'kil0', message[2], *reason]]
            if message[1] == 'time':
                return [[message[2].partition('#')[2], 1.5]]
            return []
        return Fake(conversing(reply))

    def test_with_its_work_done(self):
        with self.dying() as address:
            self.assertRegex(self.out('spawn', '', 'My::f', address=address), r'\Afake#\S+\n\Z')
            lines = self.out('spawn', '', 'My::f', '--wait', address=address).split('\n')
            self.assertEqual(lines[1:], ['[]', ''])

    def test_reasons(self):
        for reason, status, text in ((['die', 'no\x1b'], NO_SUCH, "'My::f' was not spawned: die: no?\n"),
                                     (['no_such_port', 'x', 'y'], NO_SUCH, 'no_such_port'),
                                     (['limit', 'too many'], FAILED, 'limit: too many'), ([None], FAILED, 'null')):
            with self.dying(*reason) as address:
                for args in ([], ['--wait']):
                    self.assertIn(text, self.err(status, 'spawn', '', 'My::f', *args, address=address))


if __name__ == '__main__':
    unittest.main()
