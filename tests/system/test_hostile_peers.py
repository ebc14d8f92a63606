# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nodes that do not read, stop, or go away in the middle of something."""

import contextlib
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.harness import Aempd, sanitized
from aemp.peer import ANY, Closed, Peer
from hostile_case import MIB, Case, lines, resident, warnings


class Peers(Case):
    def test_one_that_does_not_read(self):
        """Its queue grows up to peer_hard, then it is cut and the monitors fire."""
        settings = {'max_message': MIB, 'peer_high': MIB, 'peer_hard': 4 * MIB}
        with self.watched(settings=settings) as d, d.attach() as c, d.attach() as other:
            stuck = Peer('stuck')
            stuck.adopt(socket.socket())
            stuck.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            stuck.sock.connect((d.host, d.port))
            with stuck, d.peer('feeder') as feeder:
                stuck.handshake()
                c.mon('stuck#p', 'stuck')
                c.sync()
                other.send(['stuck#p', 'hello'])
                other.sync()
                before = resident(d)
                most = before
                for i in range(200):
                    feeder.send(['', 'snd', 'stuck#p', i, 'x' * 100000])
                    feeder.sync()
                    most = max(most, resident(d))
                    if lines(d, 'too slow'):
                        break
                self.one_warning(d, f'stuck at {stuck.address}', 'does not read')
                reason = ['transport_error', 'stuck', ANY]
                self.assertEqual(sorted(c.recv_n(2)), [['', 'kil0', 'stuck', *reason], ['', 'kil0', 'stuck#p', *reason]])
                self.assertEqual(c.recv(), ['', 'down', 'stuck', *reason])
                self.assertEqual(other.recv(), ['', 'down', 'stuck', *reason])
                if not sanitized():
                    self.assertLess(most - before, 16 * MIB)

                stuck.recv()                                       # what it gets has no hole
                stuck.recv_until(['p', 'hello'])
                got = []
                with contextlib.suppress(Closed):
                    while True:
                        got.append(stuck.recv()[1])
                self.assertEqual(got, list(range(len(got))))

    def test_what_it_sent_before_it_was_cut(self):
        """It is cut while much of what it said waits to be read: of that there is no hole, and then the monitors fire."""
        n = 3000
        settings = {'max_message': MIB, 'peer_high': MIB, 'peer_hard': MIB, 'client_high': 64 * MIB}
        with self.watched(settings=settings) as d, d.attach(framings=('cbor',)) as c:
            with d.peer('stuck') as stuck, d.peer('feeder') as feeder:
                port = c.port_name()
                c.mon('stuck#p')
                self.assertEqual(c.sync(), [])
                while c.nodes()['stuck']['queued'] == 0:       # its kernel and ours take no more
                    feeder.send(*(['', 'snd', 'stuck#p', 'x' * 50000] for _ in range(10)))
                    feeder.sync()
                with self.paused(d):
                    stuck.send(*([port, i, 'x' * 100] for i in range(n)))
                    feeder.send(*(['', 'snd', 'stuck#p', 'x' * 50000] for _ in range(40)))
                seen = []
                while (m := c.recv())[0] == port:
                    seen.append(m[1])
                self.assertEqual(seen, list(range(len(seen))))
                self.assertEqual(m[:4], ['', 'kil0', 'stuck#p', 'transport_error'])
                self.one_warning(d, f'stuck at {stuck.address}', 'does not read')

    @contextlib.contextmanager
    def paused(self, d):
        """What is sent meanwhile is there all at once."""
        d.pause()
        try:
            yield
        finally:
            d.resume()

    def test_one_that_does_not_read_pauses_clients(self):
        """Clients that feed it are not read from; nothing is lost, and others do not notice."""
        settings = {'max_message': MIB, 'peer_high': MIB, 'peer_hard': 64 * MIB}
        with self.watched(settings=settings) as d, d.attach(framings=('cbor',)) as c, d.peer('lazy') as p:
            c.mon('lazy#p')
            sent, rest = self.fill(d, c, lambda i: ['lazy#p', i, 'x' * 100000])
            self.assertGreater(sent, 10)
            self.assertEqual(p.recv(), ['', 'mon1', 'p'])
            for i in range(sent):
                self.assertEqual(p.recv()[:2], ['p', i])
            c.send_raw(rest)
            self.assertEqual(p.recv()[:2], ['p', sent])
            self.assertEqual(c.sync(), [])
            self.assertEqual(warnings(d), [])

    def test_one_that_never_reads_again(self):
        """Its kernel says that there is no room, for longer than monitor_timeout."""
        settings = {'monitor_timeout': 3, 'heartbeat_interval': 0.5, 'peer_high': MIB, 'max_message': MIB}
        with self.watched(settings=settings) as d, d.attach(framings=('cbor',)) as c, d.peer('stuck') as p:
            c.mon('stuck#p')
            p.recv()
            rest = self.feed(c, lambda i: ['stuck#p', 'x' * 100000])
            self.assertEqual(c.recv()[:5], ['', 'kil0', 'stuck#p', 'transport_error', 'stuck'])
            d.wait_log('node is down: stuck')
            c.send_raw(rest)
            self.assertEqual([m[:3] for m in c.sync()], [['', 'down', 'stuck']])  # it is read from again

    def test_half_close_comes_after_its_input(self):
        with self.watched() as d, d.attach() as c:
            port = c.port_name()
            for n in (1, 1000):
                with d.peer('peer') as p:
                    c.mon('peer#p')
                    c.sync()
                    p.send(*([port, i, 'x' * 500] for i in range(n)), ['', 'kil0', 'p', 'last words'])
                    p.half_close()
                    self.assertEqual([m[1] for m in c.recv_n(n)], list(range(n)))
                    self.assertEqual(c.recv(), ['', 'kil0', 'peer#p', 'last words'])
                    self.assertEqual(c.recv(), ['', 'down', 'peer', 'transport_error', 'peer', 'Unexpected end-of-file'])
                    p.wait_closed()
                    c.answer_down('peer')

    def test_half_close_of_a_client_comes_after_its_input(self):
        with self.watched() as d, d.attach() as c, d.attach() as other, d.peer('peer') as p:
            port = other.port_name()
            other.mon(c.port_id(c.port_name('p')))
            other.sync()
            c.send(*([target, i, 'x' * 500] for i in range(1000) for target in (other.port_id(port), 'peer#p')))
            c.half_close()
            self.assertEqual([m[1] for m in other.recv_n(1000)], list(range(1000)))
            self.assertEqual([m[1] for m in p.recv_n(1000)], list(range(1000)))
            self.assertEqual(other.recv(), ['', 'kil0', c.port_id(c.port_name('p')), 'detached', 'test', os.getpid()])
            c.wait_closed()

    def test_reset(self):
        with self.watched() as d, d.attach() as c:
            with d.peer('peer') as p:
                c.mon('peer#p')
                c.sync()
                p.reset()
                self.assertEqual(c.recv(), ['', 'kil0', 'peer#p', 'transport_error', 'peer', 'Connection reset by peer'])
            self.assertEqual(len(lines(d, 'node is down: peer at')), 1)
            self.assertEqual(warnings(d), [])

    def test_killed_while_it_sends(self):
        """What comes of an aempd's last messages has no hole, and then the monitor fires."""
        def send(sender, to):
            with contextlib.suppress(Closed):
                for i in range(100000):
                    sender.send([to, i, 'x' * 50000])

        for enough in (1, 10, 20, 40, 80):
            with self.watched() as x, Aempd('y', seeds=x.binds) as y, x.attach() as c:
                port = c.port_name()
                with y.attach(framings=('cbor',)) as sender:
                    sender.send(['', 'nodes1'])
                    self.assertEqual(sender.recv(), ['', 'node', 'x', True])
                    c.mon(sender.port_id(sender.port_name('p')))
                    self.assertEqual(sender.recv()[:2], ['', 'mon1'])
                    thread = threading.Thread(target=send, args=(sender, c.port_id(port)))
                    thread.start()
                    seen = [m[1] for m in c.recv_n(enough)]
                    y.kill9()
                    thread.join()
                    while (m := c.recv())[0] == port:
                        seen.append(m[1])
                    self.assertEqual(seen, list(range(len(seen))))
                    self.assertEqual(m[:5], ['', 'kil0', sender.port_id(sender.port_name('p')), 'transport_error', 'y'])
                    self.assertEqual(c.recv()[:3], ['', 'down', 'y'])
                    self.assertEqual(warnings(x), [])


class Stopped(Case):
    """An aempd under SIGSTOP: its kernel goes on for it."""

    def test_for_a_while(self):
        with self.watched() as x, Aempd('y', seeds=x.binds) as y, x.attach() as c, y.attach() as e:
            e.send(['', 'nodes1'])
            e.recv()
            port = e.port_name()
            c.mon(e.port_id(port))
            self.assertEqual(e.recv(), ['', 'mon1', port])
            y.pause()
            for i in range(5000):
                c.send([e.port_id(port), i, 'x' * 100])
            self.assertEqual(c.sync(), [])
            x.bystanders.wait_rounds(20)
            y.resume()
            self.assertEqual([m[1] for m in e.recv_n(5000)], list(range(5000)))
            self.assertEqual(c.sync() + e.sync(), [])

    def test_for_too_long(self):
        """With much under way for it: cut within monitor_timeout. When it goes on it comes back, and what is sent from then on arrives."""
        settings = {'monitor_timeout': 3, 'heartbeat_interval': 0.5, 'peer_high': MIB, 'max_message': MIB}
        with self.watched(settings=settings) as x, Aempd('y', seeds=x.binds, settings=settings) as y:
            with x.attach(framings=('cbor',)) as c, y.attach() as e:
                e.send(['', 'nodes1'])
                self.assertEqual(e.recv(), ['', 'node', 'x', True])
                port = e.port_name()
                c.mon(e.port_id(port))
                self.assertEqual(e.recv(), ['', 'mon1', port])
                y.pause()
                rest = self.feed(c, lambda i: [e.port_id(port), i, 'x' * 100000])
                self.assertEqual(c.recv()[:5], ['', 'kil0', e.port_id(port), 'transport_error', 'y'])
                self.assertEqual(c.recv()[:3], ['', 'down', 'y'])
                y.resume()
                seen = []
                while (m := e.recv())[:4] != ['', 'node', 'x', False]:
                    if m[0] == port:
                        seen.append(m[1])
                self.assertEqual(seen, list(range(len(seen))))
                self.assertEqual(e.recv_until(['', 'node', 'x']), ['', 'node', 'x', True])
                c.send_raw(rest)  # of a message that was begun; it comes before the answer, so it is dropped
                c.answer_down('y')
                c.send([e.port_id(port), 'again'])
                self.assertEqual(e.recv_until([port]), [port, 'again'])


if __name__ == '__main__':
    aemp.main()
