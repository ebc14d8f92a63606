# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempd and one other node: the node port."""

import json
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp import cbor
from aemp.cbor import Text
from aemp.harness import Aempd
from aemp.peer import ANY, Listener
from link_vectors import meaning, octets_of, vector


class NodePort(unittest.TestCase):
    """Section 5 of the protocol, from a peer."""

    def test_the_session_of_the_reference_as_the_seed(self):
        """The slave's part of session-cbor, word by word. Without a database and without Perl some answers differ."""
        session = vector('session-cbor')['messages']
        expected = [m['json'] for m in session if m['from'] == 'seed']
        have = ('g_found', 'timereply', 'canreply', 'relayed', 'types', 'kil0')
        with Aempd('seed') as d, d.peer('slave') as p:
            for m in session:
                if m['from'] == 'slave':
                    p.send_raw(octets_of(m))
            got = p.sync()
            self.assertEqual([m for m in got if m[1] == 'evalreply'], [['iwcPgmONfb', 'evalreply', ANY]] * 2)
            self.assertTrue(all(isinstance(m[2], str) and m[2] for m in got if m[1] == 'evalreply'))
            self.assertEqual([m for m in got if m[1] == 'g_found'], [['', 'g_found', 'seed', d.binds]])
            [when] = [m for m in got if m[1] == 'timereply']
            self.assertAlmostEqual(when[2], time.time(), delta=10)
            self.assertEqual([type(m[1]) for m in got if m[0] == 'iwcPgmONfg'], [float])

            def rest(messages, *tags):
                return [m for m in messages if len(m) > 2 and m[1] in tags]
            self.assertEqual(rest(got, 'canreply', 'relayed', 'types'), rest(expected, 'canreply', 'relayed', 'types'))
            kil0 = {m[2]: m for m in got if m[1] == 'kil0'}
            self.assertEqual(kil0['nosuchport'], next(m for m in expected if m[1] == 'kil0' and m[2] == 'nosuchport'))
            # nobody has these functions; of each port that was watched we are told so
            self.assertEqual(set(kil0), {'nosuchport', *(f'DOguHfAbEG{c}' for c in 'cdef')})
            for name, m in kil0.items():
                if name != 'nosuchport':
                    self.assertEqual(m[3:], ['die', ANY])
            self.assertEqual([m for m in got if len(m) > 2 and m[1] not in (*have, 'evalreply')], [])

    def test_the_session_of_the_reference_as_the_slave(self):
        """The same session, with the slave's port in a client of aempd: what it says arrives as in the capture, and so do the answers."""
        session = vector('session-cbor')['messages']
        with Listener() as listener, Aempd('slave', seeds=[listener.bind]) as d, d.attach(framings=('cbor',)) as c:
            seed = listener.accept(node_id='seed')
            self.addCleanup(seed.close)
            seed.handshake()
            seed.recv_until(['', 'g_slave'])
            port = c.port_name()

            def renamed(value):
                return json.loads(json.dumps(value).replace('iwcPgmONfb', port).replace('iwcPgmONfg', port + 'g'))
            sent = 0
            for m in session:
                message = renamed(m['json'])
                to, tag = message[0], message[1] if len(message) > 1 else None
                if m['from'] != 'slave' or str(tag).startswith('g_'):
                    continue
                if to == '' and tag in ('mon0', 'mon1', 'kil1'):
                    c.send(['', tag, f'seed#{message[2]}', *message[3:]])
                else:
                    c.send([f'seed#{to}', *message[1:]])
                c.sync()
                self.assertEqual(meaning(seed.recv()), meaning(message))
                sent += 1
            self.assertEqual(sent, 24)

            received = 0
            for m in session:
                message = renamed(m['json'])
                if m['from'] != 'seed' or str(message[1]).startswith('g_'):
                    continue
                seed.send_raw(cbor.encode(message))
                if message[:2] == ['', 'kil0']:
                    message[2] = f'seed#{message[2]}'
                self.assertEqual(meaning(c.recv()), meaning(message))
                received += 1
            self.assertEqual(received, 16)

    def test_requests(self):
        text = ANY
        cases = [
            ([''], []),
            (['', ''], []),
            (['', '', 1, [2]], []),
            (['', 'devnull'], []),
            (['', 'devnull', 1, {'a': 2}], []),
            (['', 'snd', 'peer#p'], [['p']]),
            (['', 'snd', 'peer#p', 1, 'x', None], [['p', 1, 'x', None]]),
            (['', 'snd', 'peer', 'tag', 1], [['', 'tag', 1]]),
            (['', 'snd', 'peer#', 'tag', 1], [['', 'tag', 1]]),
            (['', 'snd', 'peer', ''], []),                                   # a keepalive, which recv() leaves out
            (['', 'snd', 'peer#a#b', 1], [['a#b', 1]]),                      # split at the first #
            (['', 'snd', 'x', 'snd', 'peer#p', 1], [['p', 1]]),              # by way of itself
            (['', 'snd', '', 'snd', 'peer#p', 1], [['p', 1]]),
            (['', 'relay', 'peer#p', 1, 'x'], [['p', 1, 'x']]),
            (['', 'time', 'peer#p', 't', 1], [['p', 't', 1, lambda v: abs(v - time.time()) < 10]]),
            (['', 'time'], []),
            (['', 'eval', '1+1', 'peer#p', 'e'], [['p', 'e', text]]),
            (['', 'eval', '1+1'], []),
            (['', 'can', 'mon1'], []),
            (['', 'can', 'nosuch', 'peer#p'], [['p', '']]),
            (['', 'can', 'AnyEvent::MP::_spawn', 'peer#p'], [['p', '1']]),
            (['', 'can', 17, 'peer#p'], [['p', '']]),
            *((['', 'can', tag, 'peer#p', 'c'], [['p', 'c', '1']]) for tag in
              ('', 'devnull', 'snd', 'relay', 'time', 'can', 'eval', 'mon0', 'mon1', 'kil0', 'kil1')),
            (['', 'mon1', 'nosuch'], [['', 'kil0', 'nosuch', 'no_such_port', 'cannot monitor nonexistent port', 'x#nosuch']]),
            (['', 'mon1', 4711], [['', 'kil0', '4711', 'no_such_port', 'cannot monitor nonexistent port', 'x#4711']]),
            (['', 'mon1', 'ä€'], [['', 'kil0', 'ä€', 'no_such_port', 'cannot monitor nonexistent port', 'x#ä€']]),
            (['', 'mon1', ''], []),                                          # node ports die with the connection
            (['', 'mon1', None], []),
            (['', 'mon0', 'nosuch'], []),
            (['', 'mon0', None], []),
            (['', 'mon0'], []),
            (['', 'kil0', 'nosuch', 'why'], []),
            (['', 'kil1', 'nosuch', 'why', 'because'], []),
            (['', 'kil1', ''], []),
            (['', 'kil1'], []),
            (['nosuch', 1], []),
            ([], []),
        ]

        def fits(got, expected):
            return len(got) == len(expected) and all(
                len(g) == len(e) and all(y(x) if callable(y) else x == y for x, y in zip(g, e)) for g, e in zip(got, expected))

        def as_text(value):
            return Text(value) if isinstance(value, str) else value

        with Aempd('x') as d, d.peer('peer') as p:
            for request, expected in cases:
                forms = [request, [as_text(v) for v in request]]
                if request and request[0] == '':
                    forms += [[None, *request[1:]], [Text(''), *request[1:]]]
                if len(request) > 1 and request[1] == '':
                    forms += [['', None, *request[2:]]]
                for form in forms:
                    with self.subTest(request=form):
                        p.send(form)
                        got = p.sync()
                        self.assertTrue(fits(got, expected), f'{got!r}, expected {expected!r}')

    def test_requests_that_make_no_sense(self):
        """Each is counted, and has no other effect."""
        requests = [['', 'nosuch', 1], ['', 'no::such::func', 'peer#p'], ['', 5], ['', ['time'], 'peer#p'], ['', {}, 1],
                    ['', 'time', ['peer#p']], ['', 'time', {}], ['', 'time', ''], ['', 'snd'], ['', 'snd', None, 'time'],
                    ['', 'snd', [], 1], ['', 'snd', 'not a node', 1], ['', 'snd', '#p', 1], ['', 'snd', 'peer#\x01', 1],
                    ['', 'snd', 'n' * 256, 1], ['', 'snd', 'peer#' + 'p' * 256, 1], ['', 'can'], ['', 'eval'], ['', 'mon1'],
                    ['', 'mon1', [1]], ['', 'kil0'], ['', 'kil0', {}], ['', 'g_nosuch'], ['', 'snd', 'other', 'mon1', 'p'],
                    ['', 'snd', 'other', 'kil1', 'p'], ['', 'time', 'other', 'kil0', 'p'], ['', 'snd', 'other', 'g_slave', {}],
                    ['', 'down', 'x'], ['', 'bye'], ['', 'nodes1'], ['', 'aempd::status', 'peer#p'],
                    ['', *(['snd', 'x'] * 40), 'time', 'peer#p']]
        with Aempd('x') as d, d.attach() as c, d.peer('peer') as p, d.peer('other') as q:
            before = c.status()['counters']
            for request in requests:
                with self.subTest(request=request):
                    p.send(request)
                    self.assertEqual(p.sync(), [])
            self.assertEqual(q.sync(), [])
            self.assertEqual(set(c.nodes()), {'peer', 'other'})
            after = c.status()['counters']
            self.assertGreater(after['unknown_requests'] - before['unknown_requests'], len(requests) // 2)
            self.assertEqual(after['protocol_errors'], before['protocol_errors'])

    def test_node_ids_that_look_like_numbers(self):
        """Perl may send them as numbers."""
        with Aempd('17') as d, d.attach() as c, d.peer('42') as p:
            port = c.port_name()
            p.send(['', 'time', 42, 'tag'])                 # its node port
            self.assertEqual(p.recv(), ['', 'tag', ANY])
            p.send(['', 'snd', 17, 'snd', '42#p', 1])       # ours
            self.assertEqual(p.recv(), ['p', 1])
            c.mon('42#5')
            self.assertEqual(p.recv(), ['', 'mon1', '5'])
            p.send(['', 'kil0', 5, 'why'])
            self.assertEqual(c.recv(), ['', 'kil0', '42#5', 'why'])
            p.send([5, 'nobody'], [port, 'end'])
            self.assertEqual(c.recv(), [port, 'end'])


if __name__ == '__main__':
    aemp.main()
