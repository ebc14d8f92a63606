# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempctl status, nodes and clients."""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

from aemp.harness import Aempd, free_port
from aempctl_case import NO_SUCH, SOURCE, OneNode, address_of


def documented_keys(title):
    """The keys of one table of docs/attach.md, section 5."""
    with open(os.path.join(SOURCE, 'docs', 'attach.md'), encoding='utf-8') as f:
        text = f.read()
    text = text[text.index(f'`aempd::{title}`'):] if title == 'status' else text[text.index(f'`aempd::{title}`, one map'):]
    if title == 'clients':
        return set(re.findall(r'`(\w+)`', text[:text.index('\n\n')]))
    rows = re.search(r'\n\| key .*?\n\n', text, re.S)[0].split('\n')[3:]
    # "| `this`, `that` | what it is; `another`: what that is |"
    return {key for row in rows if row for key in re.findall(r'`(\w+)`', row.split('|')[1]) + re.findall(r'; `(\w+)`: ', row)}


def manual_keys(title):
    """Those of aempctl(1), section JSON."""
    with open(os.path.join(SOURCE, 'man', 'aempctl.1.scd'), encoding='utf-8') as f:
        text = f.read()
    text = text[text.index(f'*{title} --json*: '):]
    lines = re.split(r'\n\n\*\w+ --json|\n\n# ', text)[0].split('\n')[1:]
    return {key for line in lines if line.startswith('*') for key in re.findall(r'\*(\w+)\*', line)}


class Manual(unittest.TestCase):
    def test_it_has_all_keys(self):
        for title in ('status', 'nodes', 'clients'):
            self.assertEqual(manual_keys(title), documented_keys(title))


class Shown(OneNode):
    def test_keys_are_those_of_the_manual(self):
        status = self.out_json('status', '--json')
        self.assertEqual(set(status), documented_keys('status'))
        self.assertEqual(status['node'], 'a')
        self.assertEqual(status['pid'], self.daemon.pid)
        [client] = self.out_json('-j', 'clients')
        self.assertEqual(set(client), documented_keys('clients'))

    def test_keys_of_nodes(self):
        with self.daemon.peer('p'):
            self.daemon.wait_log('node is up')
            [node] = self.out_json('nodes', '-j')
            self.assertEqual(set(node), documented_keys('nodes'))

    def test_all_is_well(self):
        text = self.out('status')
        self.assertTrue(text.startswith(f'a: aempd 0.1.0, pid {self.daemon.pid}, up '), text)
        self.assertTrue(text.endswith('\nAll is well.\n'), text)
        self.assertIn(f'Listens: {self.daemon.binds[0]}\n', text)
        self.assertIn('Clients: 1\n', text)
        self.assertNotIn('Losses', text)

    def test_losses_are_told(self):
        self.err(NO_SUCH, 'snd', 'a#x')
        self.assertRegex(self.out('status'), r'Losses: 1 for no such port')

    def test_clients(self):
        client = self.client(program='a program')
        header, *rows = self.out('clients').rstrip('\n').split('\n')
        self.assertRegex(header, r'\A *CLIENT +PROGRAM +PID +USER +SINCE +PREFIX ')
        row = next(row for row in rows if 'a program' in row)
        self.assertIn(f' {os.getpid()} ', row)
        self.assertIn(client.prefix, row)
        # aligned: a column's text begins where its heading begins, or ends where it ends
        self.assertEqual(row.index('a program'), header.index('PROGRAM'))
        self.assertEqual(row.index(client.prefix), header.index('PREFIX'))
        self.assertEqual(row.index(f' {os.getpid()} ') + len(str(os.getpid())), header.index(' PID ') + 3)
        numbers = [int(re.match(r' *(\d+)', row)[1]) for row in rows]
        self.assertEqual(numbers, sorted(numbers))

    def test_no_nodes(self):
        self.assertEqual(self.out('nodes').count('\n'), 1)
        self.assertEqual(self.out_json('nodes', '--json'), [])

    def test_nodes_that_come_and_go(self):
        peer = self.daemon.peer('p')
        self.daemon.wait_log('node is up')
        header, row = self.out('nodes').rstrip('\n').split('\n')
        self.assertRegex(header, r'\ANODE +STATE +SINCE +ADDRESS +LINK ')
        self.assertRegex(row, r'\Ap +up +(now|\d+s ago) +127\.0\.0\.1:\d+ +in ')
        self.assertIn('All is well.', self.out('status'))
        peer.close()
        self.daemon.wait_log('node is down')
        self.assertRegex(self.out('nodes').split('\n')[1], r'\Ap +down .* transport_error: p, \S')
        self.assertRegex(self.out('status'), r'\n\n! node p has been down for \d+m?s: transport_error: p, .*\n\Z')

    def test_a_seed_that_is_not_there(self):
        seed = f'127.0.0.1:{free_port()}'
        with Aempd('b', seeds=[seed, self.daemon.binds[0]]) as b:
            b.wait_log('node is up')
            text = self.out('status', address=address_of(b))
            self.assertIn(f'\n! seed {seed} is not connected: Connection refused\n', text)
            self.assertIn('Seeds: 1 of 2 connected', text)
            self.assertNotIn('in the logs', text)
            self.assertNotIn('All is well', text)

    def test_a_node_that_is_refused(self):
        with Aempd('b', seeds=[self.daemon.binds[0]], secret='another') as b:
            self.daemon.wait_log('it has another secret')
            self.assertRegex(self.out('status'), r'\n! node b at 127\.0\.0\.1:\d+ was refused, (now|.* ago): '
                             r'authentication failed: it has another secret\n\Z')
            b.wait_log("can't connect to seed")
            self.assertRegex(self.out('status', address=address_of(b)), r'\n! seed .* \(node a\) is not connected: \S')


if __name__ == '__main__':
    unittest.main()
