# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions and well-known names, between nodes: what is right, and what hostile peers and clients try."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.node import Node
from aemp.peer import ANY
from hostile_case import Case

SPAWN = 'AnyEvent::MP::_spawn'
NOBODY = 65534


class Functions(Case):
    def client(self, d, name='owner'):
        c = d.attach(name)
        self.addCleanup(c.close)
        return c

    def test_the_first_has_it(self):
        """The others wait in line, also when who has it is killed."""
        with self.watched() as d, d.peer('peer') as p:
            first, second, third = (self.client(d, name) for name in ('first', 'second', 'third'))
            for c in (first, second, third):
                c.send(['', 'func1', 'My::f'])
                self.assertEqual(c.sync(), [])

            def who(n):
                p.send(['', 'My::f', n])
                p.sync()
                return [c.program for c in (first, second, third) if c.sock.fileno() >= 0 and c.sync() == [['', 'My::f', n]]]
            self.assertEqual(who(1), ['first'])
            second.send(['', 'func0', 'My::f'])
            second.sync()
            first.close()
            third.wait_state(third.status, lambda s: s['functions'].get('My::f', '').startswith('third'))
            self.assertEqual(who(2), ['third'])
            second.send(['', 'func1', 'My::f'])
            second.sync()
            third.send(['', 'func0', 'My::f'])
            third.sync()
            self.assertEqual(who(3), ['second'])

    def test_the_longest_counts(self):
        with self.watched() as d, d.peer('peer') as p:
            all_of_it, one, deep = self.client(d), self.client(d), self.client(d)
            for c, f in ((all_of_it, 'My::'), (one, 'My::f'), (deep, 'My::Deep::')):
                c.send(['', 'func1', f])
                self.assertEqual(c.sync(), [])
            p.send(['', 'My::f', 1], ['', 'My::fx', 2], ['', 'My::Deep::f', 3], ['', 'My::Deep', 4], ['', 'My', 5], ['', 'Other::f', 6])
            self.assertEqual(p.sync(), [])
            self.assertEqual([c.sync() for c in (all_of_it, one, deep)],
                             [[['', 'My::fx', 2], ['', 'My::Deep', 4]], [['', 'My::f', 1]], [['', 'My::Deep::f', 3]]])

    def test_names_that_are_none(self):
        with self.watched() as d, d.attach() as c:
            for name, code in (('f', 'invalid'), ('', 'invalid'), (None, 'invalid'), ('My::ä', 'invalid'), ('My::\x01', 'invalid'),
                               ('My::' + 'f' * 252, 'invalid'), (['My::f'], 'invalid'), (SPAWN, 'denied'), ('AnyEvent::MP::', 'denied'),
                               ('AnyEvent::MP::x', 'denied'), ('aempd::status', 'denied'), ('aempd::', 'denied')):
                with self.subTest(name):
                    c.send(['', 'func1', name])
                    self.assertEqual(c.recv()[:4], ['', 'refused', 'func1', code])
            c.send(['', 'func1', 'My::' + 'f' * 251], ['', 'func0', 'never::had'])
            self.assertEqual(c.sync(), [])

    def test_a_peer_can_not_register(self):
        with self.watched() as d, d.peer('peer') as p, d.attach() as c:
            p.send(['', 'func1', 'My::f'], ['', 'reg1', 'name', 'p'], ['', 'func0', 'My::f'], ['', 'reg0', 'name'])
            self.assertEqual(p.sync(), [])
            status = c.status()
            self.assertEqual((status['functions'], status['names']), ({}, {}))

    def test_can(self):
        """It says of a function whether somebody has it, or nothing; of ours it says the truth."""
        with self.watched() as d, d.peer('peer') as p:
            for tag in (SPAWN, 'wkp', 'time'):
                p.send(['', 'can', tag, 'peer#p'])
                self.assertEqual(p.recv(), ['p', '1'])
            p.send(['', 'can', 'No::such', 'peer#p'])
            self.assertEqual(p.recv(), ['p', ''])

    def test_calls_in_both_directions(self):
        with self.watched() as d, Node('ref') as ref:
            ref.functions['Their::f'] = lambda node, name, reply, *args: node.snd(reply, 'result', *args)
            ref.connect(d.binds[0])
            ref.wait_up('x')
            c = self.client(d)
            c.send(['', 'func1', 'Our::f'], ['ref', 'Their::f', c.port_id(c.port_name('p')), 1, 'ä'])
            self.assertEqual(c.recv(), [c.port_name('p'), 'result', 1, 'ä'])
            port = ref.port()
            ref.snd('x', 'Our::f', port.id, 2, '€')
            self.assertEqual(c.recv(), ['', 'Our::f', port.id, 2, '€'])

    def test_by_way_of_a_node(self):
        """snd to a node port is as if that node had said it; a reply may be a call."""
        with self.watched() as d, d.peer('peer') as p:
            c = self.client(d)
            c.send(['', 'func1', 'My::f'])
            c.sync()
            p.send(['', 'snd', 'x', 'My::f', 1], ['', 'time', 'x', 'My::f', 2], ['', 'snd', 'x', 'snd', 'x', SPAWN, 'n', 'My::f', 3])
            p.sync()
            self.assertEqual(c.sync(), [['', 'My::f', 1], ['', 'My::f', 2, ANY], ['', SPAWN, 'n', 'My::f', 3]])
            p.send(['', 'snd', 'peer', 'Their::f', 4], ['', 'can', 'time', 'peer', 'Their::f'])
            self.assertEqual(p.recv_n(2), [['', 'Their::f', 4], ['', 'Their::f', '1']])

    def test_where_it_comes_from(self):
        with self.watched() as d, d.peer('one') as p, d.peer('two') as q, d.attach(keys={'src': '1'}) as c, d.attach() as e:
            port = c.port_name()
            c.send(['', 'func1', 'My::f'])
            c.sync()
            e.send([c.port_id(port), 1])
            self.assertEqual(c.recv(), [port, 1])
            p.send([port, 2], [port, 3], ['', 'My::f', 4], ['', SPAWN, 'n', 'My::f', 5])
            self.assertEqual(c.recv_n(5), [['', 'src', 'one'], [port, 2], [port, 3], ['', 'My::f', 4], ['', SPAWN, 'n', 'My::f', 5]])
            q.send([port, 6])
            self.assertEqual(c.recv_n(2), [['', 'src', 'two'], [port, 6]])
            e.send([c.port_id(port), 7])
            self.assertEqual(c.recv_n(2), [['', 'src', 'x'], [port, 7]])


class Names(Case):
    def test_two_clients(self):
        """The second one of the same uid takes it over; the first one's port goes on living."""
        with self.watched() as d, d.peer('peer') as p, d.attach('first') as first, d.attach('second') as second:
            one, two = first.port_name(), second.port_name()
            first.send(['', 'reg1', 'service', one])
            self.assertEqual(first.recv(), ['', 'mon1', one])
            self.asks(p, first.port_id(one))
            second.send(['', 'reg1', 'service', two])
            self.assertEqual(second.recv(), ['', 'mon1', two])
            self.asks(p, second.port_id(two))
            self.assertEqual(first.recv(), ['', 'mon0', one])  # nobody watches that one now
            p.send([one, 'hello'])
            self.assertEqual(first.recv(), [one, 'hello'])
            first.close()
            self.asks(p, second.port_id(two))
            second.send(['', 'kil0', two])
            self.assertEqual(second.sync(), [])
            self.asks(p, None)

    def asks(self, p, answer):
        p.send(['', 'wkp', 'service', 'peer#p'])
        self.assertEqual(p.recv(), ['p', answer])

    def test_the_end_of_its_program(self):
        with self.watched() as d, d.peer('peer') as p:
            with d.attach() as c:
                c.send(['', 'reg1', 'service', c.port_name()])
                c.recv()
                self.asks(p, c.port_id(c.port_name('1')))
            with d.attach() as c:
                c.wait_state(c.status, lambda s: s['names'] == {})
            self.asks(p, None)

    def test_one_name_a_port(self):
        with self.watched() as d, d.peer('peer') as p, d.attach() as c:
            port = c.port_name()
            c.send(['', 'reg1', 'service', port], ['', 'reg1', 'other', port])
            c.recv_until(['', 'mon1'])
            self.assertEqual(c.status()['names'], {'other': c.port_id(port)})
            self.asks(p, None)
            c.send(['', 'reg0', 'other'], ['', 'reg0', 'other'], ['', 'reg0', 'never'])
            c.sync()
            self.assertEqual(c.status()['names'], {})

    def test_what_is_refused(self):
        with self.watched() as d, d.attach() as c, d.attach() as other:
            for arguments in (['', c.port_name()], [None, c.port_name()], ['n' * 256, c.port_name()], ['a\nb', c.port_name()], ['name'], [],
                              ['name', 'nosuch'], ['name', other.port_name()], ['name', 'y#p'], ['name', ''], ['name', ['p']], ['name', 'x']):
                with self.subTest(arguments):
                    c.send(['', 'reg1', *arguments])
                    self.assertEqual(c.recv()[:3], ['', 'refused', 'reg1'])
            self.assertEqual(c.status()['names'], {})

    def open_to_all(self, d):
        os.chmod(d.dir, 0o711)

    def test_another_uid(self):
        """What one has, another one can't take; root can."""
        with self.watched(settings={'socket_mode': '0666'}) as d, d.peer('peer') as p:
            self.open_to_all(d)
            with d.attach('one', uid=NOBODY) as one, d.attach('two', uid=NOBODY - 1) as two, d.attach('root') as root:
                for c in (one, two, root):
                    c.service = c.port_name()
                one.send(['', 'reg1', 'service', one.service])
                self.assertEqual(one.recv(), ['', 'mon1', one.service])
                two.send(['', 'reg1', 'service', two.service], ['', 'reg0', 'service'])
                self.assertEqual(two.recv()[:4], ['', 'refused', 'reg1', 'denied'])
                self.assertEqual(two.sync(), [])
                self.asks(p, one.port_id(one.service))
                root.send(['', 'reg1', 'service', root.service])
                self.assertEqual(root.recv(), ['', 'mon1', root.service])
                self.asks(p, root.port_id(root.service))
                one.send(['', 'reg1', 'service', one.service])
                self.assertEqual(one.recv_until(['', 'refused'])[:4], ['', 'refused', 'reg1', 'denied'])

    def test_too_many(self):
        """A uid has so many names and functions, whatever number of clients it has; others have theirs."""
        with self.watched(settings={'max_names': 5, 'socket_mode': '0666'}) as d:
            self.open_to_all(d)
            with d.attach('one', uid=NOBODY) as one, d.attach('two', uid=NOBODY) as two, d.attach('other', uid=NOBODY - 1) as other:
                one.send(*(['', 'func1', f'My::f{i}'] for i in range(4)))
                self.assertEqual(one.sync(), [])
                two.send(['', 'reg1', 'name', two.port_name()], ['', 'reg1', 'more', two.port_name()], ['', 'func1', 'My::f9'])
                self.assertEqual([m[1:4] for m in two.sync()], [['mon1', two.port_name('1')], ['refused', 'reg1', 'limit'],
                                                                ['refused', 'func1', 'limit']])
                other.send(['', 'func1', 'My::f9'])
                self.assertEqual(other.sync(), [])
                one.send(['', 'func0', 'My::f0'])
                one.sync()
                two.send(['', 'func1', 'My::f9'])
                self.assertEqual(two.sync(), [])


if __name__ == '__main__':
    aemp.main()
