# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempctl, run to its end or line by line, beside a real aempd or none."""

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

from aemp.cbor import Decoder, encode
from aemp.harness import Aempd
from aemp.peer import TIMEOUT, Timeout, deadline_after

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')

OK, FAILED, USAGE, NO_DAEMON, NO_SUCH, DENIED, TIMED_OUT = range(7)
VERBS = ['status', 'nodes', 'clients', 'snd', 'cal', 'mon', 'kil', 'rcv', 'spawn', 'gensecret', 'gencert']
NOWHERE = 'unix:path=/nonexistent/aempd.sock'

# What stands on the command line, and the message that it is.
MESSAGES = (
    ([], []),
    (['hello'], ['hello']),
    (['hello', 'world'], ['hello', 'world']),
    ([''], ['']),
    (['1', 'null', 'true', ' [1]', '-'], ['1', 'null', 'true', ' [1]', '-']),
    (['tag', '[1,2.5,null,true]', '{"a":{"b":[]}}', '"s"'], ['tag', [1, 2.5, None, True], {'a': {'b': []}}, 's']),
    (['{"a":1}', '[]'], [{'a': 1}, []]),
    (['"[1]"', 'x'], ['[1]', 'x']),
    (['[]'], []),
    (['[1,"x",[2]]'], [1, 'x', [2]]),
    ([' [1]'], [' [1]']),
    (['["tag",{"n":-9223372036854775808}]'], ['tag', {'n': -9223372036854775808}]),
    (['"\\u0000\\u00e4\u20ac\U0001f600"', 'gr\u00fc\u00dfe'], ['\0\u00e4\u20ac\U0001f600', 'gr\u00fc\u00dfe']),
    (['--', '-5', '--json'], ['-5', '--json']),
    (['x', '--', '-5', '--'], ['x', '-5', '--']),
)


def aempctl():
    path = os.environ.get('AEMPCTL')
    if not path:
        raise RuntimeError('AEMPCTL is not set: run the test by "meson test", or say AEMPCTL=/path/to/aempctl')
    return path


def environment(address, **more):
    env = {k: v for k, v in os.environ.items() if k not in ('AEMP_ADDRESS', 'XDG_RUNTIME_DIR', 'NO_COLOR')}
    if address:
        env['AEMP_ADDRESS'] = address
    return env | more


def address_of(daemon):
    return f'unix:path={daemon.socket_path}'


class Running:
    """A program that runs, its stdout read line by line."""

    def __init__(self, *command, address=NOWHERE):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=environment(address))
        self._rest = b''

    def line(self):
        """The next line; None at the end."""
        deadline = deadline_after(None)
        fd = self.process.stdout.fileno()
        while b'\n' not in self._rest:
            if not select.select([fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise Timeout(f'no line, only {self._rest!r}')
            octets = os.read(fd, 65536)
            if not octets:
                return None
            self._rest += octets
        line, _, self._rest = self._rest.partition(b'\n')
        return line.decode()

    def json(self):
        return json.loads(self.line())

    def end(self):
        """Waits; its exit status and stderr."""
        _, err = self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode, err.decode()

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def attached(daemon, program, *, n=1, watched=0):
    """Waits until so many of these are attached, having so many ports that are watched. Asks as an administrator does."""
    deadline = deadline_after(None)
    with daemon.attach() as client:
        while True:
            client.send(['', 'aempd::clients', client.port_id(client.port_name('q'))])
            rows = [row for row in client.recv_until([client.prefix + 'q'])[1] if row['program'] == program]
            if len(rows) >= n and sum(row['watched'] for row in rows) >= watched:
                return rows
            if time.monotonic() > deadline:
                raise Timeout(f'not {n} of {program} with {watched} ports that are watched: {rows!r}')


class Fake:
    """Listens as an aempd does; what it says is up to the test."""

    LINE = b'aemp-client;1;fake;;cbor;prefix=p.1.;max_message=65536\n'

    def __init__(self, talk):
        self.dir = tempfile.TemporaryDirectory(prefix='fake-')
        self.path = os.path.join(self.dir.name, 'sock')
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen()
        self.talk = talk
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            with conn:
                try:
                    self.talk(self, conn)
                except OSError:
                    pass

    @staticmethod
    def until_closed(conn):
        """Reads and drops; closes when asked to."""
        while octets := conn.recv(65536):
            if b'bye' in octets:
                return

    def __enter__(self):
        return f'unix:path={self.path}'

    def __exit__(self, *exc):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(TIMEOUT)
        self.dir.cleanup()


def answering(*answers):
    """An aempd that knows the answers to the questions, in order of coming."""
    left = list(answers)

    def talk(fake, conn):
        conn.recv(4096)
        conn.sendall(Fake.LINE)
        conn.recv(4096)
        conn.sendall(encode(['p.1.1', left.pop(0)]))
        fake.until_closed(conn)
    return talk


def conversing(reply):
    """An aempd that answers each message with those that reply() makes of it."""

    def talk(fake, conn):
        conn.recv(4096)
        conn.sendall(Fake.LINE)
        decoder = Decoder()
        while octets := conn.recv(65536):
            decoder.feed(octets)
            while item := decoder.next():
                if item.value[1:] == ['bye']:
                    return
                conn.sendall(b''.join(encode(message) for message in reply(item.value)))
    return talk


class Case(unittest.TestCase):
    address = NOWHERE

    def run_ctl(self, *args, status=OK, address=None, env=None, program=None, **options):
        """Runs it to its end; it has to exit with that status."""
        done = subprocess.run([program or aempctl(), *args], stdin=subprocess.DEVNULL, env=environment(address or self.address, **(env or {})),
                              **({'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE} | options), timeout=3 * TIMEOUT)
        done.stdout = done.stdout.decode('utf-8', 'replace') if done.stdout is not None else None
        done.stderr = done.stderr.decode('utf-8', 'replace') if done.stderr is not None else ''
        self.assertEqual(done.returncode, status, f'{args}: {done.stdout!r} {done.stderr!r}')
        self.assertNotRegex(done.stderr, 'Sanitizer|runtime error')
        if status != OK:
            self.assertRegex(done.stderr, r'\Aaempctl: ')
        return done

    def out(self, *args, **options):
        done = self.run_ctl(*args, **options)
        self.assertEqual(done.stderr, '')
        return done.stdout

    def out_json(self, *args, **options):
        text = self.out(*args, **options)
        self.assertEqual(text.count('\n'), 1)
        return json.loads(text)

    def err(self, status, *args, **options):
        done = self.run_ctl(*args, status=status, **options)
        self.assertEqual(done.stdout, '')
        return done.stderr

    def start(self, *args, address=None):
        running = Running(aempctl(), *args, address=address or self.address)
        self.addCleanup(running.stop)
        return running

    def ended(self, running, status):
        returncode, err = running.end()
        self.assertEqual(returncode, status, err)
        self.assertNotRegex(err, 'Sanitizer|runtime error')
        return err


class OneNode(Case):
    def setUp(self):
        self.daemon = self.enterContext(Aempd('a'))
        self.address = address_of(self.daemon)

    def client(self, **options):
        client = self.daemon.attach(**options)
        self.addCleanup(client.close)
        return client

    def port(self, **options):
        """A program with a port: the program, the port's name, its ID."""
        client = self.client(**options)
        name = client.port_name()
        return client, name, client.port_id(name)
