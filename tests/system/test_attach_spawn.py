# SPDX-License-Identifier: LGPL-2.1-or-later
"""The attach protocol (docs/attach.md): functions, spawned ports, well-known names, where messages come from; on two aempds."""

import contextlib
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.harness import Aempd
from aemp.peer import ANY


FRAMINGS = ('cbor', 'json')
SPAWN = 'AnyEvent::MP::_spawn'
FUNCTION = 'My::Chat::connect'


@contextlib.contextmanager
def pair(framing='json', keys=None):
    """A server on x that has the function, and a caller on y, which is up."""
    with Aempd('x') as x, Aempd('y', seeds=x.binds) as y, x.attach('server', framings=(framing,), keys=keys or {}) as server, \
            y.attach('caller', framings=(framing,)) as caller:
        caller.send(['', 'nodes1'])
        caller.recv_until(['', 'node', 'x', True])
        server.send(['', 'func1', FUNCTION])
        server.sync()
        yield x, y, server, caller


class Spawn(unittest.TestCase):
    def test_call(self):
        for framing in FRAMINGS:
            with self.subTest(framing), pair(framing) as (x, y, server, caller):
                port = caller.port_name()
                caller.send(['x', FUNCTION, caller.port_id(port), {'k': [1, None, 'ä']}])
                self.assertEqual(server.recv(), ['', FUNCTION, caller.port_id(port), {'k': [1, None, 'ä']}])
                server.send([caller.port_id(port), 'welcome'])
                self.assertEqual(caller.recv(), [port, 'welcome'])
                for name, answer in ((FUNCTION, '1'), ('My::Chat::nosuch', '')):
                    caller.send(['x', 'can', name, caller.port_id(port)])
                    self.assertEqual(caller.recv(), [port, answer])
                caller.send(['x', 'My::Chat::nosuch'])
                server.wait_state(server.status, lambda s: s['counters']['unknown_requests'] == 1)
                self.assertEqual(caller.sync() + server.sync(), [])

    def test_life_of_a_spawned_port(self):
        for framing in FRAMINGS:
            with self.subTest(framing), pair(framing) as (x, y, server, caller):
                name = caller.port_name('spawned')
                caller.send(['x', SPAWN, name, FUNCTION, 1, [2]], [f'x#{name}', 'hello'], ['', 'mon1', f'x#{name}'], [f'x#{name}', 'there'])
                self.assertEqual(server.recv_n(3), [['', SPAWN, name, FUNCTION, 1, [2]], [name, 'hello'], [name, 'there']])
                self.assertEqual(server.clients()['server']['spawned'], 1)
                caller.send(['', 'kil1', f'x#{name}', 'enough'])
                self.assertEqual(server.recv(), ['', 'kil1', name, 'enough'])
                port = caller.port_name()
                server.send([caller.port_id(port), 'last'], ['', 'kil0', name, 'enough'])
                self.assertEqual(caller.recv_n(2), [[port, 'last'], ['', 'kil0', f'x#{name}', 'enough']])
                self.assertEqual(server.clients()['server']['spawned'], 0)

    def test_thousands(self):
        """Each spawned, used and watched without waiting for anything; half of them fail."""
        n = 3000
        with pair('cbor') as (x, y, server, caller):
            for i in range(n):
                name = caller.port_name(f's{i}')
                caller.send(['x', SPAWN, name, FUNCTION, i], [f'x#{name}', i], ['', 'mon1', f'x#{name}'])
            for i in range(n):
                name = caller.port_name(f's{i}')
                self.assertEqual(server.recv_n(2), [['', SPAWN, name, FUNCTION, i], [name, i]])
                if i % 2:
                    server.send(['', 'kil0', name, 'die', f'no {i}'])
            caller_told = [caller.recv() for _ in range(n // 2)]
            self.assertEqual(caller_told, [['', 'kil0', f'x#{caller.port_name(f"s{i}")}', 'die', f'no {i}'] for i in range(1, n, 2)])
            server.close()
            caller_told = [caller.recv() for _ in range(n // 2)]
            self.assertEqual(sorted(m[2] for m in caller_told), sorted(f'x#{caller.port_name(f"s{i}")}' for i in range(0, n, 2)))
            self.assertEqual({m[3] for m in caller_told}, {'detached'})

    def test_what_goes_wrong(self):
        with pair() as (x, y, server, caller), x.attach('local') as local:
            nobody = ['x', SPAWN, 'p1', 'No::such'], 'p1'
            caller.send(['x', SPAWN, 'p2', FUNCTION])
            server.recv_until(['', SPAWN, 'p2', FUNCTION])
            local.mon('x#p2')
            taken = ['x', SPAWN, 'p2', FUNCTION], 'p2'
            prefix = ['x', SPAWN, server.port_name('q'), FUNCTION], server.port_name('q')
            for request, name in (nobody, taken, prefix):
                with self.subTest(name=name):
                    caller.send(request, ['', 'mon1', f'x#{name}'])
                    self.assertEqual(caller.recv(), ['', 'kil0', f'x#{name}', 'die', ANY])
            self.assertEqual(server.sync() + local.sync() + caller.sync(), [])

            for request, code in ((['', SPAWN, 'p3', 'No::such', 1], 'unknown'), (['', SPAWN, 'p2', FUNCTION], 'denied'),
                                  (['', SPAWN, 'a#b', FUNCTION], 'invalid'), (['', SPAWN, 'p4'], 'invalid')):
                with self.subTest(request=request):
                    local.send(request)
                    local.recv_until(['', 'refused', SPAWN, code, ANY, *request[2:]])
            local.mon('x#p3')
            self.assertEqual(local.recv(), ['', 'kil0', 'x#p3', 'die', ANY])
            self.assertEqual(server.sync(), [])

    def test_who_asked_is_gone(self):
        with pair() as (x, y, server, caller), x.attach('local') as local:
            caller.send(['x', SPAWN, 'p1', FUNCTION])
            self.assertEqual(server.recv(), ['', SPAWN, 'p1', FUNCTION])
            local.mon('x#p1')
            local.send(['', 'nodes1'])
            local.recv_until(['', 'node', 'y', True])
            y.kill9()
            local.recv_until(['', 'node', 'y', False])
            local.send(['x#p1', 'still there'])
            self.assertEqual(server.recv(), ['p1', 'still there'])
            self.assertEqual(local.sync(), [])
            server.send(['', 'kil0', 'p1'])
            self.assertEqual(local.recv(), ['', 'kil0', 'x#p1'])

    def test_the_node_is_gone(self):
        with pair() as (x, y, server, caller):
            caller.send(['x', SPAWN, 'p1', FUNCTION], ['', 'mon1', 'x#p1'])
            self.assertEqual(server.recv(), ['', SPAWN, 'p1', FUNCTION])
            x.kill9()
            caller.recv_until(['', 'kil0', 'x#p1', 'transport_error', 'x'])

    def test_line_of_functions(self):
        """The next one has it when the first one detaches; its spawned ports die with it."""
        with pair() as (x, y, server, caller), x.attach('second') as second:
            second.send(['', 'func1', FUNCTION], ['', 'func1', 'My::'])
            self.assertEqual(second.sync(), [])
            caller.send(['x', SPAWN, 'p1', FUNCTION], ['', 'mon1', 'x#p1'], ['x', 'My::other'])
            self.assertEqual(server.recv(), ['', SPAWN, 'p1', FUNCTION])
            self.assertEqual(second.recv(), ['', 'My::other'])
            self.assertEqual(second.status()['functions'][FUNCTION], f'server[{os.getpid()}]')
            self.assertEqual(server.bye(), [])
            self.assertEqual(caller.recv_until(['', 'kil0']), ['', 'kil0', 'x#p1'])
            caller.send(['x', SPAWN, 'p2', FUNCTION])
            self.assertEqual(second.recv(), ['', SPAWN, 'p2', FUNCTION])

    def test_well_known_names(self):
        with pair() as (x, y, server, caller):
            port, reply = server.port_name('log'), caller.port_name()
            server.send(['', 'reg1', 'log', port])
            self.assertEqual(server.sync(), [['', 'mon1', port]])
            caller.send(['x', 'wkp', 'log', caller.port_id(reply)])
            self.assertEqual(caller.recv(), [reply, server.port_id(port)])
            self.assertEqual(server.status()['names'], {'log': server.port_id(port)})
            server.send(['', 'kil0', port])
            self.assertEqual(server.sync(), [])
            caller.send(['x', 'wkp', 'log', caller.port_id(reply)])
            self.assertEqual(caller.recv(), [reply, None])
            with x.attach('other') as other:
                server.send(['', 'reg1', 'log', port := server.port_name()])
                self.assertEqual(server.sync(), [['', 'mon1', port]])
                other.send(['', 'reg1', 'log', other.port_name('x')])       # the same user
                other.sync()
                self.assertEqual(server.sync(), [['', 'mon0', port]])
            server.wait_state(server.status, lambda s: s['names'] == {})

    def test_where_from(self):
        with pair(keys={'src': '1'}) as (x, y, server, caller), x.attach('local') as local:
            port = server.port_name('p')
            local.send([server.port_id(port), 1])
            self.assertEqual(server.recv(), [port, 1])
            caller.send(['x', FUNCTION], ['x', SPAWN, 'p1', FUNCTION], ['x#p1', 2], [server.port_id(port), 3])
            self.assertEqual(server.recv_n(5), [['', 'src', 'y'], ['', FUNCTION], ['', SPAWN, 'p1', FUNCTION], ['p1', 2], [port, 3]])
            local.send(['x#p1', 4])
            self.assertEqual(server.recv_n(2), [['', 'src', 'x'], ['p1', 4]])


if __name__ == '__main__':
    aemp.main()
