# SPDX-License-Identifier: LGPL-2.1-or-later
"""A node that behaves as the reference does, good manners and bad ones (protocol.md).

It has no database: who listens where stands in Node.addresses, and a test that wants g_ requests answered puts functions
into Node.requests. Each connection has a thread that reads and one that writes, so that writing never blocks anybody. All
state is under one lock, callbacks run under it too.
"""

import collections
import itertools
import math
import queue
import random
import socket
import string
import struct
import sys
import threading
import time
import traceback
from typing import Any, NamedTuple

from .handshake import HandshakeError
from .peer import Closed, Listener, Peer, ProtocolError, Timeout, deadline_after, matches


class Record(NamedTuple):
    time: float           # time.monotonic()
    direction: str        # 'in', 'out'
    message: list


class Event(NamedTuple):
    time: float
    kind: str             # 'up', 'down', 'unreachable', 'refused'
    node_id: str
    reason: list          # empty for 'up'
    connection: Any = None


class Refused(Exception):
    """We don't want this connection."""


def _name(value):
    """Names may come as numbers, and the node port's as null."""
    if value is None:
        return ''
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f'{value!r} is no name')


class Port:
    """Made by Node.port(). callback(port, element...) gets each message; what it raises kills the port with 'die'."""

    def __init__(self, node, name, callback):
        self.node, self.name, self.callback = node, name, callback
        self.id = f'{node.node_id}#{name}'
        self.messages = []
        self.reason = None             # None: alive
        self._watchers = []            # (node ID, token), a remote monitor; or a Monitor

    def kill(self, *reason):
        with self.node.lock:
            self.node._kill_port(self.name, list(reason))

    def wait(self, pattern, timeout=None):
        """The first message that matches."""
        def find():
            return next(([m] for m in self.messages if matches(m, pattern)), None)
        return self.node.wait(find, timeout, f'a message like {pattern!r} to {self.id}')[0]


class Monitor:
    """Made by Node.mon(). reason is None until it fires; callback(reason...) is called once."""

    def __init__(self, node, port_id, callback):
        self.node, self.port_id, self.callback = node, port_id, callback
        self.reason = None
        self.fired_at = None

    def _fire(self, reason):
        self.reason, self.fired_at = list(reason), time.monotonic()
        if self.callback:
            self.node._guarded(self.callback, *reason)

    def wait(self, timeout=None):
        """The reason, as soon as there is one."""
        self.node.wait(lambda: self.reason is not None, timeout, f'the monitor of {self.port_id}')
        return self.reason

    def stop(self):
        self.node._stop_monitor(self)


class _Remote:
    """What a node knows of another one."""

    def __init__(self, node_id):
        self.id = node_id
        self.connection = None
        self.attempt = None            # what is under way to get a connection
        self.queue = []
        self.monitors = {}             # port name: [Monitor]


class Connection:
    """One TCP connection of a Node."""

    def __init__(self, node, peer, outgoing):
        self.node, self.peer, self.outgoing = node, peer, outgoing
        peer.skip_keepalives = False
        self.state = 'handshake'       # 'up', 'closed'
        self.node_id = None            # known when the greeting was read
        self.reason = None             # text, why it is closed
        self.records = []
        self.watched = {}              # port name: token of the last mon1
        self._out = queue.SimpleQueue()
        self._threads = [threading.Thread(target=f, daemon=True) for f in (self._read, self._write)]

    def start(self):
        self._threads[0].start()

    @property
    def messages(self):
        """What came, without keepalives."""
        return [r.message for r in self.records if r.direction == 'in' and r.message != ['', '']]

    def send(self, message):
        with self.node.lock:
            self.records.append(Record(time.monotonic(), 'out', message))
            self._out.put(message)

    def send_raw(self, octets):
        """Octets that are no message, in order with the messages."""
        self._out.put(octets)

    def half_close(self):
        """After all that was sent so far."""
        self._out.put(socket.SHUT_WR)

    def drop(self, text, *, reset=False):
        """Closes it from this side; the reader does the rest."""
        with self.node.lock:
            if self.state == 'closed':
                return
            self.state, self.reason = 'closed', text
            self._out.put(None)
            try:
                if reset:
                    self.peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                self.peer.sock.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
            except OSError:
                pass  # the other side was faster

    def _read(self):
        node, peer = self.node, self.peer
        try:
            peer.send_greeting()
            self.node_id = peer.read_greeting().node_id
            node._check_greeting(self)
            if peer.wants_tls():
                peer.start_tls()
            peer.send_auth()
            peer.read_auth()
            self._threads[1].start()
            if node._establish(self):
                while True:
                    message = peer.recv(math.inf)
                    with node.lock:
                        if self.state != 'up':
                            break
                        self.records.append(Record(time.monotonic(), 'in', message))
                        node._take(self, message)
        except Refused as e:
            node._add_event('refused', self.node_id, [str(e)], self)
            text = str(e)
        except Closed as e:
            text = 'Connection reset by peer' if e.reset else 'Unexpected end-of-file'
        except (HandshakeError, ProtocolError, Timeout, OSError) as e:
            text = f'{type(e).__name__}: {e}'
        else:
            text = self.reason
        node._ended(self, text)
        self._out.put(None)
        peer.close()

    def _write(self):
        while (item := self._out.get()) is not None:
            try:
                if isinstance(item, list):
                    self.peer.send(item)
                elif isinstance(item, bytes):
                    self.peer.send_raw(item)
                else:
                    self.peer.sock.shutdown(item)
            except (OSError, Closed, Timeout):
                return  # the reader finds out, after all that the other side said


class Node:
    """connect_interval: how long an attempt to reach a node may take, and how long a failing one takes.

    peer_options: for each connection's Peer, such as framings, framing, auth, secret.
    """

    def __init__(self, node_id, *, connect_interval=2.0, host='127.0.0.1', **peer_options):
        self.node_id = node_id
        self.connect_interval = connect_interval
        self.peer_options = peer_options
        self.lock = threading.RLock()
        self.addresses = {}            # node ID: ['host:port', ...]
        self.ports = {}                # name: Port
        self.events = []
        self.connections = []          # in order of their beginning
        self.errors = []               # tracebacks of requests and callbacks that failed
        self.undeliverable = []        # messages to ports that don't exist
        self.node_port_dead = False    # by a kil1 without a name
        self.functions = {}            # function(node, port name or None, argument...): spawned, or called
        self.names = {}                # well-known name: port ID
        self.time_form = float         # of the answer to time; Perl may send numbers as strings: str
        self.requests = {              # function(source node ID, argument...)
            '': lambda src, *args: None,
            'devnull': lambda src, *args: None,
            'snd': lambda src, port_id, *args: self.snd(_name(port_id), *args),
            'relay': lambda src, port_id, *args: self.snd(_name(port_id), *args),
            'time': lambda src, *reply: self._reply(reply, self.time_form(time.time())),
            'can': self._request_can,
            'eval': lambda src, code, *reply: self._reply(reply, 'no Perl here'),
            'mon1': self._request_mon1,
            'mon0': self._request_mon0,
            'kil0': self._request_kil0,
            'kil1': self._request_kil1,
            'wkp': lambda src, name, *reply: self._reply(reply, self.names.get(_name(name))),
            'AnyEvent::MP::_spawn': self._request_spawn,
        }
        self._called = set()           # functions that were called by name
        self._changed = threading.Condition(self.lock)
        self._remotes = {}
        self._tokens = itertools.count()
        self._local = collections.deque()
        self._delivering = False
        self._stopped = False
        self._prefix = ''.join(random.choices(string.ascii_letters + string.digits, k=10))
        self._listener = Listener(host)
        self.bind = self._listener.bind
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()

    def stop(self):
        with self.lock:
            if self._stopped:
                return
            self._stopped = True
            connections = list(self.connections)
            for connection in connections:
                connection.drop('stopped')
            self._changed.notify_all()
        self._listener.sock.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept()
        self._acceptor.join()
        self._listener.close()
        for connection in connections:
            for thread in connection._threads:
                if thread.ident:
                    thread.join()

    # --- waiting ---

    def wait(self, condition, timeout=None, what='the condition'):
        """Waits until condition() is true and returns its value. It is looked at whenever anything happened here."""
        deadline = deadline_after(timeout)
        with self.lock:
            while not (value := condition()):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Timeout(f'{self.node_id}: waited in vain for {what}; {self.describe()}')
                self._changed.wait(left)
            return value

    def describe(self):
        events = ', '.join(f'{e.kind} {e.node_id} {e.reason}' for e in self.events)
        last = [c.messages[-5:] for c in self.connections]
        return f'events: {events or "none"}; last messages of each connection: {last}; errors: {self.errors}'

    def wait_event(self, kind, node_id, *, count=1, timeout=None):
        """The count-th event of that kind."""
        def find():
            found = [e for e in self.events if e.kind == kind and e.node_id == node_id]
            return found[count - 1] if len(found) >= count else None
        return self.wait(find, timeout, f'{kind} {node_id} number {count}')

    def wait_up(self, node_id, timeout=None):
        """The connection that is up with that node, now."""
        return self.wait(lambda: self._remote(node_id).connection, timeout, f'{node_id} to be up')

    def wait_message(self, pattern, timeout=None):
        """The first message that came on any connection and matches, destination port first."""
        def find():
            return next(([m] for c in self.connections for m in c.messages if matches(m, pattern)), None)
        return self.wait(find, timeout, f'a message like {pattern!r}')[0]

    # --- AEMP's verbs ---

    def port(self, callback=None, name=None):
        with self.lock:
            port = Port(self, name or f'{self._prefix}{next(self._tokens)}', callback)
            self.ports[port.name] = port
            return port

    def snd(self, port_id, *elements):
        with self.lock:
            node_id, _, name = port_id.partition('#')
            message = [name, *elements]
            if node_id != self.node_id:
                self._send(self._remote(node_id), message)
                return
            self._local.append(message)
            if self._delivering:
                return
            self._delivering = True
            while self._local:
                self._deliver(self.node_id, self._local.popleft())
            self._delivering = False

    def mon(self, port_id, callback=None):
        with self.lock:
            monitor = Monitor(self, port_id, callback)
            node_id, _, name = port_id.partition('#')
            if node_id == self.node_id:
                if name in self.ports:
                    self.ports[name]._watchers.append(monitor)
                else:
                    monitor._fire(self._no_such_port(name))
                    self._changed.notify_all()
                return monitor
            monitors = self._remote(node_id).monitors.setdefault(name, [])
            monitors.append(monitor)
            if len(monitors) == 1 and name:
                self._send(self._remote(node_id), ['', 'mon1', name])
            return monitor

    def kil(self, port_id, *reason):
        with self.lock:
            node_id, _, name = port_id.partition('#')
            if node_id == self.node_id:
                self._kill_port(name, list(reason))
            else:
                self._send(self._remote(node_id), ['', 'kil1', name, *reason])

    def spawn(self, node_id, function, *args):
        """A new port there; returns its port ID at once."""
        with self.lock:
            name = f'{self._prefix}{next(self._tokens)}'
            self.snd(node_id, 'AnyEvent::MP::_spawn', name, function, *args)
            return f'{node_id}#{name}'

    def connect(self, bind):
        """Begins a connection to 'host:port', as to a seed; wait_up() waits for it."""
        host, _, port = bind.rpartition(':')
        peer = Peer(self.node_id, **self.peer_options).connect(host.strip('[]'), int(port))
        return self._begin(peer, True)

    def half_close(self, node_id):
        self.wait_up(node_id).half_close()

    def drop(self, node_id, *, reset=False):
        """Ends the connection with that node from this side."""
        with self.lock:
            connection = self.wait_up(node_id)
            connection.drop('dropped', reset=reset)

    # --- connections ---

    def _remote(self, node_id):
        return self._remotes.setdefault(node_id, _Remote(node_id))

    def _add_event(self, kind, node_id, reason, connection=None):
        with self.lock:
            self.events.append(Event(time.monotonic(), kind, node_id, reason, connection))
            self._changed.notify_all()

    def _accept(self):
        while True:
            try:
                peer = self._listener.accept(Peer(self.node_id, **self.peer_options), math.inf)
            except OSError:
                return
            try:
                self._begin(peer, False)
            except Closed:
                pass

    def _begin(self, peer, outgoing):
        with self.lock:
            if self._stopped:
                peer.close()
                raise Closed(f'{self.node_id} is stopped')
            connection = Connection(self, peer, outgoing)
            self.connections.append(connection)
            connection.start()
            return connection

    def _check_greeting(self, connection):
        with self.lock:
            if connection.node_id == self.node_id:
                raise Refused('connected to myself')
            if self._remote(connection.node_id).connection:
                raise Refused('already connected')

    def _establish(self, connection):
        """The reference has no rule for two connections that come through together: the last one stays."""
        with self.lock:
            if connection.state != 'handshake':
                return False
            remote = self._remote(connection.node_id)
            remote.attempt = self  # whoever is told of the loss and sends something does not start an attempt
            if remote.connection:
                old = remote.connection
                self._lost(remote, 'switched connections')
                old.drop('switched connections')
            connection.state = 'up'
            remote.connection, remote.attempt = connection, None
            waiting, remote.queue = remote.queue, []
            for message in waiting:
                connection.send(message)
            self._add_event('up', remote.id, [], connection)
            return True

    def _ended(self, connection, text):
        with self.lock:
            if connection.state != 'closed':
                connection.state, connection.reason = 'closed', text
            if connection.node_id is not None:
                remote = self._remote(connection.node_id)
                if remote.connection is connection:
                    self._lost(remote, connection.reason)
            self._changed.notify_all()

    def _lost(self, remote, text):
        """Everything queued is dropped and every monitor fires."""
        connection, remote.connection = remote.connection, None
        reason = ['transport_error', remote.id, text]
        remote.queue = []
        if connection:
            connection.watched = {}
            for port in self.ports.values():
                port._watchers = [w for w in port._watchers if isinstance(w, Monitor) or w[0] != remote.id]
        self._add_event('down' if connection else 'unreachable', remote.id, reason, connection)
        monitors, remote.monitors = remote.monitors, {}
        for monitor in itertools.chain.from_iterable(monitors.values()):
            monitor._fire(reason)
        self._changed.notify_all()

    def _send(self, remote, message):
        if remote.connection:
            remote.connection.send(message)
            return
        remote.queue.append(message)
        if remote.attempt:
            return
        addresses = self.addresses.get(remote.id)
        if not addresses:
            self._lost(remote, 'no known address')
            return
        remote.attempt = object()
        threading.Thread(target=self._attempt, args=(remote, remote.attempt, list(addresses)), daemon=True).start()

    def _attempt(self, remote, attempt, addresses):
        deadline = time.monotonic() + self.connect_interval
        connections = []
        for address in addresses:
            try:
                connections.append(self.connect(address))
                break
            except (OSError, Timeout, Closed):
                pass  # also when refused, it ends with the interval
        with self.lock:
            while remote.attempt is attempt and not self._stopped:
                left = deadline - time.monotonic()
                if left <= 0:
                    remote.attempt = None
                    for connection in connections:
                        if connection.node_id in (None, remote.id):
                            connection.drop('connect timeout')
                    self._lost(remote, 'connect timeout')
                    return
                self._changed.wait(left)

    # --- messages ---

    def _take(self, connection, message):
        if message:
            self._deliver(connection.node_id, message, connection)
        self._changed.notify_all()

    def _deliver(self, source, message, connection=None):
        try:
            name, elements = _name(message[0]), message[1:]
        except ValueError:
            self.undeliverable.append(message)
            return
        if name == '':
            if not self.node_port_dead:
                self._guarded(self._request, source, *elements)
        elif name in self.ports:
            port = self.ports[name]
            port.messages.append(elements)
            if port.callback and not self._guarded(port.callback, port, *elements):
                self._kill_port(name, ['die', self.errors[-1].strip().rpartition('\n')[2]])
        else:
            self.undeliverable.append(message)
        self._changed.notify_all()

    def _guarded(self, function, *args):
        try:
            function(*args)
            return True
        except Exception:  # noqa: whatever the code of a test raises belongs to the test
            self.errors.append(traceback.format_exc(limit=-3))
            print(f'{self.node_id}: {self.errors[-1]}', file=sys.stderr)
            return False

    def _request(self, source, tag='', *args):
        tag = _name(tag)
        if function := self.requests.get(tag):
            function(source, *args)
        elif function := self.functions.get(tag):
            self._called.add(tag)
            function(self, None, *args)

    def _reply(self, reply, *results):
        if reply:
            self.snd(_name(reply[0]), *reply[1:], *results)

    def _request_can(self, source, name, *reply):
        self._reply(reply, '1' if _name(name) in self.requests or _name(name) in self._called else '')

    def _no_such_port(self, name):
        return ['no_such_port', 'cannot monitor nonexistent port', f'{self.node_id}#{name}']

    def _request_mon1(self, source, name=None):
        """Each is counted and answered, but only the last one can be stopped."""
        name = _name(name)
        if not name:
            return
        if name not in self.ports:
            self._send(self._remote(source), ['', 'kil0', name, *self._no_such_port(name)])
            return
        token = (source, next(self._tokens))
        self.ports[name]._watchers.append(token)
        self._remote(source).connection.watched[name] = token

    def _request_mon0(self, source, name=None):
        name = _name(name)
        token = self._remote(source).connection.watched.pop(name, None)
        if token and name in self.ports:
            self.ports[name]._watchers.remove(token)

    def _request_kil0(self, source, name=None, *reason):
        name = _name(name)
        if name:
            for monitor in self._remote(source).monitors.pop(name, []):
                monitor._fire(reason)

    def _request_kil1(self, source, name=None, *reason):
        name = _name(name)
        if name:
            self._kill_port(name, list(reason))
        else:
            self.node_port_dead = True

    def _request_spawn(self, source, name, function, *args):
        """The function makes the port: without it there is none."""
        if _name(function) in self.functions:
            self.functions[_name(function)](self, _name(name), *args)

    def _kill_port(self, name, reason):
        port = self.ports.pop(name, None)
        if not port:
            return
        port.reason = reason
        for watcher in port._watchers:
            if isinstance(watcher, Monitor):
                watcher._fire(reason)
            else:
                self._send(self._remote(watcher[0]), ['', 'kil0', name, *reason])
                connection = self._remote(watcher[0]).connection
                if connection:
                    connection.watched.pop(name, None)
        self._changed.notify_all()

    def _stop_monitor(self, monitor):
        with self.lock:
            node_id, _, name = monitor.port_id.partition('#')
            if node_id == self.node_id:
                if name in self.ports and monitor in self.ports[name]._watchers:
                    self.ports[name]._watchers.remove(monitor)
                return
            remote = self._remote(node_id)
            monitors = remote.monitors.get(name, [])
            if monitor in monitors:
                monitors.remove(monitor)
                if not monitors:
                    del remote.monitors[name]
                    if remote.connection or remote.attempt:
                        self._send(remote, ['', 'mon0', name])
