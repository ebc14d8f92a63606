# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempd and one other node: the handshake in both roles, messages, the node port, monitors."""

import json
import os
import re
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp import cbor
from aemp.cbor import UNDEFINED, Raw, Tag, Text
from aemp.harness import Aempd
from aemp.node import Node
from aemp.peer import ANY, Listener, Peer, Timeout

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop', 'vectors')


def vector(name):
    with open(os.path.join(VECTORS, f'{name}.json'), encoding='utf-8') as f:
        return json.load(f)


def octets_of(message):
    return bytes.fromhex(message['hex']) if 'hex' in message else message['text'].encode()


def pairs(session):
    """(note, octets sent by the peer, what the reference answered) of a values vector."""
    messages = session['messages']
    for sent, answer in zip(messages[::2], messages[1::2]):
        yield sent.get('note') or sent.get('text'), octets_of(sent), cbor.decode(octets_of(answer))


def meaning(value):
    """The same for two values that mean the same; NaN equals itself, 1 is not true."""
    return repr(cbor.plain(value))


class Accepts(unittest.TestCase):
    """Others connect to aempd."""

    def test_greeting(self):
        with Aempd('x') as d, d.connect() as p:
            p.read_line()  # it does not wait for ours
            p.r1, p.r2 = None, p.read_line()
            with d.connect() as q:
                q.send_greeting()
                remote = q.read_greeting()
                self.assertEqual((remote.protocol, remote.version, remote.node_id), ('aemp', '1', 'x'))
                self.assertEqual((remote.auth, remote.framings), (['hmac_sha3_512'], ['cbor']))
                self.assertEqual(remote.keys, {'provider': ANY, 'mproto': '1', 'aempd': '1', 'peeraddr': q.address})
                self.assertRegex(remote.keys['provider'], r'^aempd-\d+\.\d+\.\d+$')
                self.assertRegex(q.r2, rb'^[0-9A-Za-z]{88}$')
                self.assertNotEqual(q.r2, p.r2)

    def test_who_connected_authenticates_first(self):
        with Aempd('x') as d, d.connect() as p:
            p.send_greeting()
            p.read_greeting()
            with self.assertRaises(Timeout):
                p.read_line(0.1)
            p.send_auth()
            p.read_auth()
            self.assertEqual(p.sync(), [])

    def test_pieces(self):
        """Octet by octet, with CR LF; and the auth line with the first messages in one segment."""
        with Aempd('x') as d, d.connect() as p:
            p.l1 = p.make_greeting()
            for octet in p.l1 + b'\r\n' + p.l2 + b'\r\n':
                p.send_raw(bytes([octet]))
            p.read_greeting()
            p.l3 = p.make_auth()
            p.send_raw(p.l3 + b'\r\n' + cbor.encode(['', 'time', 'peer#a']) + cbor.encode(['', 'time', 'peer#b']))
            p.read_auth()
            self.assertEqual([m[0] for m in p.recv_n(2)], ['a', 'b'])

    def test_greetings_that_are_all_right(self):
        for name, options in {
                'empty nonce': {'nonce': b''},
                'any octets in the nonce': {'nonce': bytes(set(range(256)) - set(b'\r\n'))},
                'unknown methods and framings': {'auth_accept': ('x', 'hmac_sha3_512', 'tls_anon'), 'framings': ('y', 'cbor')},
                'unknown keys': {'keys': {'what': 'ever;%', 'provider': 'AE-2.01', 'mproto': '2'}},
                'no keys': {'keys': {}},
                'a node ID with everything': {'node_id': 'aZ09_-.:/'},
                'a number for a node ID': {'node_id': '7'},
                'the longest node ID': {'node_id': 'n' * 255}}.items():
            with self.subTest(name), Aempd('x') as d, d.attach() as c, d.connect(**options) as p:
                p.handshake()
                self.assertEqual(p.sync(), [])
                self.assertEqual(c.nodes()[p.node_id]['state'], 'up')

    def test_the_longest_line(self):
        with Aempd('x') as d, d.connect() as p:
            p.greeting = p.make_greeting()
            p.greeting += b';x=' + b'y' * (4095 - len(p.greeting) - 3)
            p.handshake()
            self.assertEqual(len(p.l1) + 1, 4096)
            self.assertEqual(p.sync(), [])

    def test_several_nodes(self):
        with Aempd('x') as d, d.attach() as c:
            peers = [d.peer(f'n{i}') for i in range(20)]
            for i, p in enumerate(peers):
                c.send([f'n{i}#p', 'hello', i])
            for i, p in enumerate(peers):
                self.assertEqual(p.recv(), ['p', 'hello', i])
            self.assertEqual(set(c.nodes()), {f'n{i}' for i in range(20)})
            for p in peers:
                p.close()

    def test_ipv6(self):
        with Aempd('x', binds=['[::1]:0', '127.0.0.1:0']) as d, d.attach() as c, d.peer('six') as p:
            self.assertTrue(p.address.startswith('[::1]:'))
            self.assertEqual(p.remote.keys['peeraddr'], p.address)
            self.assertEqual(c.nodes()['six']['address'], p.address)
            self.assertEqual(sorted(c.status()['binds']), sorted(d.binds))
            with Peer('four').connect('127.0.0.1', int(d.binds[1].rpartition(':')[2])) as q:
                q.handshake()
                self.assertEqual(q.sync(), [])


class Connects(unittest.TestCase):
    """aempd connects to its seed."""

    def seed(self, listener, **options):
        p = listener.accept(timeout=None, **{'node_id': 'seed', **options})
        self.addCleanup(p.close)
        return p

    def test_handshake(self):
        with Listener() as listener, Aempd('x', seeds=[listener.bind]) as d, d.attach() as c:
            p = self.seed(listener)
            p.send_raw(b'')
            p.r1 = p.read_line()  # it greets without waiting
            p.r2 = p.read_line()
            p.remote = aemp.handshake.parse_greeting(p.r1)
            p.send_greeting()
            p.read_auth()         # and who connected authenticates first
            p.send_auth()
            self.assertEqual(p.recv(), ['', 'g_slave', {"'l": {'x': d.binds}}])
            self.assertEqual(p.sync(), [])
            status = c.status()
            self.assertEqual(status['seeds'], [{'address': listener.bind, 'node': 'seed', 'connected': True}])
            self.assertIs(c.nodes()['seed']['incoming'], False)

    def test_everything_in_one_segment_but_what_depends_on_it(self):
        with Listener() as listener, Aempd('x', seeds=[listener.bind]) as d, d.attach() as c:
            p = self.seed(listener)
            p.r1, p.r2 = p.read_line(), p.read_line()
            p.remote = aemp.handshake.parse_greeting(p.r1)
            p.l1 = p.make_greeting()
            p.l3 = p.make_auth()
            port = c.port_name()
            p.send_raw(p.l1 + b'\n' + p.l2 + b'\n' + p.l3 + b'\n' + cbor.encode([port, 'first']))
            self.assertEqual(c.recv(), [port, 'first'])
            p.read_auth()
            self.assertEqual(p.recv()[:2], ['', 'g_slave'])

    def test_ipv6_and_names(self):
        for host, seed in (('::1', '[::1]'), ('127.0.0.1', 'localhost')):
            with self.subTest(seed), Listener(host) as listener:
                with Aempd('x', seeds=[f'{seed}:{listener.port}']) as d, d.attach() as c:
                    p = self.seed(listener).handshake()
                    self.assertEqual(p.recv()[:2], ['', 'g_slave'])
                    self.assertIn({'address': listener.bind, 'node': 'seed', 'connected': True}, c.status()['seeds'])

    def test_the_name_of_a_bind(self):
        with Aempd('y', binds=['localhost:0']) as y, Aempd('x', seeds=[y.binds[0]]) as x, x.attach() as c:
            c.send(['', 'nodes1'])
            self.assertEqual(c.recv(), ['', 'node', 'y', True])
            self.assertIn('127.0.0.1', y.log())
            self.assertNotIn('connection refused', x.log() + y.log())

    def test_a_seed_with_the_wrong_secret(self):
        with Listener() as listener, Aempd('x', seeds=[listener.bind]) as d:
            p = self.seed(listener, secret='other')
            p.send_greeting()
            p.read_greeting()
            p.send_auth()
            p.wait_closed()
            d.wait_log(f'connection refused: seed at {listener.bind}: .*secret')
            p = self.seed(listener)  # it tries again
            p.handshake()
            self.assertEqual(p.recv()[:2], ['', 'g_slave'])

    def test_a_seed_that_is_not_there_yet(self):
        with Listener() as listener:
            bind, port = listener.bind, listener.port
        with Aempd('x', seeds=[bind]) as d:
            d.wait_log(f"can't connect to seed: {bind}")
            with Listener(port=port) as listener:
                self.seed(listener).handshake()
                d.wait_log(f'node is up: seed at {bind}')
                self.assertEqual(len(re.findall("can't connect", d.log())), 1)

    def test_itself_as_seed(self):
        with Aempd('x') as d:
            d.stop()
            d.seeds = [d.binds[0]]
            d.start()
            d.wait_log(f'seed is this node: x at {d.binds[0]}')
            with d.attach() as c:
                self.assertEqual(c.status()['seeds'], [{'address': d.binds[0], 'node': 'x', 'connected': True}])
                c.wait_state(c.status, lambda s: s['half_open'] == 0)

    def test_several_seeds(self):
        with Listener() as first, Listener() as second, Aempd('x', seeds=[first.bind, second.bind]) as d:
            p = self.seed(first, node_id='s1').handshake()
            self.assertEqual(p.recv()[:2], ['', 'g_slave'])
            q = self.seed(second, node_id='s2').handshake()
            self.assertEqual(q.sync(), [])  # has a master already
            p.close()
            self.assertEqual(q.recv()[:2], ['', 'g_slave'])

    def test_a_lost_seed_is_tried_again(self):
        with Listener() as listener, Aempd('x', seeds=[listener.bind]) as d, d.attach() as c:
            for i in range(2):
                p = self.seed(listener).handshake()
                p.recv_until(['', 'g_slave'])
                c.send(['seed#p', i])
                self.assertEqual(p.recv(), ['p', i])
                p.close()
                self.assertEqual(c.recv(), ['', 'down', 'seed', 'transport_error', 'seed', ANY])
                c.answer_down('seed')


class Values(unittest.TestCase):
    """All kinds of values, there and back."""

    def test_from_a_client_to_a_peer_and_back(self):
        with Aempd('x') as d, d.attach(framings=('cbor',)) as c, d.peer('peer') as p:
            back = c.port_name()
            p.strict = False
            for note, octets, _ in pairs(vector('values-cbor')):
                with self.subTest(note):
                    value = cbor.decode(octets)[3]
                    c.send_raw(octets)  # the client asks its aempd for what the peer asked the reference
                    name, got = p.recv()
                    self.assertEqual(name, 'e')
                    self.assertIsNone(cbor.hazard(got))
                    self.assertEqual(meaning(got), meaning(value))
                    p.send([back, Raw(p.octets[-1][len(cbor.encode(['e', Raw()])):])])
                    self.assertEqual(meaning(c.recv()), meaning([back, value]))

    def test_relayed_for_a_peer(self):
        """What the reference did in the capture; but it changes values that aempd has no reason to change."""
        kept = {'-2^64: becomes 0': -2**64, 'double -0.0: 0': -0.0,
                'double 2.0: integer': 2.0, 'half 1.0: integer': 1.0}
        with Aempd('x') as d, d.peer('peer') as p:
            for note, octets, answer in pairs(vector('values-cbor')):
                with self.subTest(note):
                    p.send_raw(octets)
                    expected = ['e', kept[note]] if note in kept else answer
                    self.assertEqual(meaning(p.recv()), meaning(expected))

    def test_from_a_client_that_speaks_json(self):
        kept = {'infinity': (None, float('inf')),  # JSON has none: either will do
                '["","snd","peer#e",0.12345678901234567]': (0.12345678901234567,)}
        with Aempd('x') as d, d.attach(framings=('json',)) as c, d.peer('peer') as p:
            for note, octets, answer in pairs(vector('values-json')):
                with self.subTest(note):
                    c.send_raw(octets)
                    got = p.recv()[1]
                    for number in ('1.0', '1e3'):  # whether an integer is written as a double is of no meaning
                        if f'{number}]'.encode() in octets:
                            got = int(got)
                    if note == 'string':           # of 2^64, which is no integer of CBOR without a tag
                        got = str(int(got))
                    allowed = kept.get(note, (answer[1],))
                    self.assertIn(meaning(got), [meaning(v) for v in allowed])

    def test_to_a_client_that_speaks_json(self):
        bignum, nothing = 2**64, None
        cases = [('ä', 'ä'), (Text('ä'), 'ä'), ('\0\x01\xff', '\0\x01\xff'), (Text('€😀'), '€😀'), (b'', ''),
                 (2**64 - 1, 2**64 - 1), (-2**63, -2**63), (1.5, 1.5), (0.1, 0.1), (1e300, 1e300), (True, True), (False, False),
                 (None, None), (UNDEFINED, nothing), (float('inf'), nothing), (float('nan'), nothing), ([], []), ({}, {}),
                 ([[1], [2, [3]]], [[1], [2, [3]]]), ({'k': {'n': [1]}}, {'k': {'n': [1]}}), ({1: 'x'}, {'1': 'x'}),
                 (Tag(1, 1363896240), 1363896240), (Tag(55799, 'x'), 'x'), (Raw(b'\x9f\x01\x02\xff'), [1, 2]),
                 (Raw(b'\xbf\x61a\x01\xff'), {'a': 1}), (Raw(b'\x5f\x41a\x41b\xff'), 'ab'), (Raw(b'\xf9\x3e\x00'), 1.5),
                 (Raw(b'\x62\xc3\x28'), '�('), ([None] * 1000, [None] * 1000), ('\n\t"\\/\x7f', '\n\t"\\/\x7f')]
        with Aempd('x') as d, d.attach(framings=('json',)) as c, d.peer('peer') as p:
            port = c.port_name()
            for value, expected in cases:
                with self.subTest(value=value):
                    p.send([port, value])
                    self.assertEqual(meaning(c.recv()), meaning([port, expected]))

    def test_between_clients_of_both_framings(self):
        value = ['ä€😀\0\x7f', 0, -1, 2**64 - 1, -2**63, 1.5, -0.1, 1e300, None, True, False, [], {}, {'k': [{'ä': ''}]}]
        with Aempd('x') as x, Aempd('y', seeds=[x.binds[0]]) as y:
            clients = [d.attach(framings=(f,)) for d in (x, y) for f in ('cbor', 'json')]
            ports = [c.port_name() for c in clients]
            clients[3].send(['', 'nodes1'])
            clients[3].recv()
            for i, source in enumerate(clients):
                for j, target in enumerate(clients):
                    source.send([target.port_id(ports[j]), i, j, value])
                    self.assertEqual(target.recv(), [ports[j], i, j, value])
            for c in clients:
                c.close()

    def test_what_the_reference_can_not_decode_is_not_sent_to_it(self):
        """Simple values, Perl objects: it would never hear another message. A hazard makes recv() raise."""
        cases = [(Raw(b'\xe0'), None), (Raw(b'\xf8\xff'), None), ([1, Raw(b'\xf3')], [1, None]),
                 (Tag(26, ['Some::Class', {'a': 1}]), ['Some::Class', {'a': 1}]), ({'k': Tag(26, [1, UNDEFINED])}, {'k': [1, UNDEFINED]}),
                 (Tag(26, Tag(26, UNDEFINED)), UNDEFINED)]
        with Aempd('x') as d, d.attach(framings=('cbor',)) as c, d.peer('peer') as p, d.peer('other') as q:
            for value, expected in cases:
                with self.subTest(value=value):
                    c.send(['peer#e', value])
                    self.assertEqual(p.recv(), ['e', expected])
                    q.send(['', 'snd', 'peer#e', value])
                    self.assertEqual(p.recv(), ['e', expected])


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
            # no spawned port exists here; of each that was watched we are told so
            self.assertEqual(set(kil0), {'nosuchport', *(f'DOguHfAbEG{c}' for c in 'cdef')})
            for name, m in kil0.items():
                self.assertEqual(m[3:], ['no_such_port', 'cannot monitor nonexistent port', f'seed#{name}'])
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
            (['', 'can', 'AnyEvent::MP::_spawn', 'peer#p'], [['p', '']]),
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
