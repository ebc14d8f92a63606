# SPDX-License-Identifier: LGPL-2.1-or-later
"""One node ID, two nodes: restarts, and who of two stays."""

import contextlib
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.harness import Aempd
from aemp.node import Node
from aemp.peer import Closed, Listener, Timeout
from hostile_case import Case, lines, warnings


class Twice(Case):
    """One node ID, two nodes."""

    def test_a_restart(self):
        """Killed and started again with the same node ID: it is back at once, and its old ports are dead."""
        with self.watched() as x, Aempd('y', seeds=x.binds) as y, x.attach() as c:
            c.send(['', 'nodes1'])
            self.assertEqual(c.recv_until(['', 'node', 'y']), ['', 'node', 'y', True])
            old = None
            for i in range(3):
                with y.attach() as e:
                    port = e.port_id(e.port_name())
                    self.assertNotEqual(port, old)
                    c.mon(port)
                    self.assertEqual(e.recv()[:2], ['', 'mon1'])
                    c.send([port, i])
                    self.assertEqual(e.recv()[1:], [i])
                    y.kill9()
                    self.assertEqual(c.recv()[:5], ['', 'kil0', port, 'transport_error', 'y'])
                    self.assertEqual(c.recv()[:3], ['', 'down', 'y'])
                    self.assertEqual(c.recv()[:4], ['', 'node', 'y', False])
                    c.answer_down('y')
                began = time.monotonic()
                y.start()
                self.assertEqual(c.recv(), ['', 'node', 'y', True])
                self.assertLess(time.monotonic() - began, 1)
                c.send([port, 'to the dead'])
                c.mon(port)
                self.assertEqual(c.recv(), ['', 'kil0', port, 'no_such_port', 'cannot monitor nonexistent port', port])
                old = port

    def test_a_restart_of_the_seed(self):
        """Its slaves come back by themselves, soon."""
        with Aempd('s') as s, Aempd('y', seeds=s.binds) as y, y.attach() as c:
            c.send(['', 'nodes1'])
            self.assertEqual(c.recv(), ['', 'node', 's', True])
            for _ in range(2):
                c.mon('s')
                c.sync()
                s.kill9()
                self.assertEqual(c.recv()[:4], ['', 'kil0', 's', 'transport_error'])
                self.assertEqual(c.recv()[:3], ['', 'down', 's'])
                self.assertEqual(c.recv()[:4], ['', 'node', 's', False])
                c.answer_down('s')
                s.start()
                began = time.monotonic()
                self.assertEqual(c.recv(), ['', 'node', 's', True])
                self.assertLess(time.monotonic() - began, 5)
            self.assertEqual(c.sync(), [])

    def test_who_is_alive_stays(self):
        """A second node with the same ID is refused, in one line with both addresses."""
        with self.watched() as x, x.attach() as c, Node('twin') as first:
            first.connect(x.binds[0])
            address = first.wait_up('x').peer.address
            port = first.port()
            c.mon(port.id)
            c.sync()
            with x.connect(node_id='twin') as second:
                second.send_greeting()
                second.read_greeting()
                second.send_auth()
                with self.assertRaises(Closed):
                    second.read_line()
                x.wait_log(f'warning: .*twin.*{re.escape(second.address)}.*duplicate.*{re.escape(address)}')
                self.assertEqual(len(lines(x, second.address)), 1)
            c.send([port.id, 'still there'])
            self.assertEqual(port.wait(['still there']), ['still there'])
            self.assertEqual(c.sync(), [])
            self.assertEqual([e.kind for e in first.events], ['up'])
            self.assertEqual(len(warnings(x)), 1)

    def wait_refused(self, c, node, times):
        deadline = time.monotonic() + 30
        while not any(r['node'] == node and r['times'] >= times for r in c.status()['refused']):
            self.assertLess(time.monotonic(), deadline, c.status()['refused'])
            time.sleep(0.01)

    def test_two_aempds(self):
        """The same with real ones; the second tries again and again, which is logged once."""
        with self.watched() as x, Aempd('twin', seeds=x.binds) as first, x.attach() as c, first.attach() as e:
            e.send(['', 'nodes1'])
            self.assertEqual(e.recv(), ['', 'node', 'x', True])
            port = e.port_name()
            c.mon(e.port_id(port))
            self.assertEqual(e.recv(), ['', 'mon1', port])
            with Aempd('twin', seeds=x.binds):
                for i in range(2):
                    self.wait_refused(c, 'twin', i + 1)
                    c.send([e.port_id(port), i])
                    self.assertEqual(e.recv(), [port, i])
            self.assertEqual(c.sync() + e.sync(), [])
            self.assertEqual(len(warnings(x)), 1)
            self.assertEqual(x.wait_log(r'twin at (\S+): duplicate.* from (\S+)').group(2),
                             c.nodes()['twin']['address'])

    def test_who_is_dead_goes(self):
        """The first one does not answer: after about a second the second takes over."""
        with self.watched() as x, x.attach() as c, x.peer('twin') as first:
            c.mon('twin#p')
            c.sync()
            with x.connect(node_id='twin') as second:
                began = time.monotonic()
                second.send_greeting()
                second.read_greeting()
                second.send_auth()
                second.send(['', 'time', 'twin#early'])
                second.read_auth()
                self.assertAlmostEqual(time.monotonic() - began, 1.2, delta=0.4)
                self.assertEqual(second.recv()[0], 'early')
                self.assertEqual(c.recv(), ['', 'kil0', 'twin#p', 'transport_error', 'twin', 'switched connections'])
                self.assertEqual(c.recv()[:3], ['', 'down', 'twin'])
                c.answer_down('twin')
                c.send(['twin#p', 'hello'])
                self.assertEqual(second.recv(), ['p', 'hello'])
                self.assertEqual(first.recv_n(2), [['', 'mon1', 'p'], ['', 'snd', 'x', '']])
                self.assertIsNotNone(first.wait_closed())
                x.wait_log(f'node is down: twin at {re.escape(first.address)}: switched connections')

    def test_a_third_while_two_are_weighed(self):
        with self.watched() as x, x.peer('twin'):
            with x.connect(node_id='twin') as second, x.connect(node_id='twin') as third:
                for p in (second, third):
                    p.send_greeting()
                    p.read_greeting()
                    p.send_auth()
                    if p is second:
                        x.bystanders.wait_rounds()
                third.wait_closed()
                second.read_auth()
                self.assertEqual(second.sync(), [])
                self.assertEqual(len(lines(x, third.address)), 1)

    def test_a_stopped_aempd_is_replaced(self):
        """SIGSTOP, a new one with its ID, SIGCONT: then it is the first that is refused."""
        with self.watched() as x, Aempd('twin', seeds=x.binds) as first, x.attach() as c:
            c.send(['', 'nodes1'])
            self.assertEqual(c.recv_until(['', 'node', 'twin']), ['', 'node', 'twin', True])
            c.mon('twin')
            c.sync()
            first.pause()
            with Aempd('twin', seeds=x.binds) as second:
                began = time.monotonic()
                self.assertEqual(c.recv(), ['', 'kil0', 'twin', 'transport_error', 'twin', 'switched connections'])
                self.assertLess(time.monotonic() - began, 3)
                self.assertEqual(c.recv()[:3], ['', 'down', 'twin'])
                c.answer_down('twin')
                self.assertEqual(c.recv_until(['', 'node', 'twin', True]), ['', 'node', 'twin', True])
                with second.attach() as e:
                    port = e.port_name()
                    c.send([e.port_id(port), 'hello'])
                    self.assertEqual(e.recv(), [port, 'hello'])
                    first.resume()
                    x.wait_log('duplicate')
                    c.send([e.port_id(port), 'still here'])
                    self.assertEqual(e.recv(), [port, 'still here'])
                    self.assertEqual(c.sync(), [])

    def test_one_that_aempd_connects_to(self):
        """Two seeds, one node ID. They might be two addresses of one node, so nothing is logged; who is up stays, the other is not
        tried again and again."""
        with Node('twin') as first, Listener() as listener, self.watched(seeds=[first.bind, listener.bind]) as x, x.attach() as c:
            first.wait_up('x')
            port = first.port()
            c.mon(port.id)
            c.sync()
            with listener.accept(node_id='twin') as second:
                second.send_greeting()
                with contextlib.suppress(Closed):
                    second.read_greeting()
                    second.send_auth()
                    second.read_auth()
                second.wait_closed()
            c.send([port.id, 'still there'])
            self.assertEqual(port.wait(['still there']), ['still there'])
            self.assertEqual(c.sync(), [])
            self.assertEqual([e.kind for e in first.events], ['up'])
            self.assertEqual(c.nodes()['twin']['address'], first.bind)
            with self.assertRaises(Timeout):
                listener.accept(timeout=3)

    def test_two_aempds_that_it_connects_to(self):
        """The same with real ones, which say that they are two; and when the first one is gone, the second one's time has come."""
        with Aempd('twin') as first, Aempd('twin') as second, self.watched(seeds=[first.binds[0], second.binds[0]]) as x, x.attach() as c:
            up = x.wait_log(r'node is up: twin at (\S+): outgoing')[1]
            stays, other = (first, second) if up == first.binds[0] else (second, first)
            x.wait_log(f'twin at {re.escape(other.binds[0])}: duplicate: .* from {re.escape(stays.binds[0])}')
            with stays.attach() as e:
                port = e.port_name()
                c.mon(e.port_id(port))
                self.assertEqual(e.recv(), ['', 'mon1', port])
                other.wait_log('connection refused: x at|it closed the connection')
                c.send([e.port_id(port), 'hello'])
                self.assertEqual(e.recv(), [port, 'hello'])
                self.assertEqual(c.sync(), [])
                stays.kill9()
                self.assertEqual(c.recv()[:4], ['', 'kil0', e.port_id(port), 'transport_error'])
                self.assertEqual(c.recv()[:3], ['', 'down', 'twin'])
                c.answer_down('twin')
            x.wait_log(f'node is up: twin at {re.escape(other.binds[0])}')
            c.send(['twin', 'time', c.port_id(c.port_name('p'))])
            self.assertEqual(c.recv()[0], c.port_name('p'))

    def test_two_addresses_of_one(self):
        """Both are seeds: there is one node, and nothing to warn of, on neither side."""
        with Aempd('y', binds=['127.0.0.1:0', '[::1]:0']) as y, Aempd('x', seeds=y.binds) as x, x.attach() as c:
            c.wait_state(c.status, lambda s: len(s['seeds']) == 2 and all(seed['connected'] for seed in s['seeds']))
            x.stop()
            self.assertEqual(warnings(x), [])
            y.wait_log('node is down: x')
            self.assertEqual(warnings(y), [])


if __name__ == '__main__':
    aemp.main()
