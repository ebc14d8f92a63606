# SPDX-License-Identifier: LGPL-2.1-or-later
"""The captured sessions once more, with aempd in the place of each of the two sides.

We play the other side: its lines, with nonces and tokens of our own, and all that it said. aempd has to answer what the capture's
side answered. What is said of the database is only to be survived.
"""

import glob
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

import aemp
from aemp.handshake import parse_auth
from aemp.harness import Aempd
from aemp.peer import ANY, Listener, encode_message
from aemp.tls import Tls
from certificates import shared
from link_vectors import VECTORS, meaning, octets_of, vector
from wire_case import Program

SESSIONS = sorted(os.path.splitext(os.path.basename(path))[0] for path in glob.glob(os.path.join(VECTORS, 'session-*.json')))


def echo_program(d):
    """What the reference's program had, as a program of aempd."""
    owners = {}

    def spawn(program, port, function, args):
        owners[port] = args[0]
        program.send([args[0], 'ready', program.client.port_id(port), *args[1:]])

    def take(program, port, elements):
        if elements[0] == 'barrier':
            program.send([elements[1], 'done'])
        elif elements[0] == 'echo':
            program.send([owners[port], 'echoed', *elements[1:]])
        else:
            program.end(port, 'stopped', 'bye')
    return Program(d, ['::echo_init'], on_spawn=spawn, on_message=take)


def of_the_database(message):
    return message[:1] in ([''], [None]) and str((message + [''])[1]).startswith('g_')


class Replay(unittest.TestCase):
    def daemon(self, session, name, **options):
        settings = {'auth_accept': ['tls_sha3_512', 'hmac_sha3_512', 'tls_anon', 'cleartext'], 'monitor_timeout': 5, 'heartbeat_interval': 1}
        if 'tls' in session:
            settings['cert'] = shared()
        return Aempd(name, secret=session['secret'], settings=settings, **options)

    def options(self, session, name, lines):
        """Of a Peer that says the captured lines."""
        auth = parse_auth(lines['auth'].encode())
        greeting = lines['greeting'].encode()
        tls = None
        if 'tls' in session:  # the roles as in the capture: aempd's nonce is between these
            tls = {'tls': Tls(version=session['tls']['version'].removeprefix('TLSv')), 'nonce': b'' if session['tls']['client'] == name else b'~'}
        return {'node_id': name, 'secret': session['secret'], 'greeting': greeting, 'auth': auth.method, 'framing': auth.framing,
                **({'nonce': b''} if lines['nonce'] == '' else {}), **(tls or {})}

    def all_sides(self):
        for session_name in SESSIONS:
            session = vector(session_name)
            for name in session['handshake']:
                [other] = set(session['handshake']) - {name}
                yield session_name, session, name, other

    def test_all(self):
        count = 0
        for session_name, session, name, other in self.all_sides():
            for connects in (True, False):
                with self.subTest(session_name, plays=name, connects=connects):
                    self.replay(session, name, other, connects)
                    count += 1
        self.assertGreaterEqual(count, 4 * 8)

    def replay(self, session, name, other, connects):
        options = self.options(session, name, session['handshake'][name])
        with Listener() as listener, self.daemon(session, other, seeds=[] if connects else [listener.bind]) as d, \
             echo_program(d) as program, d.attach() as c:
            c.send(['', 'nodes1'])
            with (d.connect(**options) if connects else listener.accept(**options)) as p:
                p.handshake()
                self.assertEqual(c.recv(), ['', 'node', name, True])
                if 'tls' in session:
                    self.assertEqual(c.nodes()[name]['tls'], session['tls']['version'])
                said = [m for m in session['messages'] if m['from'] == name]
                for m in said:
                    p.send_raw(self.octets(session, p, m))
                    p.sync()
                    self.wait_for(program, c)
                expected = self.expected(session, other)
                got = self.answers(p, len(expected))
                self.compare(got, expected)
                self.assertEqual(c.sync(), [])
            self.assertEqual(c.recv()[:4], ['', 'node', name, False])

    def wait_for(self, program, c):
        """Until it has done what it was asked to: in the reference, programs are not asked later."""
        c.send([program.client.port_id(program.client.prefix + 'barrier'), 'barrier', c.port_id(c.port_name('b'))])
        self.assertEqual(c.recv(), [c.port_name('b'), 'done'])

    def octets(self, session, p, message):
        octets = octets_of(message)
        if p.framing != session['framing']:
            octets = encode_message(p.framing, message['json'])
        return octets

    def answers(self, p, n):
        """What aempd said of itself, but for the database and our own barrier."""
        def relevant():
            return [m for m in p.messages if not of_the_database(m) and not str(m[0]).startswith('sync-') and m != ['', '']]
        while len(relevant()) < n:
            p.recv()
        p.sync()
        return relevant()

    def expected(self, session, name):
        """What that side of the capture answered, and nothing that it said of its own accord; where aempd has other ways, in its way."""
        [asker] = set(session['handshake']) - {name}
        requests = [m['json'] for m in session['messages'] if m['from'] == asker and m.get('json', [1])[:1] in ([''], [None])]
        reply_ports = {v.partition('#')[2] for m in requests if m[1:2] != ['kil0'] for v in m[2:]
                       if isinstance(v, str) and v.startswith(f'{asker}#')}
        watched = [m[2] for m in requests if m[1:2] == ['mon1']]
        functions = {m[2]: m[3] for m in requests if m[1:2] == ['AnyEvent::MP::_spawn']}
        result = []
        for m in (m['json'] for m in session['messages'] if m['from'] == name and 'json' in m):
            if m[0] == '' and m[1:2] == ['kil0'] and m[2] in watched:
                if functions.get(m[2], '::echo_init') != '::echo_init':
                    m = ['', 'kil0', m[2], 'die', ANY]            # nobody has that function
                elif m in result and m[3] != 'no_such_port':
                    continue                                      # the reference counts each mon1
                result.append(m)
            elif m[0] != '' and m[0] in reply_ports:
                if 'evalreply' in m:
                    m = [m[0], 'evalreply', ANY]
                elif isinstance(m[-1], float) and m[-1] > 1e9:    # the time
                    m = [*m[:-1], ANY]
                result.append(m)
        return result

    def compare(self, got, expected):
        left = list(got)
        for e in expected:
            fits = next((g for g in left if len(g) == len(e) and all(x == y if x is ANY else meaning(x) == meaning(y)
                                                                     for x, y in zip(e, g))), None)
            self.assertIsNotNone(fits, f'no answer like {e!r} in {left!r}')
            left.remove(fits)
        self.assertEqual(left, [])


class DataConnections(unittest.TestCase):
    def test_their_handshakes(self):
        """Nobody expects one: greeted, and closed when it has said who it is. No node goes up or down for it."""
        session = vector('session-dataconn')
        for i, dataconn in enumerate(session['dataconns']):
            initiator = dataconn['initiator']
            [other] = set(dataconn['handshake']) - {initiator}
            lines = dataconn['handshake'][initiator]
            auth = parse_auth(lines['auth'].encode())
            with self.subTest(i), Aempd(other) as d, d.attach() as c, d.peer(initiator) as p:
                with d.connect(node_id=initiator, greeting=lines['greeting'].encode(), auth=auth.method, framing=auth.framing) as q:
                    q.send_greeting()
                    self.assertEqual(q.read_greeting().protocol, 'aemp')
                    q.wait_closed()
                self.assertEqual(p.sync(), [])
                self.assertEqual(c.sync(), [])
                self.assertEqual(c.nodes()[initiator]['state'], 'up')
                self.assertEqual(c.status()['counters']['nodes_up'], 1)


if __name__ == '__main__':
    aemp.main()
