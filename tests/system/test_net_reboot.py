# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host that reboots: its connections are gone and nobody was told. In network namespaces.

It is back as soon as it connects, though its old connection was never ended; its old ports are dead.
"""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.harness import Aempd, sanitized
from aemp.node import Node
from aemp.peer import ANY
from netns import ADDRESS, Wire

AT_ONCE = 1.0 + (2 if sanitized() else 0)
PROBE = 1.0                      # seconds that the first one gets for an answer


def aempd(wire, side, node_id, **options):
    return Aempd(node_id, binds=[f'{ADDRESS[side]}:4040'], wrapper=wire.ends[side].wrapper, **options)


class Reboot(unittest.TestCase):
    def reboot(self, wire, side, d):
        """Power fails: no FIN, and of the host that comes up no connection is known."""
        wire.cut('left', 'right')
        d.kill9()
        wire.reboot(side)
        wire.mend('left', 'right')
        d.wrapper = wire.ends[side].wrapper

    def is_back(self, c, port, node_id):
        """What c is told; its monitor on the old port fires, then the node is up. Returns the reason's text."""
        m = c.recv()
        self.assertEqual(m, ['', 'kil0', port, 'transport_error', node_id, ANY])
        self.assertEqual(c.recv()[:3], ['', 'down', node_id])
        c.answer_down(node_id)
        self.assertEqual(c.recv()[:4], ['', 'node', node_id, False])
        self.assertEqual(c.recv(), ['', 'node', node_id, True])
        return m[5]

    def is_dead(self, c, port):
        c.send([port, 'to the dead'])
        c.mon(port)
        self.assertEqual(c.recv(), ['', 'kil0', port, 'no_such_port', 'cannot monitor nonexistent port', port])
        self.assertEqual(c.sync(), [])

    def test_of_a_node_that_connects(self):
        """Twice: the kernel that has come up denies all knowledge of the old connection when that is probed."""
        with Wire() as wire, aempd(wire, 'left', 'x') as x, aempd(wire, 'right', 'y', seeds=[f'{ADDRESS["left"]}:4040']) as y, \
             x.attach() as c:
            c.send(['', 'nodes1'])
            self.assertEqual(c.recv(), ['', 'node', 'y', True])
            for _ in range(2):
                with y.attach() as e:
                    port = e.port_id(e.port_name('p'))
                    c.mon(port)
                    self.assertEqual(e.recv(), ['', 'mon1', e.port_name('p')])
                    self.assertEqual(c.sync(), [])
                    self.reboot(wire, 'right', y)
                self.assertEqual(c.sync(), [])         # nobody knows
                y.start()
                began = time.monotonic()
                self.is_back(c, port, 'y')
                self.assertLess(time.monotonic() - began, AT_ONCE)
                self.is_dead(c, port)

    def test_that_comes_back_under_another_address(self):
        """At the old one nobody says anything: a second later it is given up."""
        with Wire() as wire, aempd(wire, 'left', 'x') as x, aempd(wire, 'right', 'y', seeds=[f'{ADDRESS["left"]}:4040']) as y, \
             x.attach() as c:
            c.send(['', 'nodes1'])
            self.assertEqual(c.recv(), ['', 'node', 'y', True])
            c.mon('y#gone')
            self.assertEqual(c.recv()[:4], ['', 'kil0', 'y#gone', 'no_such_port'])
            with y.attach() as e:
                port = e.port_id(e.port_name('p'))
                c.mon(port)
                self.assertEqual(e.recv(), ['', 'mon1', e.port_name('p')])
                self.assertEqual(c.sync(), [])
                wire.cut('left', 'right')
                y.kill9()
            wire.reboot('right', '10.77.2.3')
            wire.mend('left')
            y.binds, y.wrapper = ['10.77.2.3:4040'], wire.right.wrapper
            y.start()
            began = time.monotonic()
            self.assertEqual(self.is_back(c, port, 'y'), 'switched connections')
            self.assertLess(time.monotonic() - began, PROBE + AT_ONCE)
            self.assertGreater(time.monotonic() - began, PROBE / 2)
            self.is_dead(c, port)

    def test_of_a_seed(self):
        """Who is connected to it learns it with the next sign of life, and connects again."""
        settings = {'heartbeat_interval': 0.5}
        with Wire() as wire, aempd(wire, 'left', 'x') as x, \
             aempd(wire, 'right', 'y', seeds=[f'{ADDRESS["left"]}:4040'], settings=settings) as y, y.attach() as c:
            c.send(['', 'nodes1'])
            self.assertEqual(c.recv(), ['', 'node', 'x', True])
            with x.attach() as e:
                port = e.port_id(e.port_name('p'))
                c.mon(port)
                self.assertEqual(e.recv(), ['', 'mon1', e.port_name('p')])
                self.reboot(wire, 'left', x)
            x.start()
            began = time.monotonic()
            self.is_back(c, port, 'x')
            self.assertLess(time.monotonic() - began, 0.5 + 2.4 + AT_ONCE)   # the next sign of life; the seed's first delay
            self.is_dead(c, port)

    def test_of_a_node_like_the_reference(self):
        """It is taken back; that it does not take us back for as long as it thinks it is connected is its own affair."""
        with Wire() as wire, aempd(wire, 'left', 'x') as x, x.attach() as c:
            c.send(['', 'nodes1'])

            def start():
                with wire.right.entered():
                    node = Node('ref', host=ADDRESS['right'])
                    node.connect(f'{ADDRESS["left"]}:4040')
                self.addCleanup(node.stop)
                return node
            first = start()
            self.assertEqual(c.recv(), ['', 'node', 'ref', True])
            port = first.port().id
            c.mon(port)
            self.assertEqual(c.sync(), [])
            wire.cut('left', 'right')
            wire.reboot('right')
            wire.mend('left', 'right')
            began = time.monotonic()
            second = start()
            self.is_back(c, port, 'ref')
            self.assertLess(time.monotonic() - began, AT_ONCE)
            self.is_dead(c, port)
            new = second.port()
            c.send([new.id, 'hello'])
            new.wait(['hello'])


if __name__ == '__main__':
    aemp.main()
