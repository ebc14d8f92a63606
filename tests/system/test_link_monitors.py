# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempd and one other node: monitors."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.cbor import Text
from aemp.harness import Aempd
from aemp.node import Node
from aemp.peer import ANY, Listener


class Monitors(unittest.TestCase):
    def test_a_peer_watches_a_port_of_a_client(self):
        with Aempd('x') as d, d.attach() as c, d.peer('peer') as p:
            port = c.port_name()
            p.send(['', 'mon1', port], ['', 'mon1', port], ['', 'mon1', Text(port)])
            self.assertEqual(p.sync(), [])
            self.assertEqual(c.sync(), [['', 'mon1', port]])     # asked once
            c.send(['peer#p', 'last words'], ['', 'kil0', port, 'why', 'because', 7, {'a': None}], ['peer#p', 'afterwards'])
            self.assertEqual(p.recv_n(3), [['p', 'last words'], ['', 'kil0', port, 'why', 'because', 7, {'a': None}],
                                           ['p', 'afterwards']])
            c.send(['', 'kil0', port, 'twice'])
            c.sync()
            self.assertEqual(p.sync(), [])

    def test_a_normal_end_has_no_reason(self):
        with Aempd('x') as d, d.attach() as c, d.peer('peer') as p:
            port = c.port_name()
            p.send(['', 'mon1', port])
            self.assertEqual(c.recv(), ['', 'mon1', port])
            c.send(['', 'kil0', c.port_id(port)])                # by its full ID
            self.assertEqual(p.recv(), ['', 'kil0', port])

    def test_the_client_knows_no_such_port(self):
        with Aempd('x') as d, d.attach() as c, d.peer('peer') as p:
            port = c.port_name()
            p.send(['', 'mon1', port])
            self.assertEqual(c.recv(), ['', 'mon1', port])
            reason = ['no_such_port', 'cannot monitor nonexistent port', c.port_id(port)]
            c.send(['', 'kil0', port, *reason])
            self.assertEqual(p.recv(), ['', 'kil0', port, *reason])
            p.send(['', 'mon1', port])                           # one more time, one more answer
            self.assertEqual(c.recv(), ['', 'mon1', port])
            c.send(['', 'kil0', port, *reason])
            self.assertEqual(p.recv(), ['', 'kil0', port, *reason])

    def test_a_peer_stops_watching(self):
        with Aempd('x') as d, d.attach() as c, d.peer('peer') as p, d.peer('other') as q:
            port = c.port_name()
            p.send(['', 'mon1', port])
            p.sync()
            q.send(['', 'mon1', port])
            q.sync()
            p.send(['', 'mon0', port])
            p.sync()
            self.assertEqual(c.sync(), [['', 'mon1', port]])     # somebody still watches
            c.send(['', 'kil0', port, 'x'])
            self.assertEqual(q.recv(), ['', 'kil0', port, 'x'])
            self.assertEqual(p.sync(), [])

            port = c.port_name()
            p.send(['', 'mon1', port], ['', 'mon0', port])
            p.sync()
            self.assertEqual(c.sync(), [['', 'mon1', port], ['', 'mon0', port]])

    def test_a_peers_monitors_end_with_its_connection(self):
        with Aempd('x') as d, d.attach() as c:
            with d.peer('peer') as p:
                port = c.port_name()
                p.send(['', 'mon1', port])
                self.assertEqual(c.recv(), ['', 'mon1', port])
            self.assertEqual(c.recv(), ['', 'mon0', port])
            with d.peer('peer') as p:
                c.send(['', 'kil0', port])
                c.sync()
                self.assertEqual(p.sync(), [])

    def test_how_clients_end(self):
        for end in ('closed', 'bye', 'killed'):
            with self.subTest(end), Aempd('x') as d, d.peer('peer') as p, d.attach('pro;gram%') as c:
                port = c.port_name()
                p.send(['', 'mon1', port])
                p.sync()
                c.send(['peer#p', 'last words'])
                if end == 'closed':
                    c.close()
                    reason = ['detached', 'pro;gram%', os.getpid()]
                elif end == 'bye':
                    c.bye()
                    reason = []
                else:
                    c.reset()
                    reason = ['detached', 'pro;gram%', os.getpid()]
                self.assertEqual(p.recv_n(2), [['p', 'last words'], ['', 'kil0', port, *reason]])

    def test_a_client_watches_ports_of_a_peer(self):
        with Aempd('x') as d, d.attach() as a, d.attach() as b, d.peer('peer') as p:
            a.mon('peer#p', 'peer#p', 'peer#q')
            a.sync()
            b.mon('peer#p')
            b.sync()
            self.assertEqual(p.sync(), [['', 'mon1', 'p'], ['', 'mon1', 'q']])
            p.send([a.port_name('1'), 'last words'], ['', 'kil0', 'p', 'why', 'because'])
            self.assertEqual(a.recv_n(2), [[a.port_name('1'), 'last words'], ['', 'kil0', 'peer#p', 'why', 'because']])
            self.assertEqual(b.recv(), ['', 'kil0', 'peer#p', 'why', 'because'])
            p.send(['', 'kil0', 'p', 'twice'], ['', 'kil0', 'never', 'watched'], ['', 'kil0', '', 'x'], ['', 'kil0', None])
            p.sync()
            self.assertEqual(a.sync() + b.sync(), [])
            p.send(['', 'kil0', 'q'])
            self.assertEqual(a.recv(), ['', 'kil0', 'peer#q'])

    def test_clients_stop_watching(self):
        with Aempd('x') as d, d.attach() as a, d.attach() as b, d.peer('peer') as p:
            for c in (a, b):
                c.mon('peer#p')
                c.sync()
            a.send(['', 'mon0', 'peer#p'], ['', 'mon0', 'peer#never'], ['', 'mon0', 'unknown#p'])
            self.assertEqual(a.sync(), [])
            self.assertEqual(p.sync(), [['', 'mon1', 'p']])
            b.send(['', 'mon0', 'peer#p'])
            b.sync()
            self.assertEqual(p.sync(), [['', 'mon0', 'p']])
            p.send(['', 'kil0', 'p'])
            p.sync()
            self.assertEqual(a.sync() + b.sync(), [])

    def test_a_client_that_goes_stops_watching(self):
        with Aempd('x') as d, d.peer('peer') as p:
            with d.attach() as c:
                c.mon('peer#p')
                c.sync()
                self.assertEqual(p.sync(), [['', 'mon1', 'p']])
            self.assertEqual(p.recv(), ['', 'mon0', 'p'])

    def test_killing(self):
        with Aempd('x') as d, d.attach() as c, d.peer('peer') as p:
            port = c.port_name()
            p.send([port, 'before'], ['', 'kil1', port, 'why', 'because', [1]], [port, 'after'])
            self.assertEqual(c.recv_n(3), [[port, 'before'], ['', 'kil1', port, 'why', 'because', [1]], [port, 'after']])
            c.send(['peer#p', 'before'], ['', 'kil1', 'peer#p', 'why', {}], ['peer#p', 'after'], ['', 'kil1', 'peer#', 'x'],
                   ['', 'kil1', 'peer', 'x'])
            c.sync()
            self.assertEqual(p.sync(), [['p', 'before'], ['', 'kil1', 'p', 'why', {}], ['p', 'after']])

    def test_the_connection_ends(self):
        """kil0 of all that was watched, then down; nothing goes out until that is answered."""
        for how, text in (('close', 'Unexpected end-of-file'), ('reset', 'Connection reset by peer')):
            with self.subTest(how), Aempd('x') as d, d.attach() as a, d.attach() as b:
                reason = ['transport_error', 'peer', text]
                with d.peer('peer') as p:
                    a.mon('peer#p', 'peer#q', 'peer')
                    a.sync()
                    b.send(['', 'nodes1'], ['peer#p', 'hello'])
                    b.sync()
                    self.assertEqual(p.sync(), [['', 'mon1', 'p'], ['', 'mon1', 'q'], ['p', 'hello']])
                    getattr(p, how)()
                    self.assertEqual(sorted(a.recv_n(3)), [['', 'kil0', f'peer{port}', *reason] for port in ('', '#p', '#q')])
                    self.assertEqual(a.recv(), ['', 'down', 'peer', *reason])
                    self.assertEqual(b.recv(), ['', 'down', 'peer', *reason])  # it sent something
                    self.assertEqual(b.recv(), ['', 'node', 'peer', False, *reason])
                with d.peer('peer') as p:
                    a.send(['peer#p', 'dropped'])
                    a.mon('peer#p')
                    self.assertEqual(a.recv(), ['', 'kil0', 'peer#p', 'transport_error', 'peer', ANY])
                    self.assertEqual(p.sync(), [])
                    a.answer_down('peer')
                    a.send(['peer#p', 'again'])
                    a.mon('peer#p')
                    self.assertEqual(p.recv_n(2), [['p', 'again'], ['', 'mon1', 'p']])
                    self.assertEqual(a.sync(), [])
                    self.assertEqual(b.sync(), [['', 'node', 'peer', True]])

    def test_a_node_that_can_not_be_found(self):
        with Aempd('x') as d, d.attach() as c:
            c.send(['', 'mon1', 'nowhere#p'], ['', 'mon1', 'nowhere'], ['nowhere#p', 'hello'])
            reason = ['transport_error', 'nowhere', 'no known address']
            self.assertEqual(sorted(c.recv_n(2)), [['', 'kil0', 'nowhere', *reason], ['', 'kil0', 'nowhere#p', *reason]])
            self.assertEqual(c.recv(), ['', 'down', 'nowhere', *reason])
            self.assertEqual(c.status()['counters']['dropped_queued'], 2)  # mon1 of the port, and the message

    def test_what_was_sent_in_vain_never_comes(self):
        """Not even when the node connects to us right after that."""
        with Aempd('x') as d, d.attach() as c, d.attach() as other:
            for client in (c, other):
                client.send(['', 'mon1', 'late#p'], ['late#p', 'lost'])
                self.assertEqual(client.recv()[:3], ['', 'kil0', 'late#p'])
                self.assertEqual(client.recv()[:3], ['', 'down', 'late'])
            with d.peer('late') as p:
                c.answer_down('late')                     # the other one does not
                c.send(['', 'mon1', 'late#p'], ['late#p', 'new'])
                self.assertEqual(p.recv_n(2), [['', 'mon1', 'p'], ['p', 'new']])
                self.assertEqual(p.sync() + c.sync() + other.sync(), [])

    def test_a_node_where_nobody_listens(self):
        """Its master knows an address, and that is of no use."""
        with Listener() as other:
            dead = other.bind
        with Node('seed') as seed:
            seed.requests['g_slave'] = lambda *args: None
            seed.requests['g_find'] = lambda source, node: seed.snd(source, 'g_found', node, [dead])
            with Aempd('x', seeds=[seed.bind], settings={'connect_interval': 0.4}) as d, d.attach() as c:
                seed.wait_message(['', 'g_slave', ANY])
                c.mon('gone#p')
                self.assertEqual(c.recv(), ['', 'kil0', 'gone#p', 'transport_error', 'gone', ANY])

    def test_watching_a_node_connects_to_it(self):
        with Node('target') as target, Node('seed') as seed:
            seed.requests['g_slave'] = lambda *args: None
            seed.requests['g_find'] = lambda source, node: seed.snd(source, 'g_found', node, [target.bind])
            with Aempd('x', seeds=[seed.bind]) as d, d.attach() as c:
                seed.wait_message(['', 'g_slave', ANY])
                c.mon('target')
                target.wait_up('x')
                self.assertEqual(c.sync(), [])
                self.assertEqual(target.wait_up('x').messages, [])   # it is told nothing of that
                target.drop('x')
                self.assertEqual(c.recv(), ['', 'kil0', 'target', 'transport_error', 'target', ANY])


if __name__ == '__main__':
    aemp.main()
