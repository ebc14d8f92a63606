# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempctl snd and cal."""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

from aemp.harness import Aempd
from aemp.peer import TIMEOUT
from aempctl_case import FAILED, MESSAGES, NO_SUCH, OK, TIMED_OUT, USAGE, Case, OneNode, address_of


class Snd(OneNode):
    def test_messages(self):
        for framings in (('json',), ('cbor',)):
            client, name, port = self.port(framings=framings)
            for args, message in MESSAGES:
                self.assertEqual(self.out('snd', port, *args), '')
                self.assertEqual(client.recv_until([name]), [name, *message])

    def test_it_has_arrived_when_it_ends(self):
        client, name, port = self.port()
        for i in range(20):
            self.out('snd', port, str(i))
        client.sync()
        self.assertEqual([m for m in client.messages if m[0] == name], [[name, str(i)] for i in range(20)])

    def test_no_such_port(self):
        client, name, port = self.port()
        for wrong in ('a#x', f'a#{client.prefix}', port.replace('a#', 'a#x')):
            self.assertIn(f'no such port: {wrong}', self.err(NO_SUCH, 'snd', wrong, 'hello'))
        client.bye()
        self.assertIn(f'no such port: {port}', self.err(NO_SUCH, 'snd', port, 'hello'))

    def test_odd_names_of_ports(self):
        for port in ('a#x y', 'a#\u00e4', 'a#x#y', 'a#x#', 'a##'):
            self.assertIn('no such port', self.err(NO_SUCH, 'snd', port, 'hello'))
            self.assertEqual(self.out_json('mon', port)[2], port)
        self.assertIn('is not a port ID', self.err(USAGE, 'snd', 'a#' + 'x' * 300, 'hello'))

    def test_the_own_node_port(self):
        for node in ('', 'a', 'a#'):
            self.out('snd', node, 'devnull', 'x')

    def test_refused(self):
        self.assertIn("'frobnicate' (unknown)", self.err(FAILED, 'snd', '', 'frobnicate'))
        self.err(FAILED, 'snd', 'a', '[1]')
        self.assertIn('(invalid)', self.err(USAGE, 'snd', '', 'mon1'))

    def test_a_function_that_nobody_has(self):
        for verb in ('snd', 'cal'):
            for node in ('', 'a'):
                self.assertIn('Nobody on this node has that function', self.err(NO_SUCH, verb, node, 'My::f', '1'))

    def test_no_such_node(self):
        for port in ('host9#x', 'host9'):
            self.assertIn("node host9 can't be reached", self.err(NO_SUCH, 'snd', port, 'hello'))


class TooLarge(Case):
    def test_a_message(self):
        with Aempd('a', settings={'max_message': 2048}) as daemon:
            for verb in ('snd', 'cal'):
                self.assertIn('larger', self.err(FAILED, verb, 'a', 'devnull', 'x' * 4096, address=address_of(daemon)))


class Cal(OneNode):
    def test_the_time(self):
        for node in ('', 'a', 'a#'):
            [now] = self.out_json('cal', node, 'time')
            self.assertAlmostEqual(now, time.time(), delta=TIMEOUT)

    def test_arguments_and_reply(self):
        client, name, port = self.port()
        for args, message in MESSAGES:
            running = self.start('cal', port, *args)
            request = client.recv_until([name])
            self.assertEqual(request[1:-1], message)
            client.send([request[-1], 'pong', *request[1:-1]], [request[-1], 'this one is too late'])
            self.assertEqual(running.json(), ['pong', *message])
            self.ended(running, OK)

    def test_an_empty_reply(self):
        client, name, port = self.port()
        running = self.start('cal', port)
        client.send([client.recv_until([name])[1]])
        self.assertEqual(running.json(), [])
        self.ended(running, OK)

    def test_no_such_port_and_node(self):
        self.assertIn('no such port: a#x', self.err(NO_SUCH, 'cal', 'a#x', 'hello'))
        self.assertIn("node host9 can't be reached", self.err(NO_SUCH, 'cal', 'host9', 'time'))

    def test_a_port_that_only_its_process_knows_to_be_dead(self):
        client, name, port = self.port()
        running = self.start('cal', port, 'x')
        client.recv_until(['', 'mon1', name])
        client.send(['', 'kil0', name, 'no_such_port', 'gone', port])
        self.assertIn('no such port', self.ended(running, NO_SUCH))

    def test_it_dies_in_the_middle(self):
        for reason, text in (([], 'normally'), (['die', 'so what'], 'die: so what')):
            client, name, port = self.port()
            running = self.start('cal', port, 'x')
            client.recv_until([name])
            client.send(['', 'kil0', name, *reason])
            self.assertIn(f'{port} died: ', err := self.ended(running, FAILED))
            self.assertIn(text, err)

    def test_its_process_dies(self):
        client, name, port = self.port(program='worker')
        running = self.start('cal', port, 'x')
        client.recv_until([name])
        client.close()
        self.assertRegex(self.ended(running, FAILED), rf'died: detached: worker, {os.getpid()}')

    def test_nobody_replies(self):
        client, name, port = self.port()
        begin = time.monotonic()
        self.assertIn('no reply within 0.2 s', self.err(TIMED_OUT, '-t', '0.2', 'cal', port, 'x'))
        self.assertGreaterEqual(time.monotonic() - begin, 0.2)

    def test_five_seconds_unless_told(self):
        client, name, port = self.port()
        begin = time.monotonic()
        self.assertIn('within 5 s', self.err(TIMED_OUT, 'cal', port, 'x'))
        self.assertGreaterEqual(time.monotonic() - begin, 5)

    def test_without_a_limit(self):
        self.out_json('cal', '-t', 'infinity', '', 'time')

    def test_refused(self):
        self.assertIn("'frob' (unknown)", self.err(FAILED, 'cal', '', 'frob'))


if __name__ == '__main__':
    unittest.main()
