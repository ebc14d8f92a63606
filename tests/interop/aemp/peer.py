# SPDX-License-Identifier: LGPL-2.1-or-later
"""A scripted peer: one connection, blocking, with a deadline on everything.

Each step of the protocol is a call of its own, so a test can leave one out, do it twice or do it wrong. Nothing happens
behind the caller's back: a Peer answers no request and sends no keepalive.
"""

import json
import math
import os
import re
import select
import socket
import struct
import time

from . import cbor, handshake
from .handshake import HandshakeError
from .tls import TlsError, TlsSocket, TlsTimeout

# Of every wait that was not given another one. For slow machines and valgrind: AEMP_TEST_TIMEOUT=60.
TIMEOUT = float(os.environ.get('AEMP_TEST_TIMEOUT', '10'))


class Timeout(Exception):
    """It did not come in time."""


class ProtocolError(Exception):
    """The other side sent something that it must not send."""


class Closed(Exception):
    """The other side ended the connection; reset: by RST."""

    def __init__(self, text, *, reset=False):
        super().__init__(text)
        self.reset = reset


class Any:
    """Matches everything in a pattern."""

    def __eq__(self, other):
        return True

    def __repr__(self):
        return 'ANY'


ANY = Any()


def matches(message, pattern):
    """pattern is a predicate, or the message's first elements, where ANY stands for anything."""
    if callable(pattern):
        return bool(pattern(message))
    return len(message) >= len(pattern) and all(p == m for p, m in zip(pattern, message))


def shorten(value):
    """For error messages."""
    text = repr(value)
    return text if len(text) <= 2000 else f'{text[:1000]} ... {text[-1000:]}'


def deadline_after(timeout):
    return time.monotonic() + (TIMEOUT if timeout is None else timeout)


# --- framings ---

class JsonDecoder:
    """The same as cbor.Decoder, for JSON texts back to back."""

    OUTSIDE = re.compile(rb'["\[\]{}]')
    INSIDE = re.compile(rb'["\\]')

    def __init__(self, *, max_depth=cbor.MAX_DEPTH):
        self.max_depth = max_depth
        self._buf = bytearray()
        self._restart()

    def _restart(self):
        self._pos, self._depth, self._in_string = 0, 0, False

    def feed(self, octets):
        self._buf += octets

    @property
    def rest(self):
        return bytes(self._buf).lstrip(b' \t\r\n')

    def next(self):
        if self._pos == 0:
            self._buf = self._buf.lstrip(b' \t\r\n')
            if self._buf and self._buf[0] not in b'[{':
                raise ProtocolError(f'JSON: neither an array nor a map: {bytes(self._buf[:40])!r}')

        while True:
            m = (self.INSIDE if self._in_string else self.OUTSIDE).search(self._buf, self._pos)
            if not m:
                self._pos = len(self._buf)
                return None
            c = m[0]
            if c == b'\\':
                if m.end() == len(self._buf):
                    self._pos = m.start()
                    return None
                self._pos = m.end() + 1
                continue
            self._pos = m.end()
            if c == b'"':
                self._in_string = not self._in_string
            elif c in b'[{':
                self._depth += 1
                if self._depth > self.max_depth:
                    raise ProtocolError(f'JSON: nested deeper than {self.max_depth}')
            else:
                self._depth -= 1
                if self._depth == 0:
                    return self._take()

    def _take(self):
        octets = bytes(self._buf[:self._pos])
        del self._buf[:self._pos]
        self._restart()
        return cbor.Item(json_loads(octets), octets)


def _no_constant(name):
    raise ValueError(f'{name} is no JSON')


def json_loads(octets):
    try:
        value = json.loads(octets.decode('utf-8'), parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode('utf-8')  # finds lone surrogates, which Python lets through
        return value
    except ValueError as e:
        raise ProtocolError(f'JSON: {e}: {octets[:200]!r}') from e


def _json_default(value):
    if isinstance(value, bytes) and not isinstance(value, cbor.Raw):
        return value.decode('latin-1')
    raise TypeError(f'no JSON for {value!r}')


def json_dumps(value):
    return json.dumps(value, ensure_ascii=False, separators=(',', ':'), allow_nan=False,
                      default=_json_default).encode('utf-8')


def make_decoder(framing):
    return {'cbor': cbor.Decoder, 'json': JsonDecoder}[framing]()


def encode_message(framing, message):
    return {'cbor': cbor.encode, 'json': json_dumps}[framing](message)


# --- sockets ---

class Stream:
    """Lines, then framed messages, over a stream socket."""

    def __init__(self, *, timeout=None):
        self.timeout = TIMEOUT if timeout is None else timeout
        self.sock = None
        self.framing = None            # of what we send
        self.strict = True             # refuse what the reference could not decode
        self.skip_keepalives = True    # recv() leaves out ["", ""]
        self.messages = []             # all that came, also the keepalives, in order
        self.octets = []               # the same as octets
        self._buffer = bytearray()     # what came before the messages began
        self._decoder = None
        self._end = None

    def _adopt(self, sock):
        sock.settimeout(self.timeout)  # of sends; what we receive is polled for first
        self.sock = sock

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    # --- output ---

    def send_raw(self, octets):
        try:
            self.sock.sendall(octets)
        except socket.timeout as e:
            raise Timeout('the other side does not read') from e
        except (BrokenPipeError, ConnectionResetError) as e:
            raise Closed(str(e), reset=True) from e

    def send_line(self, line):
        self.send_raw(line + b'\n')

    def send(self, message, *more):
        """Sends messages, each a list, in one piece."""
        self.send_raw(b''.join(encode_message(self.framing, m) for m in (message, *more)))

    # --- input ---

    def _read(self, deadline):
        """The next octets, as many as there are."""
        if self._end:
            raise self._end
        try:
            octets = self.sock.take() if isinstance(self.sock, TlsSocket) else None
            while octets is None:
                self._poll(deadline)
                octets = self.sock.recv(1 << 16)
        except (ConnectionResetError, TlsError) as e:
            self._end = Closed(str(e), reset=isinstance(e, ConnectionResetError))
            raise self._end from e
        if not octets:
            self._end = Closed('end-of-file')
            raise self._end
        return octets

    def _poll(self, deadline):
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        while True:
            left = deadline - time.monotonic()
            if poll.poll(None if left == math.inf else max(0, left * 1000)):
                return
            if left <= 0:
                raise Timeout('nothing came')

    def read_line(self, timeout=None):
        """A line without its end."""
        deadline = deadline_after(self.timeout if timeout is None else timeout)
        while (end := self._buffer.find(b'\n', 0, handshake.LINE_MAX)) < 0:
            if len(self._buffer) >= handshake.LINE_MAX:
                raise ProtocolError(f'a line of more than {handshake.LINE_MAX} octets')
            self._buffer += self._read(deadline)
        line = bytes(self._buffer[:end])
        del self._buffer[:end + 1]
        return line[:-1] if line.endswith(b'\r') else line

    def read_raw(self, timeout=None):
        """Octets that are no messages, such as those of a data connection."""
        if self._buffer:
            octets, self._buffer = bytes(self._buffer), bytearray()
            return octets
        return self._read(deadline_after(self.timeout if timeout is None else timeout))

    def begin_messages(self, framing):
        """What comes from now on are messages."""
        self._decoder = make_decoder(framing)
        self._decoder.feed(self._buffer)
        self._buffer = bytearray()

    @property
    def rest(self):
        """What came of a message that is not complete."""
        return self._decoder.rest

    def recv(self, timeout=None):
        """The next message. Raises Timeout, Closed or ProtocolError."""
        deadline = deadline_after(self.timeout if timeout is None else timeout)
        while True:
            message = self._next(deadline)
            if not (self.skip_keepalives and message == ['', '']):
                return message

    def _next(self, deadline):
        try:
            while (item := self._decoder.next()) is None:
                self._decoder.feed(self._read(deadline))
        except cbor.CborError as e:
            raise ProtocolError(f'CBOR: {e}: {self._decoder.rest[:200].hex()}') from e

        if not isinstance(item.value, list):
            raise ProtocolError(f'no array: {item.value!r}')
        if self.strict and (why := cbor.hazard(item.value)):
            raise ProtocolError(f'the reference could not decode {why} in {item.value!r}')
        self.messages.append(item.value)
        self.octets.append(item.octets)
        return item.value

    def recv_n(self, n, timeout=None):
        """The next n messages."""
        deadline = deadline_after(self.timeout if timeout is None else timeout)
        seen = []
        try:
            while len(seen) < n:
                seen.append(self.recv(deadline - time.monotonic()))
        except Timeout as e:
            raise Timeout(f'{len(seen)} of {n} messages came, the last ones are {shorten(seen[-3:])}') from e
        return seen

    def recv_until(self, pattern, timeout=None):
        """The next message that matches; those before it are in .messages."""
        deadline = deadline_after(self.timeout if timeout is None else timeout)
        seen = []
        try:
            while True:
                seen.append(self.recv(deadline - time.monotonic()))
                if matches(seen[-1], pattern):
                    return seen[-1]
        except Timeout as e:
            raise Timeout(f'nothing like {pattern!r} among {shorten(seen)}') from e
        except Closed as e:
            raise Closed(f'{e}, and nothing like {pattern!r} among {shorten(seen)}', reset=e.reset) from e

    def _sync(self, name, node_id, timeout):
        first = len(self.messages)
        self.send(['', 'time', f'{node_id}#{name}'])
        self.recv_until([name], timeout)
        return [m for m in self.messages[first:-1] if m != ['', '']]

    def recv_all(self, timeout=None):
        """All messages up to the end of the connection, which must come in time."""
        seen = []
        deadline = deadline_after(self.timeout if timeout is None else timeout)
        while True:
            try:
                seen.append(self.recv(deadline - time.monotonic()))
            except Closed:
                return seen
            except Timeout as e:
                raise Timeout(f'still open, after {shorten(seen)}') from e

    def wait_closed(self, timeout=None):
        """Reads and drops octets up to the end of the connection; returns the Closed."""
        deadline = deadline_after(self.timeout if timeout is None else timeout)
        while True:
            try:
                self._read(deadline)
            except Closed as e:
                return e
            except Timeout as e:
                raise Timeout('the connection is still open') from e

    # --- the end ---

    def close(self):
        if self.sock:
            self.sock.close()

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.sock.close()


class Listener:
    """A listening loopback socket, for several connections."""

    def __init__(self, host='127.0.0.1', port=0):
        family = socket.AF_INET6 if ':' in host else socket.AF_INET
        self.sock = socket.create_server((host, port), family=family, backlog=64)
        self.host, self.port = self.sock.getsockname()[:2]

    @property
    def bind(self):
        return f'[{self.host}]:{self.port}' if ':' in self.host else f'{self.host}:{self.port}'

    def accept(self, peer=None, timeout=None, **options):
        """Hands the next connection to the peer, or to a new one with these options."""
        timeout = TIMEOUT if timeout is None else timeout
        self.sock.settimeout(None if timeout == math.inf else timeout)
        try:
            sock, _ = self.sock.accept()
        except socket.timeout as e:
            raise Timeout('nobody connected') from e
        return (peer or Peer(**options)).adopt(sock)

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


SIMPLE = {'node_id': 'simple', 'greeting': b'aemp;1;simple;hmac_sha3_512;json', 'nonce': b'', 'framings': ('json',),
          'auth_accept': ('hmac_sha3_512',), 'auth': 'cleartext', 'framing': 'json'}


class Peer(Stream):
    """One connection of an AEMP node. Peer(**SIMPLE) is the simplest one that is legal (protocol.md 2.4).

    node_id, secret (None: none), nonce; framings and auth_accept: what the greeting offers; framing and auth: what is sent,
    whatever the other side offers (else the choice of protocol.md 2.4); keys: instead of the greeting's usual keys,
    extra_keys: besides them; aempd: claim to be an aempd; greeting: the whole line instead of all this; protocol, version: its first fields;
    verify: check the other side's auth line; tls: a Tls, how we do it, None: we don't.

    After the handshake: l1 l2 l3 are our lines, r1 r2 r3 the other side's, remote its Greeting, remote_auth its AuthLine.
    """

    def __init__(self, node_id='peer', *, secret='geheim', nonce=None, framings=handshake.FRAMINGS, framing=None,
                 auth_accept=handshake.AUTH_METHODS, auth=None, keys=None, extra_keys=None, aempd=False, greeting=None,
                 protocol='aemp', version='1', verify=True, tls=None, timeout=None):
        super().__init__(timeout=timeout)
        self.node_id, self.secret = node_id, secret
        self.offered, self.forced_framing = framings, framing
        self.auth_accept, self.forced_auth = auth_accept, auth
        self.keys, self.extra_keys, self.aempd = keys, extra_keys or {}, aempd
        self.greeting, self.protocol, self.version = greeting, protocol, version
        self.verify, self.tls_options, self.tls = verify, tls, False
        self.l1, self.l2, self.l3 = None, handshake.make_nonce() if nonce is None else nonce, None
        self.r1 = self.r2 = self.r3 = None
        self.remote = self.remote_auth = None
        self.listener = self._early_tls = None
        self._syncs = 0

    # --- the connection ---

    def adopt(self, sock):
        self._adopt(sock)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self

    def connect(self, host, port, timeout=None, *, source=None):
        """source: the address that it comes from."""
        timeout = self.timeout if timeout is None else timeout
        try:
            return self.adopt(socket.create_connection((host, port), timeout=timeout, source_address=source and (source, 0)))
        except socket.timeout as e:
            raise Timeout(f'no connection to {host}:{port}') from e

    @property
    def address(self):
        """Our end, as the other side sees and logs it."""
        host, port = self.sock.getsockname()[:2]
        return f'[{host}]:{port}' if ':' in host else f'{host}:{port}'

    def listen(self, host='127.0.0.1', port=0):
        """Returns the port number; accept() takes the connection."""
        self.listener = Listener(host, port)
        return self.listener.port

    def accept(self, timeout=None):
        self.listener.accept(self, timeout)
        return self

    def close(self):
        if self.listener:
            self.listener.close()
        super().close()

    # --- the handshake, step by step ---

    def make_greeting(self):
        if self.greeting is not None:
            return self.greeting
        keys = self.keys
        if keys is None:
            host, port = self.sock.getpeername()[:2]
            keys = {'provider': 'PY-1', 'peeraddr': f'{host}:{port}', 'mproto': '1', 'gproto': '1'}
        if self.aempd:
            keys = {**keys, 'aempd': '1'}
        if self.tls_options:
            keys = {**keys, 'tls': '1.0'}
        return handshake.make_greeting(self.node_id, auth=self.auth_accept, framings=self.offered, protocol=self.protocol,
                                       version=self.version, keys={**keys, **self.extra_keys})

    def send_greeting(self):
        """Sends greeting and nonce."""
        self.l1 = self.make_greeting()
        self.send_raw(self.l1 + b'\n' + self.l2 + b'\n')

    def send_greeting_and_hello(self):
        """And the first TLS record in one segment: for who knows that it is the client, by its empty nonce."""
        self.l1 = self.make_greeting()
        self._early_tls = TlsSocket(self.sock, self.tls_options, 'client')
        self.send_raw(self.l1 + b'\n' + self.l2 + b'\n' + self._early_tls.hello())

    def read_greeting(self, timeout=None):
        """Reads greeting and nonce."""
        self.r1 = self.read_line(timeout)
        self.r2 = self.read_line(timeout)
        self.remote = handshake.parse_greeting(self.r1)
        if handshake.is_echo(self.l1, self.l2, self.r1, self.r2):
            raise HandshakeError('echo: the other side sends our own lines back')
        return self.remote

    def wants_tls(self):
        return self.remote.tls and b';tls=1.' in self.l1

    def begin_tls(self):
        """TLS from here on, but nothing is sent yet. Returns its socket."""
        if not self.tls_options:
            raise HandshakeError('both sides offered TLS and this peer has none')
        pending, self._buffer = bytes(self._buffer), bytearray()
        self.sock = self._early_tls or TlsSocket(self.sock, self.tls_options, handshake.tls_role(self.l2, self.r2))
        self.sock.feed(pending)
        self.tls = True
        return self.sock

    def start_tls(self, timeout=None, *, hold=False):
        """All of it; in TLS 1.3 a server may still refuse a client's certificate. hold: see TlsSocket.handshake()."""
        try:
            tls = self.sock if self.tls else self.begin_tls()
            tls.handshake(deadline_after(self.timeout if timeout is None else timeout), hold=hold)
        except TlsTimeout as e:
            raise Timeout(str(e)) from e
        except TlsError as e:
            raise HandshakeError(str(e)) from e

    def _lines(self):
        return {'secret': self.secret, 'l1': self.l1, 'l2': self.l2, 'r1': self.r1, 'r2': self.r2, 'tls': self.tls}

    def make_auth(self, *, method=None, token=None, framing=None):
        """Our auth line; also chooses self.framing."""
        method = method or self.forced_auth or handshake.choose_auth(self.remote.auth, secret=self.secret, tls=self.tls)
        if method is None:
            raise HandshakeError(f'no common auth method, the other side takes {self.remote.auth}')
        self.framing = framing or self.forced_framing or handshake.choose_framing(self.remote.framings)
        if self.framing is None:
            raise HandshakeError(f'no common framing, the other side takes {self.remote.framings}')
        if token is None:
            token = handshake.make_token(method, **self._lines())
        if token is None:
            raise HandshakeError(f'can not send {method}')
        return handshake.make_auth(method, token, self.framing)

    def send_auth(self, *, method=None, token=None, framing=None):
        self.l3 = self.make_auth(method=method, token=token, framing=framing)
        self.send_line(self.l3)

    def read_auth(self, timeout=None):
        """Reads and verifies the other side's auth line; what follows are messages."""
        self.r3 = self.read_line(timeout)
        auth = self.remote_auth = handshake.parse_auth(self.r3)
        if auth.method not in self.auth_accept:
            raise HandshakeError(f'{auth.method} was not offered')
        if auth.framing not in self.offered:
            raise HandshakeError(f'framing {auth.framing} was not offered')
        if self.verify and not handshake.verify_token(auth.method, auth.token, **self._lines()):
            raise HandshakeError(f'the {auth.method} token of {self.remote.node_id} is wrong')
        self.begin_messages(auth.framing)
        return auth

    def handshake(self):
        """All of it, in the order of the reference: our auth line does not wait for theirs."""
        self.send_greeting()
        self.read_greeting()
        if self.wants_tls():
            self.start_tls()
        self.send_auth()
        self.read_auth()
        return self

    # --- what tests often do ---

    def sync(self, timeout=None):
        """Waits until the other side has handled all that we sent; returns the messages that it sent before saying so."""
        self._syncs += 1
        return self._sync(f'sync-{self._syncs}', self.node_id, timeout)
