# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempctl rcv --name, and finding it."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

from aemp.harness import Aempd
from aempctl_case import DENIED, FAILED, OK, USAGE, Case, Fake, OneNode, address_of, conversing


class Names(OneNode):
    def named(self, name, *args):
        running = self.start('rcv', f'--name={name}', *args)
        return running, running.line()

    def test_it_is_found(self):
        self.assertEqual(self.out_json('cal', '', 'wkp', 'chat'), [None])
        running, port = self.named('chat')
        self.assertTrue(port.startswith('a#'))
        self.assertEqual(self.out_json('cal', 'a', 'wkp', 'chat'), [port])
        self.out('snd', port, 'hello')
        self.assertEqual(running.json(), ['hello'])

    def test_it_is_found_from_another_node(self):
        with Aempd('b', seeds=[self.daemon.binds[0]]) as other:
            other.wait_log('node is up')
            running, port = self.named('chat')
            self.assertEqual(self.out_json('cal', 'a', 'wkp', 'chat', address=address_of(other)), [port])
            self.assertEqual(self.out_json('cal', 'b', 'wkp', 'chat', address=address_of(other)), [None])

    def test_all_kinds_of_names(self):
        for name in ('x', 'x' * 255, 'a b', '--name', 'a#b', '[1]'):
            running, port = self.named(name, '-n1')
            self.assertEqual(self.out_json('cal', 'a', json.dumps(['wkp', name])), [port])
            self.out('snd', port)
            self.assertEqual(running.line(), '[]')
            self.ended(running, OK)

    def test_it_is_free_again(self):
        running, port = self.named('chat')
        self.out('kil', port)
        self.ended(running, OK)
        self.assertEqual(self.out_json('cal', 'a', 'wkp', 'chat'), [None])

    def test_another_one_takes_it(self):
        first, port = self.named('chat')
        second, other = self.named('chat')
        self.assertEqual(self.out_json('cal', 'a', 'wkp', 'chat'), [other])
        self.out('snd', port, 'still here')
        self.assertEqual(first.json(), ['still here'])

    def test_it_is_shown(self):
        running, port = self.named('chat')
        self.assertIn('Names: chat\n', self.out('status'))
        self.assertEqual(self.out_json('status', '--json')['names'], {'chat': port})
        self.assertEqual(sum(client['names'] for client in self.out_json('clients', '-j')), 1)

    def test_what_is_no_name(self):
        for name in ('', 'x' * 256, 'a\nb', '\x7f', b'\xff\xfe'):
            self.assertIn('is not a name', self.err(USAGE, 'rcv', '--name', name))


class Answers(Case):
    def fake(self, reply):
        return Fake(conversing(lambda message: reply(*message[1:]) or []))

    def test_refused(self):
        for code, status in (('denied', DENIED), ('invalid', USAGE), ('limit', FAILED), ('unknown', FAILED)):
            def reply(tag, *args, code=code):
                if tag == 'reg1':
                    return [['', 'refused', 'reg1', code, 'because', *args]]
                if tag == 'time':
                    return [[args[0].partition('#')[2], 1.5]]
            with self.fake(reply) as address:
                err = self.err(status, 'rcv', '--name=chat', address=address)
                self.assertIn(f"aempd refused 'reg1' ({code}): because", err)
                self.assertEqual("Another user's port has that name" in err, code == 'denied')

    def test_what_is_sent_by_name_before_the_answer(self):
        def reply(tag, *args):
            if tag == 'reg1':
                return [[args[1].partition('#')[2] or args[1], 'at once']]
            if tag == 'time':
                return [[args[0].partition('#')[2], 1.5]]
        with self.fake(reply) as address:
            running = self.start('rcv', '--name=chat', '-n1', address=address)
            self.assertRegex(running.line(), r'\Afake#p\.1\.')
            self.assertEqual(running.json(), ['at once'])
            self.assertIsNone(running.line())
            self.ended(running, OK)


if __name__ == '__main__':
    unittest.main()
