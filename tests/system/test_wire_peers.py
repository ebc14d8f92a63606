# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempd beside nodes of all kinds: simple, CBOR, JSON, TLS; each connects, and each is connected to.

What a node can ask of aempd, and aempd's programs of the node.
"""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.harness import Aempd
from aemp.peer import ANY
from certificates import shared
from wire_case import KINDS, Case, Program, each_kind


def echo_init(node, name, reply_to, *args):
    """What the program of the captures has: a port that echoes until it is told to stop."""
    def take(port, tag, *rest):
        if tag == 'echo':
            node.snd(reply_to, 'echoed', *rest)
        else:
            port.kill('stopped', 'bye')
    node.snd(reply_to, 'ready', node.port(take, name=name).id, *args)


def program_with_echo(d, framing):
    """The same in a program of aempd."""
    owners = {}

    def spawn(program, port, function, args):
        owners[port] = args[0]
        program.send([args[0], 'ready', program.client.port_id(port), *args[1:]])

    def take(program, port, elements):
        if elements[0] == 'echo':
            program.send([owners[port], 'echoed', *elements[1:]])
        else:
            program.end(port, 'stopped', 'bye')

    def call(program, function, args):
        program.send([args[0], 'called', function, *args[1:]])
    return Program(d, ['My::echo'], framing=framing, on_call=call, on_spawn=spawn, on_message=take)


class Peers(Case):
    @each_kind
    def test_how_they_agree(self, kind, connects):
        with self.beside(kind, connects) as (d, node), d.attach() as c:
            state = c.nodes()[kind.node_id]
            for key in ('tls', 'auth', 'auth_sent', 'framing', 'framing_sent'):
                self.assertEqual(state[key], getattr(kind, key), key)
            self.assertEqual(state['incoming'], connects)
            peer = node.wait_up('x').peer
            self.assertEqual(peer.tls, kind.tls is not None)
            if kind.tls:
                self.assertEqual((peer.sock.version, peer.sock.cipher), (kind.tls, state['cipher']))
                self.assertEqual(state['certificate']['expires'], 4733510400)  # as tls-node.pem says
                self.assertIn('aemp-test', state['certificate']['subject'])
            else:
                self.assertEqual((state['cipher'], state['certificate']), (None, None))

    @each_kind
    def test_requests_of_the_node(self, kind, connects):
        with self.beside(kind, connects) as (d, node):
            port = node.port()
            node.snd('x', 'time', port.id, 't')
            self.assertAlmostEqual(port.wait(['t'])[1], time.time(), delta=60)
            for name, answer in (('mon1', '1'), ('nosuch', '')):
                node.snd('x', 'can', name, port.id, 'can', name)
                self.assertEqual(port.wait(['can', name])[2], answer)
            for tag in ('snd', 'relay'):
                node.snd('x', tag, port.id, tag, 'ä€', 1.5, None, True, {'k': []})
                self.assertEqual(port.wait([tag]), [tag, 'ä€', 1.5, None, True, {'k': []}])
            node.snd('x', 'snd', 'x', 'snd', port.id, 'twice')
            port.wait(['twice'])
            node.snd('x', 'eval', '1', port.id, 'eval')
            self.assertEqual(port.wait(['eval']), ['eval', ANY])
            node.snd('x', 'wkp', 'nosuch', port.id, 'wkp')
            self.assertEqual(port.wait(['wkp']), ['wkp', None])

    @each_kind
    def test_requests_of_programs(self, kind, connects):
        with self.beside(kind, connects) as (d, node):
            for framing in ('cbor', 'json'):
                for form in (float, str):
                    node.time_form = form
                    with d.attach(framings=(framing,)) as c:
                        port, there = c.port_name(), kind.node_id
                        c.send([there, 'time', c.port_id(port), 't'])
                        self.assertAlmostEqual(float(c.recv_until([port, 't'])[2]), time.time(), delta=60)
                        for name, answer in (('mon1', '1'), ('nosuch', '')):
                            c.send([there, 'can', name, c.port_id(port), name])
                            self.assertEqual(c.recv(), [port, name, answer])
                        for tag in ('snd', 'relay'):
                            c.send([there, tag, c.port_id(port), tag, 'ä€', 1.5, None, True, {'k': []}])
                            self.assertEqual(c.recv(), [port, tag, 'ä€', 1.5, None, True, {'k': []}])
                        node.names['service'] = f'{there}#s'
                        for name, answer in (('service', f'{there}#s'), ('nosuch', None)):
                            c.send([there, 'wkp', name, c.port_id(port), name])
                            self.assertEqual(c.recv(), [port, name, answer])

    @each_kind
    def test_monitors_and_kills(self, kind, connects):
        with self.beside(kind, connects) as (d, node):
            for framing in ('cbor', 'json'):
                with d.attach(framings=(framing,)) as c:
                    self.watch_each_other(c, node)

    def watch_each_other(self, c, node):
        # the program watches the node's ports
        first, second = node.port(), node.port()
        c.mon(first.id, second.id, f'{node.node_id}#nosuch')
        self.assertEqual(c.recv(), ['', 'kil0', f'{node.node_id}#nosuch', 'no_such_port', ANY, f'{node.node_id}#nosuch'])
        node.snd(c.port_id(c.port_name('p')), 'before')
        first.kill('why', 'because', 7)
        self.assertEqual(c.recv_n(2), [[c.port_name('p'), 'before'], ['', 'kil0', first.id, 'why', 'because', 7]])
        c.send([second.id, 'last'], ['', 'kil1', second.id, 'enough'])
        self.assertEqual(c.recv(), ['', 'kil0', second.id, 'enough'])
        self.assertEqual((second.messages, second.reason), ([['last']], ['enough']))
        # and the node watches the program's
        first, second = c.port_name(), c.port_name()
        fired = node.mon(c.port_id(first))
        self.assertEqual(c.recv(), ['', 'mon1', first])
        c.send(['', 'kil0', first, 'why', 'because', 7])
        self.assertEqual(fired.wait(), ['why', 'because', 7])
        fired = node.mon(c.port_id(second))
        self.assertEqual(c.recv(), ['', 'mon1', second])
        node.snd(c.port_id(second), 'last')
        node.kil(c.port_id(second), 'enough')
        self.assertEqual(c.recv_n(2), [[second, 'last'], ['', 'kil1', second, 'enough']])
        c.send(['', 'kil0', second, 'enough'])
        self.assertEqual(fired.wait(), ['enough'])
        self.assertEqual(node.mon('x#nosuch').wait(), ['no_such_port', ANY, 'x#nosuch'])
        fired = node.mon(c.port_id(c.port_name('unwatched')))
        c.recv_until(['', 'mon1'])
        fired.stop()
        self.assertEqual(c.recv(), ['', 'mon0', c.port_name('unwatched')])

    @each_kind
    def test_the_end_of_the_connection(self, kind, connects):
        with self.beside(kind, connects) as (d, node), d.attach() as c:
            port = node.port()
            c.mon(port.id)
            fired = node.mon(c.port_id(c.port_name('p')))
            self.assertEqual(c.recv(), ['', 'mon1', c.port_name('p')])
            c.sync()
            node.snd(c.port_id(c.port_name('p')), 'last words')
            node.half_close('x')
            self.assertEqual(c.recv(), [c.port_name('p'), 'last words'])
            self.assertEqual(c.recv_until(['', 'kil0']), ['', 'kil0', port.id, 'transport_error', kind.node_id, ANY])
            self.assertEqual(c.recv()[:3], ['', 'down', kind.node_id])
            self.assertEqual(fired.wait()[:2], ['transport_error', 'x'])
            c.answer_down(kind.node_id)
            if not connects and kind is KINDS['tls, json']:      # it is a seed, so it is tried again
                node.wait_event('up', 'x', count=2)

    @each_kind
    def test_the_node_spawns_on_aempd(self, kind, connects):
        for framing in ('cbor', 'json'):
            with self.beside(kind, connects) as (d, node), program_with_echo(d, framing):
                mine = node.port()
                there = node.spawn('x', 'My::echo', mine.id, 'init', 1)
                fired = node.mon(there)
                node.snd(there, 'echo', 'hello', 2)
                self.assertEqual(mine.wait(['ready']), ['ready', there, 'init', 1])
                self.assertEqual(mine.wait(['echoed']), ['echoed', 'hello', 2])
                node.snd(there, 'stop')
                self.assertEqual(fired.wait(), ['stopped', 'bye'])
                there = node.spawn('x', 'My::echo', mine.id)
                fired = node.mon(there)
                node.kil(there, 'why', 'because')
                self.assertEqual(fired.wait(), ['why', 'because'])
                self.assertEqual(node.mon(there).wait()[0], 'no_such_port')
                node.snd('x', 'My::echo', mine.id, 'arg')
                self.assertEqual(mine.wait(['called']), ['called', 'My::echo', 'arg'])

    @each_kind
    def test_programs_spawn_on_the_node(self, kind, connects):
        with self.beside(kind, connects) as (d, node):
            node.functions['My::echo'] = echo_init
            for framing in ('cbor', 'json'):
                with d.attach(framings=(framing,)) as c:
                    mine, name = c.port_name(), f'{framing}-1'
                    there = f'{kind.node_id}#{name}'
                    c.send([kind.node_id, 'AnyEvent::MP::_spawn', name, 'My::echo', c.port_id(mine), 'init', 1],
                           ['', 'mon1', there], [there, 'echo', 'hello'], [there, 'stop'])
                    self.assertEqual(c.recv_n(3), [[mine, 'ready', there, 'init', 1], [mine, 'echoed', 'hello'],
                                                   ['', 'kil0', there, 'stopped', 'bye']])

    @each_kind
    def test_registered_names(self, kind, connects):
        with self.beside(kind, connects) as (d, node), d.attach() as c:
            c.send(['', 'reg1', 'service', c.port_name('s')])
            self.assertEqual(c.recv(), ['', 'mon1', c.port_name('s')])
            port = node.port()
            node.snd('x', 'wkp', 'service', port.id, 'wkp')
            self.assertEqual(port.wait(['wkp']), ['wkp', c.port_id(c.port_name('s'))])
            node.snd(c.port_id(c.port_name('s')), 'hello')
            self.assertEqual(c.recv(), [c.port_name('s'), 'hello'])


class Aempds(unittest.TestCase):
    """Two of them, with what each is configured to take and to prefer."""

    def test_framings(self):
        both, other = ['cbor', 'json'], ['json', 'cbor']
        for x_takes, y_takes, x_sends, y_sends in ((both, both, 'cbor', 'cbor'), (other, both, 'cbor', 'json'), (both, other, 'json', 'cbor'),
                                                   (['json'], both, 'json', 'json'), (['cbor'], other, 'cbor', 'cbor')):
            for tls in (False, True):
                cert = {'cert': shared()} if tls else {}
                with self.subTest(x=x_takes, y=y_takes, tls=tls), Aempd('x', settings={'framing_format': x_takes, **cert}) as x, \
                     Aempd('y', settings={'framing_format': y_takes, **cert}, seeds=x.binds) as y, x.attach() as c, y.attach() as e:
                    e.send(['', 'nodes1'])
                    self.assertEqual(e.recv(), ['', 'node', 'x', True])
                    state = e.nodes()['x']
                    self.assertEqual((state['framing'], state['framing_sent']), (x_sends, y_sends))
                    with program_with_echo(x, 'cbor'):
                        mine = e.port_name()
                        e.send(['x', 'AnyEvent::MP::_spawn', 'p', 'My::echo', e.port_id(mine), 'ä€'], ['', 'mon1', 'x#p'], ['x#p', 'echo', 1],
                               ['x#p', 'stop'])
                        self.assertEqual(e.recv_n(3), [[mine, 'ready', 'x#p', 'ä€'], [mine, 'echoed', 1], ['', 'kil0', 'x#p', 'stopped', 'bye']])
                    port = c.port_name()
                    e.mon(c.port_id(port))
                    self.assertEqual(c.recv(), ['', 'mon1', port])
                    c.close()
                    self.assertEqual(e.recv()[:4], ['', 'kil0', c.port_id(port), 'detached'])

    def test_nothing_in_common(self):
        with Aempd('x', settings={'framing_format': ['json']}) as x, \
             Aempd('y', settings={'framing_format': ['cbor']}, seeds=x.binds) as y, x.attach() as c:
            x.wait_log('warning: .*y at .*framing.*cbor.*json')
            y.wait_log(f'{x.binds[0]}.*(framing|closed|end-of-file)')
            self.assertEqual(c.nodes(), {})


if __name__ == '__main__':
    aemp.main()
