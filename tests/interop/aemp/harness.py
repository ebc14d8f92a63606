# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real aempd for a test, and a raw client of its attach protocol (docs/attach.md).

The binaries come from the environment: AEMPD, AEMPCTL.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from .handshake import HandshakeError, escape, unescape
from .peer import Closed, Peer, Stream, Timeout, deadline_after

# What a sanitizer or valgrind leaves in the log.
_SANITIZER = re.compile(r'ERROR: \w+Sanitizer|runtime error:|ERROR SUMMARY: [1-9]')


def reserve_port(host='127.0.0.1'):
    """A socket with a port that nobody else gets as long as it is open; who sets SO_REUSEADDR, as aempd does, may listen there."""
    family = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0][0]
    sock = socket.socket(family)
    sock.bind((host, 0))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock


def free_port(host='127.0.0.1'):
    """A port that nobody listens on now."""
    with reserve_port(host) as sock:
        return sock.getsockname()[1]


def _binary(variable):
    path = os.environ.get(variable)
    if not path:
        raise RuntimeError(f'{variable} is not set: run the test by "meson test", or say {variable}=/path/to/the/binary')
    return path


def sanitized():
    """Is aempd built with a sanitizer? Then its memory says nothing, and it is slow."""
    with open(_binary('AEMPD'), 'rb') as f:
        return b'__asan_init' in f.read()


def quoted(value):
    """A string of libconfig, one octet a character."""
    plain = set(range(32, 127)) - set(b'"\\')
    return '"' + ''.join(chr(c) if c in plain else f'\\x{c:02x}' for c in value.encode('latin-1')) + '"'


def _setting(value):
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, (list, tuple)):
        return '[ ' + ', '.join(_setting(v) for v in value) + ' ]'
    if isinstance(value, dict):
        return '{ ' + ' '.join(f'{k} = {_setting(v)};' for k, v in value.items()) + ' }'
    if isinstance(value, int) and abs(value) >= 1 << 31:
        return f'{value}L'
    return repr(value)


class Aempd:
    """aempd --config=FILE --socket=PATH, in a temporary directory of its own.

    binds: a port 0 is replaced by one that is kept free for it. lines: text that is added to the default group; settings: the same as a
    dict; text: the whole file instead of all this. args, env: added to the command line and the environment. wrapper: put before it (valgrind...).
    Use it in a with statement; if the test fails, the daemon's log is shown.
    """

    def __init__(self, node_id='x', *, binds=('127.0.0.1:0',), seeds=(), secret='geheim', lines='', settings=None,
                 text=None, args=(), env=None, wrapper=(), binary=None):
        self.node_id = node_id
        self._reserved = []
        self.binds = [self._pick(bind) for bind in binds]
        self.seeds, self.secret, self.lines, self.settings = list(seeds), secret, lines, settings or {}
        self.text = text
        self.args, self.env, self.wrapper, self.binary = list(args), env or {}, list(wrapper), binary
        self.process = None
        self.returncode = None
        self.dir = tempfile.mkdtemp(prefix='aempd-')
        self.socket_path = os.path.join(self.dir, 'sock')
        self.config_path = os.path.join(self.dir, 'aempd.conf')
        self.log_path = os.path.join(self.dir, 'stderr')
        self._log_start = 0           # where the log of the present process begins
        self._notify = None

    def _pick(self, bind):
        host, _, port = bind.rpartition(':')
        if port != '0':
            return bind
        self._reserved.append(reserve_port(host.strip('[]')))
        return f'{host}:{self._reserved[-1].getsockname()[1]}'

    @property
    def host(self):
        return self.binds[0].rpartition(':')[0].strip('[]')

    @property
    def port(self):
        return int(self.binds[0].rpartition(':')[2])

    @property
    def pid(self):
        return self.process.pid

    def config(self):
        if self.text is not None:
            return self.text
        settings = {'nodeid': self.node_id, 'binds': self.binds, 'seeds': self.seeds}
        if self.secret is not None:
            settings['secret'] = self.secret
        settings.update(self.settings)
        text = ''.join(f'  {name} = {_setting(value)};\n' for name, value in settings.items())
        return f'default = {{\n{text}{self.lines}\n}};\n'

    # --- running ---

    def start(self, *, ready=True, timeout=None):
        """Starts it, also once more after it ended. ready: wait for READY=1."""
        if self.process and self.process.poll() is None:
            raise RuntimeError('it is still running')
        with open(self.config_path, 'w', encoding='utf-8') as f:
            os.fchmod(f.fileno(), 0o600)
            f.write(self.config())

        self._close_notify()
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify_path = os.path.join(self.dir, 'notify')
        if os.path.exists(notify_path):
            os.unlink(notify_path)
        self._notify.bind(notify_path)

        env = {k: v for k, v in os.environ.items() if k not in ('WATCHDOG_USEC', 'WATCHDOG_PID', 'LISTEN_FDS', 'LISTEN_PID',
                                                                'JOURNAL_STREAM', 'INVOCATION_ID', 'AEMP_ADDRESS')}
        env.update(NOTIFY_SOCKET=notify_path, **self.env)
        command = [*self.wrapper, self.binary or _binary('AEMPD'), f'--config={self.config_path}',
                   f'--socket={self.socket_path}', *self.args]
        self._log_start = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        self.returncode = None
        with open(self.log_path, 'ab') as log:
            # no session of its own: whoever kills the test's process group gets this one too
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=self.dir)
        if ready:
            self.wait_notify('READY=1', timeout)
        return self

    def wait_notify(self, assignment, timeout=None):
        """Waits for a line that it sends to the service manager."""
        deadline = deadline_after(timeout)
        self._notify.settimeout(0.05)
        while True:
            try:
                if assignment in self._notify.recv(4096).decode('utf-8', 'replace').split('\n'):
                    return
            except socket.timeout:
                pass
            if self.process.poll() is not None:
                raise RuntimeError(f'aempd ended with {self.process.returncode} before {assignment}:\n{self.log()}')
            if time.monotonic() > deadline:
                raise Timeout(f'no {assignment} from aempd:\n{self.log()}')

    def wait(self, timeout=None):
        """Waits until it has ended; returns its status (negative: the signal)."""
        try:
            self.returncode = self.process.wait(max(0.0, deadline_after(timeout) - time.monotonic()))
        except subprocess.TimeoutExpired as e:
            raise Timeout(f'aempd is still running:\n{self.log()}') from e
        if m := _SANITIZER.search(self.log()):
            raise AssertionError(f'{m[0]}\n{self.log()}')
        return self.returncode

    def stop(self, timeout=None):
        """SIGTERM; it must end with status 0."""
        self.signal(signal.SIGTERM)
        if self.wait(timeout) != 0:
            raise AssertionError(f'aempd ended with {self.returncode}:\n{self.log()}')

    def kill9(self):
        self.signal(signal.SIGKILL)
        self.process.wait()
        self.returncode = self.process.returncode

    def pause(self):
        """It neither reads nor writes until resume()."""
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def signal(self, number):
        self.process.send_signal(number)

    def running(self):
        return self.process is not None and self.process.poll() is None

    # --- looking inside ---

    def log(self, *, all_runs=False):
        """What it has written; of all its runs, or of the present one."""
        try:
            with open(self.log_path, 'rb') as f:
                f.seek(0 if all_runs else self._log_start)
                return f.read().decode('utf-8', 'replace')
        except FileNotFoundError:
            return ''

    def wait_log(self, regex, timeout=None, *, count=1):
        """The count-th match in the log of the present run."""
        deadline = deadline_after(timeout)
        while True:
            ended = not self.running()
            matches = list(re.finditer(regex, self.log(), re.M))
            if len(matches) >= count:
                return matches[count - 1]
            if ended:
                raise AssertionError(f'aempd ended and never logged {regex!r}:\n{self.log()}')
            if time.monotonic() > deadline:
                raise Timeout(f'{regex!r} was found {len(matches)} times in:\n{self.log()}')
            time.sleep(0.01)

    def ctl(self, *args, check=True, timeout=None):
        """Runs aempctl against it."""
        env = dict(os.environ, AEMP_ADDRESS=f'unix:path={self.socket_path}')
        return subprocess.run([_binary('AEMPCTL'), *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=env,
                              check=check, timeout=max(0.0, deadline_after(timeout) - time.monotonic()))

    def connect(self, peer=None, *, source=None, **options):
        """A Peer with a TCP connection to its first bind; the handshake is yours."""
        return (peer or Peer(**options)).connect(self.host, self.port, source=source)

    def peer(self, node_id='peer', **options):
        """A Peer that is through its handshake."""
        return self.connect(node_id=node_id, **options).handshake()

    def attach(self, program='test', **options):
        return AttachClient(self.socket_path, program, **options).attach()

    # --- the end ---

    def _close_notify(self):
        if self._notify:
            self._notify.close()
            self._notify = None

    def cleanup(self):
        """Ends it in any case and removes all files."""
        if self.running():
            self.kill9()
        self._close_notify()
        for sock in self._reserved:
            sock.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        try:
            return self if self.process else self.start()
        except BaseException:
            self.cleanup()
            raise

    def __exit__(self, kind, value, tb):
        try:
            if kind is None:
                if self.running():
                    self.resume()
                    self.stop()
                elif self.returncode is None:
                    raise AssertionError(f'aempd ended with {self.process.returncode} and nobody asked it to:\n{self.log()}')
            else:
                print(f'--- log of {self.node_id} ---\n{self.log(all_runs=True)}--- end of log ---', file=sys.stderr)
        finally:
            self.cleanup()


class AttachError(Exception):
    """aempd answered error;<text>."""


class AttachClient(Stream):
    """A client of the attach protocol. It answers nothing by itself, neither mon1 nor down.

    line: sent in place of the usual one; uid: whose process it is. After attach(): node_id, prefix, max_message, framing, keys.
    """

    def __init__(self, path, program='test', *, framings=('json',), keys=None, line=None, uid=None, timeout=None):
        super().__init__(timeout=timeout)
        self.path, self.program, self.uid = path, program, uid
        self.framings, self.request_keys, self.line = framings, keys or {}, line
        self.node_id = self.prefix = self.max_message = None
        self.keys = {}
        self.strict = False           # a client is no reference node
        self._ports = 0

    def connect(self):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(self.timeout)
        try:
            if self.uid is not None:
                os.seteuid(self.uid)
            sock.connect(self.path)
        except OSError:
            sock.close()
            raise
        finally:
            if self.uid is not None:
                os.seteuid(0)
        self._adopt(sock)
        return self

    def attach(self):
        """All of it: connect, our line, aempd's line."""
        self.connect()
        try:
            self.send_attach()
            return self.read_attach()
        except BaseException:
            self.close()
            raise

    def send_attach(self):
        fields = ['aemp-client', '1', escape(self.program), '', ','.join(self.framings)]
        fields += [f'{key}={escape(value)}' for key, value in self.request_keys.items()]
        self.send_line(self.line if self.line is not None else ';'.join(fields).encode())

    def read_attach(self, timeout=None):
        fields = self.read_line(timeout).decode().split(';')
        if fields[0] == 'error':
            raise AttachError(';'.join(fields[1:]))
        if len(fields) < 5 or fields[:2] != ['aemp-client', '1'] or fields[3] != '':
            raise HandshakeError(f'answer {";".join(fields)!r}')
        if fields[4] not in self.framings:
            raise HandshakeError(f'framing {fields[4]} was not offered')
        self.keys = {key: unescape(value) for key, _, value in (f.partition('=') for f in fields[5:])}
        self.node_id, self.framing = fields[2], fields[4]
        self.prefix, self.max_message = self.keys['prefix'], int(self.keys['max_message'])
        self.begin_messages(self.framing)
        return self

    # --- ports ---

    def port_name(self, name=None):
        """A name that was not used yet, or the one that ends in this."""
        if name is None:
            self._ports += 1
            name = str(self._ports)
        return self.prefix + name

    def port_id(self, name):
        """The port ID of one of our names."""
        return f'{self.node_id}#{name}'

    # --- what tests often do ---

    def sync(self, timeout=None):
        """The barrier: all sent before was routed. Returns the messages that came before its answer."""
        return self._sync(self.port_name(), self.node_id, timeout)

    def mon(self, *port_ids):
        """Watches them; if you want to be sure that it is so, sync()."""
        self.send(*(['', 'mon1', port_id] for port_id in port_ids))

    def answer_down(self, node_id):
        self.send(['', 'down', node_id])

    def bye(self, timeout=None):
        """Detaches normally; returns what came until aempd closed."""
        self.send(['', 'bye'])
        return self.recv_all(timeout)

    def status(self):
        """aempd::status, a map."""
        return self._ask('aempd::status')

    def nodes(self):
        """aempd::nodes by node ID."""
        return {node['node']: node for node in self._ask('aempd::nodes')}

    def clients(self):
        """aempd::clients by program."""
        return {client['program']: client for client in self._ask('aempd::clients')}

    def _ask(self, request):
        name = self.port_name()
        self.send(['', request, self.port_id(name)])
        return self.recv_until([name])[1]

    def wait_state(self, ask, condition, timeout=None):
        """Asks until condition(answer) is true; returns the answer. For what aempd tells nobody by itself."""
        deadline = deadline_after(timeout)
        while not condition(state := ask()):
            if time.monotonic() > deadline:
                raise Timeout(f'still {state!r}')
            time.sleep(0.01)
        return state


# Written to be started fast. The parent's attach line comes as the last argument.
_PROGRAM = """
import os, socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.connect(sys.argv[1])
sock.sendall(sys.argv[2].encode())
answer = b''
while not answer.endswith(b'\\n'):
    octets = sock.recv(1)
    if not octets:
        break
    answer += octets
os.write(1, answer)
while (octets := os.read(0, 1 << 16)):
    sock.sendall(octets)
    os.write(1, b'.')
"""


class Program:
    """A client in a process of its own, to be killed. It sends what it is told to, as JSON, and reads nothing."""

    def __init__(self, daemon, program='program'):
        self.program = program
        self.process = subprocess.Popen([sys.executable, '-ISc', _PROGRAM, daemon.socket_path,
                                         f'aemp-client;1;{escape(program)};;json\n'],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        answer = self.process.stdout.readline().decode().split(';')
        if answer[0] != 'aemp-client':
            raise AttachError(';'.join(answer))
        self.node_id = answer[2]
        self.prefix = next(key[7:] for key in answer if key.startswith('prefix='))

    @property
    def pid(self):
        return self.process.pid

    def port_id(self, name='p'):
        return f'{self.node_id}#{self.prefix}{name}'

    def send(self, octets):
        """Octets, less than 64 KiB of them; returns when they are written to the socket."""
        self.process.stdin.write(octets)
        if self.process.stdout.read(1) != b'.':
            raise Closed('the program has ended')

    def kill9(self):
        """Returns the time at which the signal was sent."""
        at = time.monotonic()
        self.process.kill()
        return at

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
