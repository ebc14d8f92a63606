# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempd and one other node that behaves as the reference does."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.harness import Aempd
from aemp.node import Node
from aemp.peer import ANY


class BesideTheReference(unittest.TestCase):
    """Node behaves as the reference does."""

    def exercise(self, d, node):
        """Messages, monitors, kills, in both directions."""
        with d.attach(framings=('cbor',)) as c:
            echo = node.port(lambda port, reply, *rest: node.snd(reply, *rest))
            mine = c.port_name()
            c.mon(echo.id)
            for i in range(1000):
                c.send([echo.id, c.port_id(mine), i, 'x' * i])
            self.assertEqual([m[1] for m in c.recv_n(1000)], list(range(1000)))

            m = node.mon(c.port_id(mine))
            node.snd('x', 'can', 'snd', echo.id, c.port_id(mine))
            self.assertEqual(c.recv_until([mine]), [mine, '1'])
            c.send(['', 'kil0', mine, 'why', 'because'])
            self.assertEqual(m.wait(), ['why', 'because'])

            m = node.mon(c.port_id(c.port_name('never')))
            self.assertEqual(c.recv(), ['', 'mon1', c.port_name('never')])
            c.send(['', 'kil0', c.port_name('never'), 'no_such_port', 'text', 'id'])
            self.assertEqual(m.wait()[0], 'no_such_port')
            self.assertEqual(node.mon('x#nosuch').wait(), ['no_such_port', 'cannot monitor nonexistent port', 'x#nosuch'])

            c.mon(f'{node.node_id}#nosuch')
            self.assertEqual(c.recv(), ['', 'kil0', f'{node.node_id}#nosuch', 'no_such_port', ANY, ANY])
            c.send(['', 'kil1', echo.id, 'enough'])
            self.assertEqual(c.recv(), ['', 'kil0', echo.id, 'enough'])

            watched = node.port()
            c.mon(watched.id)
            port = c.port_name()
            m = node.mon(c.port_id(port))
            self.assertEqual(c.recv(), ['', 'mon1', port])
            c.sync()
            node.drop('x')
            c.recv_until(['', 'kil0', watched.id, 'transport_error'])
            self.assertEqual(m.wait()[:2], ['transport_error', 'x'])
            self.assertEqual(node.errors, [])

    def test_as_a_slave_of_aempd(self):
        with Aempd('x') as d, Node('ref') as node:
            node.connect(d.binds[0])
            node.wait_up('x')
            self.exercise(d, node)

    def test_as_the_seed_of_aempd(self):
        with Node('ref') as node, Aempd('x', seeds=[node.bind]) as d:
            node.wait_message(['', 'g_slave', {"'l": {'x': d.binds}}])
            self.exercise(d, node)

    def test_aempd_finds_a_slave_by_its_master(self):
        """Two slaves of one aempd: one connects to the other when there is something to say."""
        with Aempd('m') as m, Aempd('a', seeds=m.binds) as a, Aempd('b', seeds=m.binds) as b, a.attach() as c, b.attach() as e:
            for d in (a, b):
                d.wait_log('node is up: m')
            m.wait_log('node is up', count=2)
            e.send(['m', 'time', e.port_id(e.port_name('m'))])   # when that is answered, m knows where b listens
            e.recv_until([e.port_name('m')])
            port = e.port_name()
            c.mon(e.port_id(port))
            c.send([e.port_id(port), 'hello'])
            self.assertEqual(e.recv_n(2), [['', 'mon1', port], [port, 'hello']])
            self.assertEqual(set(c.nodes()), {'m', 'b'})
            e.close()
            self.assertEqual(c.recv(), ['', 'kil0', e.port_id(port), 'detached', 'test', os.getpid()])

    def test_messages_wait_for_a_node_that_connects_to_us(self):
        with Node('seed') as seed:
            seed.requests['g_slave'] = lambda *args: None
            seed.requests['g_find'] = lambda *args: None  # no answer comes
            with Aempd('x', seeds=[seed.bind]) as d, d.attach() as c:
                seed.wait_message(['', 'g_slave', ANY])
                c.mon('late#p')
                for i in range(100):
                    c.send(['late#p', i])
                seed.wait_message(['', 'g_find', 'late'])
                with d.peer('late') as p:
                    self.assertEqual(p.recv_n(101), [['', 'mon1', 'p'], *(['p', i] for i in range(100))])
                    self.assertEqual(c.sync(), [])


if __name__ == '__main__':
    aemp.main()
