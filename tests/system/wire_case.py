# SPDX-License-Identifier: LGPL-2.1-or-later
"""All kinds of nodes that aempd has to get along with, each connecting and being connected to."""

import contextlib
import dataclasses
import functools
import os
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

from aemp.harness import Aempd
from aemp.node import Node
from aemp.peer import SIMPLE, Closed
from aemp.tls import Tls
from certificates import shared

FIRST, LAST = b'', b'~'   # nonces that make us the TLS client, and the server: aempd's is between them


@dataclasses.dataclass
class Kind:
    """peer: options of its Peer; settings, secret: of aempd. Then what both have to end up with, as in aempd::nodes."""
    peer: dict
    settings: dict = dataclasses.field(default_factory=dict)
    secret: str = 'geheim'
    node_id: str = 'peer'
    tls: str = None
    auth: str = 'hmac_sha3_512'
    auth_sent: str = 'hmac_sha3_512'
    framing: str = 'cbor'
    framing_sent: str = 'cbor'


def _tls(version, nonce, **options):
    peer = {'tls': Tls(version=version), 'nonce': nonce, **options.pop('peer', {})}
    settings = {'cert': shared(), **options.pop('settings', {})}
    return Kind(peer, settings, tls=f'TLSv{version}', **{'auth': 'tls_sha3_512', 'auth_sent': 'tls_sha3_512', **options})


SIMPLE_OPTIONS = {key: value for key, value in SIMPLE.items() if key != 'node_id'}

KINDS = {
    'simple': Kind(SIMPLE_OPTIONS, {'auth_accept': ['hmac_sha3_512', 'cleartext']}, node_id='simple', auth='cleartext', framing='json',
                   framing_sent='json'),
    'cbor': Kind({'framings': ('cbor',)}),
    'json': Kind({'framings': ('json',), 'framing': 'json'}, framing='json', framing_sent='json'),
    'sends json, takes cbor': Kind({'framings': ('cbor',), 'framing': 'json'}, framing='json'),
    'sends cbor, takes json': Kind({'framings': ('json',), 'framing': 'cbor'}, framing_sent='json'),
    'prefers json': Kind({'framings': ('storable', 'json', 'cbor')}, framing_sent='json'),
    'tls 1.2, client': _tls('1.2', FIRST),
    'tls 1.2, server': _tls('1.2', LAST),
    'tls 1.3, client': _tls('1.3', FIRST),
    'tls 1.3, server': _tls('1.3', LAST),
    'tls, no secret': _tls('1.3', None, secret=None, peer={'secret': None}),
    'tls, json': _tls('1.3', None, framing='json', framing_sent='json', peer={'framings': ('json',), 'framing': 'json'}),
    'tls, hmac': _tls('1.2', None, auth='hmac_sha3_512', auth_sent='hmac_sha3_512',
                      peer={'auth': 'hmac_sha3_512', 'auth_accept': ('hmac_sha3_512',)}),
    'tls, anonymous': _tls('1.3', None, auth='tls_anon', peer={'auth': 'tls_anon'},
                           settings={'auth_accept': ['tls_sha3_512', 'hmac_sha3_512', 'tls_anon']}),
}


def each_kind(check):
    """check(self, kind, connects) with all kinds, and whether it is they who connect."""
    @functools.wraps(check)
    def check_all(self):
        for name, kind in KINDS.items():
            for connects in (True, False):
                with self.subTest(name, connects=connects):
                    check(self, kind, connects)
    return check_all


class Case(unittest.TestCase):
    @contextlib.contextmanager
    def beside(self, kind, connects, **options):
        """An aempd and a Node of that kind, connected by the one or the other."""
        with contextlib.ExitStack() as stack:
            node = stack.enter_context(Node(kind.node_id, **kind.peer))
            settings = {**kind.settings, **options.pop('settings', {})}
            seeds = [] if connects else [node.bind]
            d = stack.enter_context(Aempd('x', secret=kind.secret, settings=settings, seeds=seeds, **options))
            if connects:
                node.connect(d.binds[0])
            node.wait_up('x')
            yield d, node
            self.assertEqual(node.errors, [])


class Program:
    """A client that answers as a program does that uses a library, in a thread.

    on_call(program, function, args) and on_spawn(program, port name, function, args) are what its functions do; on_message(program,
    port, elements) is what its ports do.
    """

    def __init__(self, daemon, functions=(), *, name='program', framing='cbor', on_call=None, on_spawn=None, on_message=None):
        self.client = daemon.attach(name, framings=(framing,))
        self.functions, self.on_call, self.on_spawn, self.on_message = functions, on_call, on_spawn, on_message
        self.error = None
        self.killed = []
        self.ports = set()             # those that were spawned
        self.client.send(*(['', 'func1', f] for f in functions))
        self.client.sync()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def send(self, *messages):
        self.client.send(*messages)

    def end(self, port, *reason):
        self.ports.discard(port)
        self.client.send(['', 'kil0', port, *reason])

    def _run(self):
        try:
            while True:
                self._take(self.client.recv(1e6))
        except (Closed, OSError):
            pass
        except Exception as e:  # noqa: __exit__ raises it
            self.error = e

    def _take(self, message):
        port, *elements = message
        if port != '':
            if self.on_message:
                self.on_message(self, port, elements)
            return
        tag, *args = elements
        if tag == 'AnyEvent::MP::_spawn':
            self.ports.add(args[0])
            self.on_spawn(self, args[0], args[1], args[2:])
        elif tag == 'kil1':
            self.killed.append(args)
            self.end(*args)
        elif tag == 'down':
            self.client.answer_down(args[0])
        elif tag in self.functions:
            self.on_call(self, tag, args)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, tb):
        try:
            self.client.half_close()
        except OSError:
            pass
        self.thread.join()
        self.client.close()
        if self.error and kind is None:
            raise self.error
