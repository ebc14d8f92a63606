# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ports that are spawned for other nodes: what is right, and what hostile peers and clients try."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.harness import Aempd, Program as Victim, sanitized
from aemp.peer import ANY
from hostile_case import MIB, Case, resident

SPAWN = 'AnyEvent::MP::_spawn'
NOBODY = 65534


class Spawn(Case):
    def owner(self, d, *functions, name='owner', **options):
        c = d.attach(name, **options)
        self.addCleanup(c.close)
        c.send(*(['', 'func1', f] for f in functions))
        self.assertEqual(c.sync(), [])
        return c

    def test_for_a_peer(self):
        """Its name is its caller's choice; there is nothing to wait for before it is spoken to."""
        with self.watched() as d, d.peer('peer') as p:
            c = self.owner(d, 'My::init')
            p.send(['', SPAWN, 'chosen', 'My::init', 'peer#p', 7], ['', 'mon1', 'chosen'], ['chosen', 'first'], ['chosen', 'second'])
            self.assertEqual(c.recv_n(3), [['', SPAWN, 'chosen', 'My::init', 'peer#p', 7], ['chosen', 'first'], ['chosen', 'second']])
            c.send(['peer#p', 'answer'])
            self.assertEqual(p.recv(), ['p', 'answer'])
            self.assertEqual(c.clients()['owner']['spawned'], 1)
            c.send(['', 'kil0', 'chosen', 'why', 'because'])
            self.assertEqual(p.recv(), ['', 'kil0', 'chosen', 'why', 'because'])
            self.assertEqual(c.clients()['owner']['spawned'], 0)
            p.send(['chosen', 'to the dead'], ['', 'mon1', 'chosen'], ['', 'kil1', 'chosen', 'x'])
            self.assertEqual(p.sync(), [['', 'kil0', 'chosen', 'no_such_port', ANY, 'x#chosen']])
            self.assertEqual(c.sync(), [])

    def test_everybody_may_watch_and_kill_it(self):
        with self.watched() as d, d.peer('peer') as p, d.peer('other') as q, d.attach() as e:
            c = self.owner(d, 'My::init')
            p.send(['', SPAWN, 'chosen', 'My::init'])
            self.assertEqual(c.recv(), ['', SPAWN, 'chosen', 'My::init'])
            q.send(['', 'mon1', 'chosen'])
            self.assertEqual(q.sync(), [])
            e.mon('x#chosen')
            self.assertEqual(e.sync() + c.sync(), [])         # it is watched already
            e.send(['x#chosen', 'last'], ['', 'kil1', 'x#chosen', 'enough', 1])
            self.assertEqual(c.recv_n(2), [['chosen', 'last'], ['', 'kil1', 'chosen', 'enough', 1]])
            c.send(['', 'kil0', 'chosen', 'enough', 1])
            self.assertEqual(q.recv(), ['', 'kil0', 'chosen', 'enough', 1])
            self.assertEqual(e.recv(), ['', 'kil0', 'x#chosen', 'enough', 1])
            self.assertEqual(p.sync(), [])                    # did not watch it

    def test_taken_names(self):
        """One that lives, one that lived, one under the prefix of a client or of this aempd: no new port, and the caller is told."""
        with self.watched() as d, d.peer('peer') as p, d.attach('victim') as victim:
            c = self.owner(d, 'My::init')
            p.send(['', SPAWN, 'taken', 'My::init', 1], ['', 'mon1', 'taken'])
            self.assertEqual(c.recv(), ['', SPAWN, 'taken', 'My::init', 1])
            random_word = victim.prefix.split('.')[0]
            for name in (victim.port_name('mine'), victim.prefix, f'{random_word}.999.x', f'{random_word}.x', c.port_name('own')):
                with self.subTest(name):
                    p.send(['', SPAWN, name, 'My::init', 2], ['', 'mon1', name])
                    fired = p.recv()
                    if fired[3:4] == ['no_such_port']:        # allowed for what can't be a port at all
                        self.fail(f'the monitor says {fired!r}')
                    self.assertEqual(fired, ['', 'kil0', name, 'die', ANY])
                    self.assertEqual(c.sync() + victim.sync(), [])
            with d.peer('other') as q:
                q.send(['', SPAWN, 'taken', 'My::init', 3], ['', 'mon1', 'taken'])
                self.assertEqual(q.recv(), ['', 'kil0', 'taken', 'die', ANY])
                self.assertEqual(p.sync() + c.sync(), [])     # the one that was there does not notice
                p.send(['taken', 'still there'])
                self.assertEqual(c.recv(), ['taken', 'still there'])
            with d.attach() as e:                             # nor can a client have it
                for name in ('taken', victim.port_name('mine'), e.port_name('own')):
                    with self.subTest(name, client=True):
                        e.send(['', SPAWN, name, 'My::init', 4], ['', 'mon1', f'x#{name}'], ['', 'mon0', f'x#{name}'])
                        self.assertEqual([m for m in e.sync() if m[1] != 'refused'], [['', 'kil0', f'x#{name}', 'die', ANY]])
                        self.assertEqual(p.sync() + c.sync() + victim.sync(), [])
            c.send(['', 'kil0', 'taken'])
            self.assertEqual(p.recv(), ['', 'kil0', 'taken'])

    def test_taken_names_are_their_askers_affair(self):
        """Who asks for a name that another one's port has is told. Who watches that port for good reason is not."""
        with self.watched() as d, d.peer('peer') as p, d.peer('bad') as q, d.peer('good') as r, d.attach('victim') as victim, \
             d.attach('watcher') as e:
            c = self.owner(d, 'My::init')
            p.send(['', SPAWN, 'taken', 'My::init', 1])
            p.sync()
            self.assertEqual(c.sync(), [['', SPAWN, 'taken', 'My::init', 1]])
            mine = victim.port_name('mine')
            q.send(['', SPAWN, 'taken', 'My::init', 2], ['', SPAWN, mine, 'My::init', 2])
            self.assertEqual(q.sync(), [])
            r.send(['', 'mon1', 'taken'], ['', 'mon1', mine])
            self.assertEqual(r.sync(), [])
            e.mon('x#taken', f'x#{mine}')
            self.assertEqual(e.sync(), [])
            self.assertEqual(victim.sync(), [['', 'mon1', mine]])
            self.assertEqual(p.sync() + c.sync(), [])

    def test_names_that_are_none(self):
        """Empty, too long, with what no port name has: nothing is made, nobody's node port dies."""
        with self.watched() as d, d.peer('peer') as p:
            c = self.owner(d, 'My::init')
            for name in ('', None, 'n' * 256, 'a#b', 'a\x01', 'ä', ['x'], {}):
                with self.subTest(name):
                    p.send(['', SPAWN, name, 'My::init', 1])
                    p.sync()
                    self.assertEqual(c.sync(), [])
            for arguments in ([], ['n'], ['n', None], ['n', ''], ['n', ['My::init']]):
                with self.subTest(arguments):
                    p.send(['', SPAWN, *arguments])
                    p.sync()
                    self.assertEqual(c.sync(), [])
            p.send(['', SPAWN, 'n' * 255, 'My::init'])
            self.assertEqual(c.recv(), ['', SPAWN, 'n' * 255, 'My::init'])
            p.send(['', SPAWN, 4711, 'My::init'], [4711, 1])  # Perl's strings may be numbers
            self.assertEqual([[str(v) for v in m] for m in c.recv_n(2)], [['', SPAWN, '4711', 'My::init'], ['4711', '1']])

    def test_nobody_has_the_function(self):
        with self.watched() as d, d.peer('peer') as p, d.attach() as e:
            p.send(['', SPAWN, 'n1', 'No::such'], ['', 'mon1', 'n1'], ['n1', 'hello'])
            self.assertEqual(p.recv(), ['', 'kil0', 'n1', 'die', ANY])
            e.send(['', SPAWN, 'n2', 'No::such'], ['', 'mon1', 'x#n2'])
            self.assertEqual(e.recv_until(['', 'kil0']), ['', 'kil0', 'x#n2', 'die', ANY])
            p.send(['', 'No::such', 1])
            self.assertEqual(p.sync(), [])
            e.send(['', 'No::such', 1])
            self.assertEqual(e.recv(), ['', 'refused', 'No::such', 'unknown', ANY, 1])

    def test_a_function_that_fails(self):
        """Before, while and after somebody watches it."""
        with self.watched() as d, d.peer('peer') as p:
            c = self.owner(d, 'My::init')
            p.send(['', SPAWN, 'n1', 'My::init'])
            self.assertEqual(c.recv()[:3], ['', SPAWN, 'n1'])
            c.send(['', 'kil0', 'n1', 'die', 'division by zero'])
            self.assertEqual(c.sync(), [])
            p.send(['', SPAWN, 'n2', 'My::init'], ['', 'mon1', 'n2'])
            self.assertEqual(c.recv()[:3], ['', SPAWN, 'n2'])
            c.send(['', 'kil0', 'n2', 'die', 'division by zero'])
            self.assertEqual(p.recv(), ['', 'kil0', 'n2', 'die', 'division by zero'])
            p.send(['', 'mon1', 'n1'])                        # it comes late, and hears of an end in any case
            self.assertEqual(p.recv()[:3], ['', 'kil0', 'n1'])

    def test_its_program_is_killed(self):
        with self.watched() as d, d.peer('peer') as p, d.attach() as e:
            with Victim(d, 'victim') as victim:
                victim.send(b'["","func1","My::init"]')
                e.wait_state(e.status, lambda s: 'My::init' in s['functions'])
                p.send(['', SPAWN, 'n1', 'My::init'], ['', 'mon1', 'n1'], ['', SPAWN, 'n2', 'My::init'])
                self.assertEqual(p.sync(), [])
                victim.kill9()
                self.assertEqual(p.recv(), ['', 'kil0', 'n1', 'detached', 'victim', victim.pid])
                p.send(['', 'mon1', 'n2'])
                self.assertEqual(p.recv()[:3], ['', 'kil0', 'n2'])
                e.wait_state(e.status, lambda s: 'My::init' not in s['functions'])

    def test_the_connection_of_who_asked_ends(self):
        """The port stays: it is the program's."""
        with self.watched() as d:
            c = self.owner(d, 'My::init')
            with d.peer('peer') as p:
                p.send(['', SPAWN, 'n1', 'My::init'], ['n1', 'hello'])
                self.assertEqual(c.recv_n(2)[1], ['n1', 'hello'])
            with d.peer('peer') as p:
                p.send(['n1', 'again'], ['', 'mon1', 'n1'])
                self.assertEqual(c.recv(), ['n1', 'again'])
                self.assertEqual(p.sync(), [])

    def test_too_many(self):
        """A peer may not fill the memory; who asks for too many is told, the others go on."""
        with self.watched(settings={'max_spawned': 10}) as d, d.peer('greedy') as p, d.peer('modest') as q:
            c = self.owner(d, 'My::init')
            for i in range(15):
                p.send(['', SPAWN, f'g{i}', 'My::init'], ['', 'mon1', f'g{i}'])
            self.assertEqual(p.sync(), [['', 'kil0', f'g{i}', 'die', ANY] for i in range(10, 15)])
            self.assertEqual([m[2] for m in c.sync()], [f'g{i}' for i in range(10)])
            c.send(['', 'kil0', 'g0'])
            self.assertEqual(p.recv(), ['', 'kil0', 'g0'])
            p.send(['', SPAWN, 'more', 'My::init'])
            self.assertEqual(c.recv()[2], 'more')
            q.send(['', SPAWN, 'q', 'My::init'], ['', 'mon1', 'q'])
            self.assertIn(q.sync(), ([], [['', 'kil0', 'q', 'die', ANY]]))   # the owner's uid has its limit, too

    def test_failures_are_not_remembered_for_ever(self):
        """A peer asks for ports that can't be made, each time with another long name, and never comes back to them."""
        with self.watched() as d, d.peer('peer') as p:
            c = self.owner(d, 'My::init')
            before = resident(d)
            for i in range(200):
                p.send(*(['', SPAWN, f'{i}-{k}-{"n" * 200}', 'No::such', 'x' * 500] for k in range(500)))
                p.sync()
            if not sanitized():
                self.assertLess(resident(d) - before, 16 * MIB)
            p.send(['', SPAWN, 'last', 'No::such'], ['', 'mon1', 'last'])
            self.assertEqual(p.recv(), ['', 'kil0', 'last', 'die', ANY])
            self.assertEqual(c.sync(), [])

    def test_clients_between_nodes(self):
        """A client on one aempd spawns on another, in all framings."""
        with Aempd('x') as x, Aempd('y', seeds=x.binds) as y:
            y.wait_log('node is up: x')
            for framing in ('cbor', 'json'):
                c = self.owner(x, f'My::{framing}', framings=(framing,))
                with y.attach(framings=(framing,)) as e:
                    mine, name = e.port_id(e.port_name()), f'spawned-{framing}'
                    e.send(['x', SPAWN, name, f'My::{framing}', mine, 'ä€'], ['', 'mon1', f'x#{name}'], [f'x#{name}', 1])
                    self.assertEqual(c.recv_n(2), [['', SPAWN, name, f'My::{framing}', mine, 'ä€'], [name, 1]])
                    c.send([mine, 'ready'], ['', 'kil0', name, 'done'])
                    self.assertEqual(e.recv_n(2), [[e.port_name('1'), 'ready'], ['', 'kil0', f'x#{name}', 'done']])

    def test_too_many_spawned_ports(self):
        with self.watched(settings={'max_spawned': 3, 'socket_mode': '0666'}) as d, d.attach('owner') as owner:
            os.chmod(d.dir, 0o711)
            owner.send(['', 'func1', 'My::init'])
            owner.sync()
            with d.attach('greedy', uid=NOBODY) as c, d.attach('modest', uid=NOBODY - 1) as other:
                for i in range(5):
                    c.send(['', SPAWN, f'g{i}', 'My::init'], ['', 'mon1', f'x#g{i}'])
                self.assertEqual([m for m in c.sync() if m[1] != 'refused'], [['', 'kil0', f'x#g{i}', 'die', ANY] for i in (3, 4)])
                other.send(['', SPAWN, 'other', 'My::init'], ['', 'mon1', 'x#other'])
                self.assertEqual(other.sync(), [])
                self.assertEqual(len(owner.sync()), 4)


if __name__ == '__main__':
    aemp.main()
