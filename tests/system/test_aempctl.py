# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempctl, each verb, option and exit status, against real aempds, and against what only looks like one."""

import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
sys.path.insert(0, os.path.join(SOURCE, 'tests', 'interop'))

from aemp.harness import Aempd, free_port  # noqa: E402
from aemp.peer import TIMEOUT, Timeout, deadline_after  # noqa: E402

OK, FAILED, USAGE, NO_DAEMON, NO_SUCH, DENIED, TIMED_OUT = range(7)
VERBS = ['status', 'nodes', 'clients', 'snd', 'cal', 'mon', 'kil', 'rcv', 'gensecret']
NOWHERE = 'unix:path=/nonexistent/aempd.sock'


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


class Case(unittest.TestCase):
    address = NOWHERE

    def run_ctl(self, *args, status=OK, address=None, env=None, **options):
        """Runs it to its end; it has to exit with that status."""
        done = subprocess.run([aempctl(), *args], stdin=subprocess.DEVNULL, env=environment(address or self.address, **(env or {})),
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


# --- without an aempd -------------------------------------------------------------------------------------


class Help(Case):
    def test_version(self):
        self.assertRegex(self.out('--version'), r'\Aaempctl \d+\.\d+\.\d+\n\Z')
        self.assertRegex(self.out('status', '--version'), r'\Aaempctl ')

    def test_help_names_all_verbs_and_options(self):
        for args in (['--help'], ['-h'], ['help']):
            text = self.out(*args)
            for verb in VERBS:
                self.assertRegex(text, rf'(?m)^  {verb} ')
            for option in ('--address', '--timeout', '--json', '--count', '--help', '--version'):
                self.assertIn(option, text)

    def test_help_of_a_verb(self):
        for verb in VERBS:
            text = self.out('help', verb)
            self.assertTrue(text.startswith(f'Usage: aempctl [OPTION]... {verb}'), text)
            self.assertEqual(self.out(verb, '--help'), text)
            self.assertEqual(self.out('-h', verb), text)

    def test_help_fits_a_terminal(self):
        for args in ([], *([verb] for verb in VERBS)):
            for line in self.out('help', *args).split('\n'):
                self.assertLessEqual(len(line), 109, line)

    def test_the_manual_has_all_verbs_and_options(self):
        with open(os.path.join(SOURCE, 'man', 'aempctl.1.scd'), encoding='utf-8') as f:
            manual = f.read()
        for verb in VERBS:
            self.assertRegex(manual, rf'(?m)^\*{verb}\*')
        for option in re.findall(r'--\w+', self.out('--help')):
            self.assertIn(f'*{option}*', manual)
        for status in range(7):
            self.assertIn(f'\n*{status}*\n', manual)

    def test_help_of_no_verb(self):
        self.assertIn('did you mean', self.err(USAGE, 'help', 'sned'))


class Usage(Case):
    def test_no_verb(self):
        self.assertIn('--help', self.err(USAGE))
        self.assertIn('--help', self.err(USAGE, '--json'))

    def test_a_wrong_verb(self):
        for wrong, right in (('stauts', 'status'), ('send', 'snd'), ('node', 'nodes'), ('client', 'clients'), ('kill', 'kil'),
                             ('call', 'cal'), ('recv', 'rcv'), ('gen', 'gensecret'), ('gensecert', 'gensecret'), ('mno', 'mon')):
            self.assertIn(f"unknown verb '{wrong}', did you mean '{right}'?", self.err(USAGE, wrong))
        for wrong in ('', 'frobnicate', 'x', 'x' * 1000, '[]', '\u00e4\u00f6\u00fc'):
            err = self.err(USAGE, wrong)
            self.assertIn('unknown verb', err)
            self.assertNotIn('did you mean', err)

    def test_too_few_and_too_many(self):
        for verb in ('snd', 'cal', 'mon', 'kil'):
            err = self.err(USAGE, verb)
            self.assertIn('missing', err)
            self.assertIn(f'Usage: aempctl [OPTION]... {verb} PORT', err)
        for args in (['status', 'x'], ['nodes', 'x'], ['clients', 'x'], ['rcv', 'x'], ['gensecret', 'x'], ['mon', 'a#x', 'y']):
            self.assertIn(f"unexpected argument '{args[-1]}'", self.err(USAGE, *args))

    def test_options_that_there_are_not(self):
        for option in ('--frob', '-x', '-5', '--json=1'):
            err = self.err(USAGE, 'snd', 'a#x', option)
            self.assertIn(option.lstrip('-')[0], err)
            self.assertIn("'--'", err)
        for args in (['--address'], ['status', '-t'], ['rcv', '-n']):
            self.assertIn('requires an argument', self.err(USAGE, *args))

    def test_a_wrong_timeout(self):
        for text in ('', '0', '-1', '1s', 'x', '0x10', 'nan', 'inf', '1e9', '1..2', '.', '2000000000', '0.0000001', ' 1'):
            self.assertIn(f"'{text}' is not a time", self.err(USAGE, f'--timeout={text}', 'cal', 'a', 'time'))

    def test_a_wrong_count(self):
        for text in ('', '0', '-1', '+1', '1.5', 'x', '1x', '99999999999999999999999'):
            self.assertIn(f"'{text}' is not a number", self.err(USAGE, 'rcv', '-n', text))
        self.assertIn('no option -n', self.err(USAGE, 'mon', '-n', '1', 'a#x'))
        self.assertIn('no option -n', self.err(USAGE, '--count=2', 'status'))

    def test_what_is_no_port(self):
        for verb in ('snd', 'cal', 'mon', 'kil'):
            for port in ('#x', 'a b', 'a;b#x', '["x"]', '\u00e4#x', 'n' * 300):
                self.assertIn('neither a port ID', self.err(USAGE, verb, port))

    def test_a_node_can_not_be_killed(self):
        for node in ('a', 'a#', ''):
            self.assertIn('is a node', self.err(USAGE, 'kil', node))

    def test_what_is_no_message(self):
        for verb in ('snd', 'cal', 'kil'):
            for arg in ('[', '[1', '{', '"', '"x', '[1]x', '["\\ud800"]', '{"a":1,"a":2}', '[' * 5000, '[99999999999999999999999]'):
                self.assertIn('is not JSON', self.err(USAGE, verb, 'a#x', arg))
            self.assertIn('is not JSON', self.err(USAGE, verb, 'a#x', 'ok', '{x'))
            self.assertIn('whole message', self.err(USAGE, verb, 'a#x', '[1]', 'more'))
            self.assertIn('not UTF-8', self.err(USAGE, verb, 'a#x', b'\xff\xfe'))

    def test_complaints_do_not_drive_the_terminal(self):
        for arg in ('\x1b[2J', '\u009b2J', 'a\nb', '\x7f'):
            self.assertNotRegex(self.err(USAGE, arg).rstrip('\n').split('\n')[0], '[\x00-\x1f\x7f-\x9f]')


class GenSecret(Case):
    def test_it_is_long_and_each_one_is_new(self):
        secrets = [self.out('gensecret') for _ in range(3)]
        for secret in secrets:
            self.assertRegex(secret, r'\A[0-9A-Za-z]{64,}\n\Z')
        self.assertEqual(len(set(secrets)), 3)

    def test_no_character_comes_more_often(self):
        text = ''.join(self.out('gensecret').strip() for _ in range(100))
        counts = {c: text.count(c) for c in set(text)}
        self.assertEqual(len(counts), 62)
        # 8 of 62: 826 expected, with a standard deviation of 27; a plain modulo gives 1000
        self.assertLess(sum(text.count(c) for c in '01234567'), 826 + 6 * 27)
        self.assertLess(max(counts.values()), 103 + 8 * 10)


class Completion(Case):
    def complete(self, *words):
        script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _aempctl 2>/dev/null; printf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(['bash', '-c', script, 'bash', os.path.join(SOURCE, 'ctl', 'completion', 'aempctl'), 'aempctl', *words],
                              stdout=subprocess.PIPE, text=True, check=True, env=environment(self.address))
        return done.stdout.split()

    def test_verbs_and_options(self):
        self.assertEqual(sorted(self.complete('')), sorted([*VERBS, 'help']))
        self.assertEqual(self.complete('s'), ['status', 'snd'])
        self.assertEqual(self.complete('help', 'g'), ['gensecret'])
        self.assertEqual(self.complete('status', '--j'), ['--json'])
        options = self.complete('-')
        for option in options:
            self.assertIn(option.rstrip('='), self.out('--help'))


# --- attaching --------------------------------------------------------------------------------------------


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


def cbor(value):
    from aemp.cbor import encode
    return encode(value)


def answering(*answers):
    """An aempd that knows the answers to the questions, in order of coming."""
    left = list(answers)

    def talk(fake, conn):
        conn.recv(4096)
        conn.sendall(Fake.LINE)
        conn.recv(4096)
        conn.sendall(cbor(['p.1.1', left.pop(0)]))
        fake.until_closed(conn)
    return talk


class Attaching(Case):
    def test_no_aempd(self):
        err = self.err(NO_DAEMON, 'status')
        self.assertIn('/nonexistent/aempd.sock: No such file or directory', err)
        self.assertIn('systemctl start aempd', err)
        self.assertIn('--address=', err)
        for args in (['nodes'], ['clients'], ['snd', 'a#x'], ['cal', 'a#x'], ['mon', 'a#x'], ['kil', 'a#x'], ['rcv']):
            self.err(NO_DAEMON, *args)

    def test_a_socket_that_nobody_listens_on(self):
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, 'sock')
            with socket.socket(socket.AF_UNIX) as s:
                s.bind(path)
                self.assertIn('Connection refused', self.err(NO_DAEMON, f'--address=unix:path={path}', 'status'))

    def test_a_wrong_address(self):
        self.assertIn('/run/x', self.err(USAGE, '--address=/run/x', 'status'))
        self.assertIn('AEMP_ADDRESS', self.err(USAGE, 'status', address='tcp:x'))
        self.err(USAGE, '-a', 'unix:path=' + 'x' * 200, 'status')

    def test_no_permission(self):
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, 'sock')
            with socket.socket(socket.AF_UNIX) as s:
                s.bind(path)
                s.listen()
                os.chmod(path, 0)
                os.chmod(d, 0o755)
                user = {'user': 65534, 'group': 65534, 'extra_groups': []} if os.getuid() == 0 else {}
                self.assertIn('Permission denied', self.err(DENIED, '-a', f'unix:path={path}', 'status', **user))

    def test_it_says_no(self):
        def talk(fake, conn):
            conn.recv(4096)
            conn.sendall(b'error;go away\x1b[2J\n')
        with Fake(talk) as address:
            err = self.err(FAILED, 'status', address=address)
            self.assertIn('go away', err)
            self.assertNotIn('\x1b', err)

    def test_it_is_something_else(self):
        def talk(fake, conn):
            conn.sendall(b'220 smtp ready\n')
            fake.until_closed(conn)
        with Fake(talk) as address:
            self.err(FAILED, 'status', address=address)

    def test_it_closes(self):
        with Fake(lambda fake, conn: None) as address:
            self.err(FAILED, 'status', address=address)

    def test_it_closes_in_the_middle(self):
        def talk(fake, conn):
            conn.recv(4096)
            conn.sendall(Fake.LINE)
            conn.recv(4096)
        with Fake(talk) as address:
            self.assertIn('connection to aempd was lost', self.err(NO_DAEMON, 'status', address=address))

    def test_it_says_nothing(self):
        def talk(fake, conn):
            fake.until_closed(conn)
        with Fake(talk) as address:
            self.err(TIMED_OUT, 'status', address=address)  # 10 s, of aemp_open()

    def test_it_never_answers(self):
        def talk(fake, conn):
            conn.recv(4096)
            conn.sendall(Fake.LINE)
            fake.until_closed(conn)
        with Fake(talk) as address:
            for args in (['status'], ['nodes'], ['clients'], ['snd', 'b#x'], ['kil', 'b#x'], ['cal', 'b#x'], ['mon', 'b#x'], ['cal', '']):
                self.assertIn('within 0.05 s', self.err(TIMED_OUT, '-t', '0.05', *args, address=address))

    def refusal(self, code):
        def talk(fake, conn):
            conn.recv(4096)
            conn.sendall(Fake.LINE)
            conn.recv(4096)
            conn.sendall(cbor(['', 'refused', 'aempd::status', code, 'because\x1b of this', 'fake#p.1.1']))
            fake.until_closed(conn)
        return Fake(talk)

    def test_refusals(self):
        for code, status in (('denied', DENIED), ('invalid', USAGE), ('unknown', FAILED), ('limit', FAILED), ('later', FAILED)):
            with self.refusal(code) as address:
                err = self.err(status, 'status', address=address)
                self.assertIn(f"aempd refused 'aempd::status' ({code}): because? of this", err)

    def test_answers_of_another_version(self):
        for answer in ({}, [], None, 'x', 1, {'seeds': 1, 'counters': [], 'binds': {}}, [1, None, {}], [{'node': 1}, {'reason': {}}]):
            for verb in ('status', 'nodes', 'clients'):
                with Fake(answering(answer, answer)) as address:
                    self.out(verb, address=address)
                with Fake(answering(answer)) as address:
                    self.assertEqual(self.out_json(verb, '--json', address=address), answer)

    def test_tables_do_not_drive_the_terminal(self):
        evil = 'evil\x1b[2J\x07\u009b2J\nx'
        nodes = [{'node': evil, 'state': 'down', 'reason': [evil, evil, [evil], {}]}]
        status = {'node': evil, 'aempd': evil, 'binds': [evil], 'seeds': [{'address': evil, 'node': evil, 'connected': False}]}
        with Fake(answering(nodes)) as address:
            lines = self.out('nodes', address=address)
            self.assertEqual(lines.count('\n'), 2)
        with Fake(answering(status, nodes)) as address:
            lines += self.out('status', address=address)
        self.assertNotRegex(lines.replace('\n', ''), '[\x00-\x1f\x7f-\x9f]')


# --- one node ---------------------------------------------------------------------------------------------


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


class Addresses(OneNode):
    def test_all_ways_to_say_it(self):
        for args in ([f'--address={self.address}'], ['--address', self.address], ['-a', self.address], [f'-a{self.address}']):
            self.out('status', *args, address=NOWHERE)
            self.out(*args, 'status', address=NOWHERE)

    def test_the_option_wins(self):
        self.err(NO_DAEMON, f'--address={NOWHERE}', 'status')

    def test_the_users_own(self):
        os.mkdir(os.path.join(self.daemon.dir, 'aempd'))
        os.symlink(self.daemon.socket_path, os.path.join(self.daemon.dir, 'aempd', 'aempd.sock'))
        done = subprocess.run([aempctl(), 'cal', '', 'time'], env=environment(None, XDG_RUNTIME_DIR=self.daemon.dir), check=True,
                              stdout=subprocess.PIPE, timeout=TIMEOUT)
        self.assertTrue(json.loads(done.stdout))


class Snd(OneNode):
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

    def test_messages(self):
        for framings in (('json',), ('cbor',)):
            client, name, port = self.port(framings=framings)
            for args, message in self.MESSAGES:
                self.assertEqual(self.out('snd', port, *args), '')
                self.assertEqual(client.recv_until([name]), [name, *message])

    def test_it_has_arrived_when_it_ends(self):
        client, name, port = self.port()
        for i in range(20):
            self.out('snd', port, str(i))
        client.sync()
        self.assertEqual([m for m in client.messages if m[0] == name], [[name, str(i)] for i in range(20)])

    def test_no_such_port(self):
        client, name, port = self.port()
        for wrong in ('a#x', f'a#{client.prefix}', port.replace('a#', 'a#x')):
            self.assertIn(f'no such port: {wrong}', self.err(NO_SUCH, 'snd', wrong, 'hello'))
        client.bye()
        self.assertIn(f'no such port: {port}', self.err(NO_SUCH, 'snd', port, 'hello'))

    def test_odd_names_of_ports(self):
        for port in ('a#x y', 'a#\u00e4', 'a#x#y', 'a#x#', 'a##'):
            self.assertIn('no such port', self.err(NO_SUCH, 'snd', port, 'hello'))
            self.assertEqual(self.out_json('mon', port)[2], port)
        self.assertIn('is not a port ID', self.err(USAGE, 'snd', 'a#' + 'x' * 300, 'hello'))

    def test_the_own_node_port(self):
        for node in ('', 'a', 'a#'):
            self.out('snd', node, 'devnull', 'x')

    def test_refused(self):
        self.assertIn("'frobnicate' (unknown)", self.err(FAILED, 'snd', '', 'frobnicate'))
        self.err(FAILED, 'snd', 'a', '[1]')
        self.assertIn('(invalid)', self.err(USAGE, 'snd', '', 'mon1'))

    def test_no_such_node(self):
        for port in ('host9#x', 'host9'):
            self.assertIn("node host9 can't be reached", self.err(NO_SUCH, 'snd', port, 'hello'))


class TooLarge(Case):
    def test_a_message(self):
        with Aempd('a', settings={'max_message': 2048}) as daemon:
            for verb in ('snd', 'cal'):
                self.assertIn('larger', self.err(FAILED, verb, 'a', 'devnull', 'x' * 4096, address=address_of(daemon)))


class Cal(OneNode):
    def test_the_time(self):
        for node in ('', 'a', 'a#'):
            [now] = self.out_json('cal', node, 'time')
            self.assertAlmostEqual(now, time.time(), delta=TIMEOUT)

    def test_arguments_and_reply(self):
        client, name, port = self.port()
        for args, message in Snd.MESSAGES:
            running = self.start('cal', port, *args)
            request = client.recv_until([name])
            self.assertEqual(request[1:-1], message)
            client.send([request[-1], 'pong', *request[1:-1]], [request[-1], 'this one is too late'])
            self.assertEqual(running.json(), ['pong', *message])
            self.ended(running, OK)

    def test_an_empty_reply(self):
        client, name, port = self.port()
        running = self.start('cal', port)
        client.send([client.recv_until([name])[1]])
        self.assertEqual(running.json(), [])
        self.ended(running, OK)

    def test_no_such_port_and_node(self):
        self.assertIn('no such port: a#x', self.err(NO_SUCH, 'cal', 'a#x', 'hello'))
        self.assertIn("node host9 can't be reached", self.err(NO_SUCH, 'cal', 'host9', 'time'))

    def test_a_port_that_only_its_process_knows_to_be_dead(self):
        client, name, port = self.port()
        running = self.start('cal', port, 'x')
        client.recv_until(['', 'mon1', name])
        client.send(['', 'kil0', name, 'no_such_port', 'gone', port])
        self.assertIn('no such port', self.ended(running, NO_SUCH))

    def test_it_dies_in_the_middle(self):
        for reason, text in (([], 'normally'), (['die', 'so what'], 'die: so what')):
            client, name, port = self.port()
            running = self.start('cal', port, 'x')
            client.recv_until([name])
            client.send(['', 'kil0', name, *reason])
            self.assertIn(f'{port} died: ', err := self.ended(running, FAILED))
            self.assertIn(text, err)

    def test_its_process_dies(self):
        client, name, port = self.port(program='worker')
        running = self.start('cal', port, 'x')
        client.recv_until([name])
        client.close()
        self.assertRegex(self.ended(running, FAILED), rf'died: detached: worker, {os.getpid()}')

    def test_nobody_replies(self):
        client, name, port = self.port()
        begin = time.monotonic()
        self.assertIn('no reply within 0.2 s', self.err(TIMED_OUT, '-t', '0.2', 'cal', port, 'x'))
        self.assertGreaterEqual(time.monotonic() - begin, 0.2)

    def test_five_seconds_unless_told(self):
        client, name, port = self.port()
        begin = time.monotonic()
        self.assertIn('within 5 s', self.err(TIMED_OUT, 'cal', port, 'x'))
        self.assertGreaterEqual(time.monotonic() - begin, 5)

    def test_without_a_limit(self):
        self.out_json('cal', '-t', 'infinity', '', 'time')

    def test_refused(self):
        self.assertIn("'frob' (unknown)", self.err(FAILED, 'cal', '', 'frob'))


class Mon(OneNode):
    def watched(self, **options):
        client, name, port = self.port(**options)
        running = self.start('mon', port)
        client.recv_until(['', 'mon1', name])
        return client, name, running

    def test_reasons(self):
        for reason in ([], ['die'], ['die', 'of \u00e4ge', 42, {'a': [None]}]):
            client, name, running = self.watched()
            client.send(['', 'kil0', name, *reason])
            self.assertEqual(running.json(), reason)
            self.ended(running, OK)

    def test_the_process_ends(self):
        client, name, running = self.watched()
        client.bye()
        self.assertEqual(running.json(), [])
        client, name, running = self.watched(program='worker')
        client.close()
        self.assertEqual(running.json(), ['detached', 'worker', os.getpid()])
        self.ended(running, OK)

    def test_what_does_not_exist(self):
        reason = self.out_json('mon', 'a#x')
        self.assertEqual((reason[0], reason[2]), ('no_such_port', 'a#x'))
        self.assertEqual(self.out_json('mon', 'host9')[:2], ['transport_error', 'host9'])
        self.assertEqual(self.out_json('mon', 'host9#x')[:2], ['transport_error', 'host9'])

    def test_it_lives(self):
        client, name, port = self.port()
        self.assertIn('did not die within 0.1 s', self.err(TIMED_OUT, 'mon', port, '--timeout=0.1'))
        client.recv_until(['', 'mon0', name])

    def test_aempd_goes_away(self):
        for target in ('', 'a'):
            with Aempd('a') as daemon:
                running = self.start('mon', target, address=address_of(daemon))
                attached(daemon, 'aempctl')
                daemon.stop()
            self.assertEqual(running.json()[:2], ['transport_error', 'a'])
            self.ended(running, OK)


class Kil(OneNode):
    def test_reasons(self):
        client, name, port = self.port()
        for args, reason in Snd.MESSAGES:
            self.assertEqual(self.out('kil', port, *args), '')
            self.assertEqual(client.recv_until(['', 'kil1']), ['', 'kil1', name, *reason])

    def test_what_does_not_exist(self):
        self.out('kil', 'a#x')
        self.out('kil', 'a#x', 'die', 'now')

    def test_no_such_node(self):
        self.assertIn("node host9 can't be reached", self.err(NO_SUCH, 'kil', 'host9#x'))


class Rcv(OneNode):
    def receiver(self, *args):
        running = self.start('rcv', *args)
        port = running.line()
        self.assertRegex(port, r'\Aa#\S+\Z')
        return running, port

    def test_messages(self):
        running, port = self.receiver()
        client = self.client()
        messages = [message for _, message in Snd.MESSAGES]
        client.send(*([port, *message] for message in messages))
        self.assertEqual([running.json() for _ in messages], messages)

    def test_so_many(self):
        running, port = self.receiver('-n', '2')
        client = self.client()
        client.send(*([port, i] for i in range(5)))
        self.assertEqual([running.json(), running.json()], [[0], [1]])
        self.assertIsNone(running.line())
        self.assertEqual(self.ended(running, OK), '')
        running, port = self.receiver('--count=1')
        client.send([port])
        self.assertEqual(running.line(), '[]')
        self.ended(running, OK)

    def test_its_end_is_a_normal_one(self):
        running, port = self.receiver('-n1')
        client = self.client()
        client.send(['', 'mon1', port], [port])
        self.assertEqual(client.recv_until(['', 'kil0', port]), ['', 'kil0', port])

    def test_all_of_very_many(self):
        running, port = self.receiver('-n', '20000')
        client = self.client(framings=('cbor',))
        client.send(*([port, i, 'x' * 100] for i in range(20000)))
        for i in range(20000):
            self.assertEqual(running.json()[0], i)
        self.ended(running, OK)

    def test_lines_are_lines_and_harm_no_terminal(self):
        text = ''.join(map(chr, range(0x20))) + '\x7f\x80\x9b\x9f\xa0\u00e4\u20ac\U0001f600"\\/'
        for framings in (('json',), ('cbor',)):
            running, port = self.receiver('-n1')
            self.client(framings=framings).send([port, text, {text: [text]}])
            line = running.line()
            self.assertEqual(json.loads(line), [text, {text: [text]}])
            self.assertNotRegex(line, '[\x00-\x1f\x7f-\x9f]')
            self.assertIn('\xa0\u00e4\u20ac\U0001f600', line)

    def test_octets_are_characters(self):
        running, port = self.receiver('-n1')
        self.client(framings=('cbor',)).send([port, b'\x00\x9b\xe4'])
        self.assertEqual(running.json(), ['\x00\x9b\xe4'])

    def test_killed(self):
        running, port = self.receiver()
        self.out('kil', port)
        self.assertIsNone(running.line())
        self.assertEqual(self.ended(running, OK), '')

    def test_killed_with_a_reason(self):
        running, port = self.receiver()
        self.out('kil', port, 'die', 'because')
        self.assertIn('died: die: because', self.ended(running, FAILED))

    def test_its_death_is_noticed(self):
        running, port = self.receiver()
        watcher = self.start('mon', port)
        attached(self.daemon, 'aempctl', watched=1)
        running.process.kill()
        self.assertEqual(watcher.json(), ['detached', 'aempctl', running.process.pid])
        self.ended(watcher, OK)

    def test_too_few(self):
        running, port = self.receiver('-n', '2', '-t', '0.2')
        self.client().send([port])
        self.assertEqual(running.line(), '[]')
        self.assertIn('within 0.2 s', self.ended(running, TIMED_OUT))

    def test_aempd_goes_away(self):
        with Aempd('a') as daemon:
            running = self.start('rcv', address=address_of(daemon))
            running.line()
            daemon.kill9()
            self.assertIn('connection to aempd was lost', self.ended(running, NO_DAEMON))


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


class Output(OneNode):
    """What can go wrong with stdout."""

    COMMANDS = (['status'], ['status', '-j'], ['nodes'], ['clients', '-j'], ['cal', '', 'time'], ['mon', 'a#x'], ['rcv'], ['gensecret'],
                ['--help'], ['--version'], ['help', 'snd'])

    def test_no_space(self):
        for args in self.COMMANDS:
            with open('/dev/full', 'wb', buffering=0) as full:
                done = self.run_ctl(*args, status=FAILED, stdout=full)
                self.assertEqual(done.stderr, "aempctl: can't write: No space left on device\n")

    def test_nobody_reads(self):
        for args in self.COMMANDS:
            r, w = os.pipe()
            os.close(r)
            self.run_ctl(*args, status=FAILED, stdout=w)
            os.close(w)

    def test_closed(self):
        for args in self.COMMANDS:
            done = self.run_ctl(*args, status=FAILED, stdout=None, preexec_fn=lambda: os.close(1))
            self.assertEqual(done.stderr, "aempctl: can't write: Bad file descriptor\n")

    def test_all_are_closed(self):
        for command, status in (('snd "" devnull', OK), ('cal "" time', FAILED), ('snd "#"', USAGE)):
            done = subprocess.run(['bash', '-c', f'exec "$AEMPCTL" {command} <&- >&- 2>&-'], check=False,
                                  env=environment(self.address), timeout=TIMEOUT)
            self.assertEqual(done.returncode, status)

    def test_the_reader_of_rcv_goes_away(self):
        running = self.start('rcv')
        running.line()
        running.process.stdout.close()
        returncode = running.process.wait(TIMEOUT)
        self.assertEqual(returncode, FAILED)

    def test_the_reader_of_mon_goes_away(self):
        client, name, port = self.port()
        running = self.start('mon', port)
        client.recv_until(['', 'mon1', name])
        running.process.stdout.close()
        self.assertEqual(running.process.wait(TIMEOUT), FAILED)

    def test_colours(self):
        def on_terminal(**env):
            master, slave = pty.openpty()
            self.run_ctl('status', stdout=slave, env={'TERM': 'xterm'} | env)
            os.close(slave)
            text = b''
            try:
                while octets := os.read(master, 65536):
                    text += octets
            except OSError:
                pass
            os.close(master)
            return text
        self.assertIn(b'\x1b[', on_terminal())
        self.assertNotIn(b'\x1b', on_terminal(NO_COLOR='1'))
        self.assertNotIn(b'\x1b', on_terminal(TERM='dumb'))
        self.assertNotIn('\x1b', self.out('status', env={'TERM': 'xterm'}))


def documented_keys(title):
    """The keys of one table of docs/attach.md, section 5."""
    with open(os.path.join(SOURCE, 'docs', 'attach.md'), encoding='utf-8') as f:
        text = f.read()
    text = text[text.index(f'`aempd::{title}`'):] if title == 'status' else text[text.index(f'`aempd::{title}`, one map'):]
    if title == 'clients':
        return set(re.findall(r'`(\w+)`', text[:text.index('\n\n')]))
    rows = re.search(r'\n\| key .*?\n\n', text, re.S)[0].split('\n')[3:]
    return {key for row in rows if row for key in re.findall(r'`(\w+)`', row.split('|')[1])}


class Shown(OneNode):
    def test_keys_are_those_of_the_manual(self):
        status = self.out_json('status', '--json')
        self.assertEqual(set(status), documented_keys('status'))
        self.assertEqual(status['node'], 'a')
        self.assertEqual(status['pid'], self.daemon.pid)
        [client] = self.out_json('-j', 'clients')
        self.assertEqual(set(client), documented_keys('clients'))

    def test_keys_of_nodes(self):
        with self.daemon.peer('p'):
            self.daemon.wait_log('node is up')
            [node] = self.out_json('nodes', '-j')
            self.assertEqual(set(node), documented_keys('nodes') | {'watching'})

    def test_all_is_well(self):
        text = self.out('status')
        self.assertTrue(text.startswith(f'a: aempd 0.1.0, pid {self.daemon.pid}, up '), text)
        self.assertTrue(text.endswith('\nAll is well.\n'), text)
        self.assertIn(f'Listens: {self.daemon.binds[0]}\n', text)
        self.assertIn('Clients: 1\n', text)
        self.assertNotIn('Losses', text)

    def test_losses_are_told(self):
        self.err(NO_SUCH, 'snd', 'a#x')
        self.assertRegex(self.out('status'), r'Losses: 1 for no such port')

    def test_clients(self):
        client = self.client(program='a program')
        header, *rows = self.out('clients').rstrip('\n').split('\n')
        self.assertRegex(header, r'\A *CLIENT +PROGRAM +PID +USER +SINCE +PREFIX ')
        row = next(row for row in rows if 'a program' in row)
        self.assertIn(f' {os.getpid()} ', row)
        self.assertIn(client.prefix, row)
        # aligned: a column's text begins where its heading begins, or ends where it ends
        self.assertEqual(row.index('a program'), header.index('PROGRAM'))
        self.assertEqual(row.index(client.prefix), header.index('PREFIX'))
        self.assertEqual(row.index(f' {os.getpid()} ') + len(str(os.getpid())), header.index(' PID ') + 3)
        numbers = [int(re.match(r' *(\d+)', row)[1]) for row in rows]
        self.assertEqual(numbers, sorted(numbers))

    def test_no_nodes(self):
        self.assertEqual(self.out('nodes').count('\n'), 1)
        self.assertEqual(self.out_json('nodes', '--json'), [])

    def test_nodes_that_come_and_go(self):
        peer = self.daemon.peer('p')
        self.daemon.wait_log('node is up')
        header, row = self.out('nodes').rstrip('\n').split('\n')
        self.assertRegex(header, r'\ANODE +STATE +SINCE +ADDRESS +LINK ')
        self.assertRegex(row, r'\Ap +up +(now|\d+s ago) +127\.0\.0\.1:\d+ +in ')
        self.assertIn('All is well.', self.out('status'))
        peer.close()
        self.daemon.wait_log('node is down')
        self.assertRegex(self.out('nodes').split('\n')[1], r'\Ap +down .* transport_error: p, \S')
        self.assertRegex(self.out('status'), r'\n\n! node p has been down for \d+m?s: transport_error: p, .*\n\Z')

    def test_a_seed_that_is_not_there(self):
        seed = f'127.0.0.1:{free_port()}'
        with Aempd('b', seeds=[seed, self.daemon.binds[0]]) as b:
            b.wait_log('node is up')
            text = self.out('status', address=address_of(b))
            self.assertIn(f'\n! seed {seed} is not connected\n', text)
            self.assertIn('Seeds: 1 of 2 connected', text)
            self.assertNotIn('All is well', text)


# --- two nodes --------------------------------------------------------------------------------------------


class TwoNodes(OneNode):
    def setUp(self):
        super().setUp()
        self.other = self.enterContext(Aempd('b', seeds=[self.daemon.binds[0]]))
        self.daemon.wait_log('node is up')
        self.other.wait_log('node is up')

    def far_port(self, **options):
        client = self.other.attach(**options)
        self.addCleanup(client.close)
        name = client.port_name()
        return client, name, client.port_id(name)

    def test_snd(self):
        client, name, port = self.far_port()
        for args, message in Snd.MESSAGES:
            self.out('snd', port, *args)
            self.assertEqual(client.recv_until([name]), [name, *message])
        self.out('snd', 'b', 'devnull')
        self.assertIn('no such port: b#x', self.err(NO_SUCH, 'snd', 'b#x', 'hello'))

    def test_snd_denied(self):
        for message in (['mon1', 'x'], ['kil0', 'x'], ['aempd::status'], ['g_slave']):
            self.assertIn("'snd' (denied)", self.err(DENIED, 'snd', 'b', *message))
            self.assertIn("'snd' (denied)", self.err(DENIED, 'cal', 'b', *message))

    def test_cal(self):
        self.assertAlmostEqual(self.out_json('cal', 'b', 'time')[0], time.time(), delta=TIMEOUT)
        self.assertIn('no such port', self.err(NO_SUCH, 'cal', 'b#x', 'time'))

    def test_mon_and_kil(self):
        receiver = self.start('rcv', address=address_of(self.other))
        port = receiver.line()
        self.assertTrue(port.startswith('b#'))
        watcher = self.start('mon', port)
        attached(self.other, 'aempctl', watched=1)
        self.out('kil', port, 'die', 'so be it')
        self.assertEqual(watcher.json(), ['die', 'so be it'])
        self.assertIn('so be it', self.ended(receiver, FAILED))
        self.ended(watcher, OK)
        self.out('kil', 'b#x')

    def test_a_node_dies(self):
        client, name, port = self.far_port()
        watchers = [self.start('mon', 'b'), self.start('mon', port)]
        call = self.start('cal', '-t', 'infinity', port, 'x')
        attached(self.daemon, 'aempctl', n=3)
        client.recv_until([name])
        client.recv_until(['', 'mon1', name]) if ['', 'mon1', name] not in client.messages else None
        self.out('cal', 'b', 'time')
        self.other.kill9()
        self.assertEqual(watchers[0].json()[:2], ['transport_error', 'b'])
        self.assertEqual(watchers[1].json()[:2], ['transport_error', 'b'])
        self.assertIn("node b can't be reached", self.ended(call, NO_SUCH))
        self.assertIn("node b can't be reached", self.err(NO_SUCH, 'snd', port, 'hello'))
        self.assertIn("node b can't be reached", self.err(NO_SUCH, 'kil', port))

    def test_a_node_that_does_not_answer(self):
        self.other.pause()
        self.assertIn('may still arrive', self.err(TIMED_OUT, '-t', '0.2', 'snd', 'b#x', 'hello'))
        self.assertIn('may still die', self.err(TIMED_OUT, '-t', '0.2', 'kil', 'b#x'))
        self.assertIn('no reply', self.err(TIMED_OUT, '-t', '0.2', 'cal', 'b#x', 'hello'))
        self.other.resume()


class AttachScript(OneNode):
    """examples/attach.sh: the attach protocol without the library."""

    def script(self):
        running = Running(os.path.join(SOURCE, 'examples', 'attach.sh'), self.daemon.socket_path)
        self.addCleanup(running.stop)
        return running, running.line()

    def call(self, port, *args, **options):
        """It starts jq twice for each message, which takes its time on a busy machine."""
        return self.out_json('cal', f'--timeout={2 * TIMEOUT}', port, *args, **options)

    def test_calls(self):
        running, port = self.script()
        self.assertEqual(self.call(port, 'ping'), ['pong'])
        for args, reply in (
                ([], []),
                (['x', '1', '[2.5,null]'], ['x', '1', [2.5, None]]),
                (['"\\n"', '{"a":"\\u00e4 \'$(x)"}'], ['\n', {'a': '\u00e4 \'$(x)'}]),
                (['[[],null]'], [[], None]),
                (['\'"`', '--', '-n', '-e'], ['\'"`', '-n', '-e']),
        ):
            self.assertEqual(self.call(port, *args), reply)

    def test_strangers_do_not_speak_for_it(self):
        running, port = self.script()
        for message in (['bye', 'a'], ['bye', ''], ['bye', 'a#'], ['ping', ''], ['ping', 'a'], [['bye'], ''], [], ['x', 5], ['bye', None], ['ping']):
            self.out('snd', port, json.dumps(message))
        self.assertEqual(self.call(port, 'ping'), ['pong'])

    def test_what_jq_can_not_read(self):
        running, port = self.script()
        self.out('snd', port, '[' * 400 + ']' * 400)
        self.assertEqual(self.call(port, 'ping'), ['pong'])

    def test_monitors(self):
        running, port = self.script()
        client = self.client()
        client.send(['', 'mon1', port], ['', 'mon1', port + '0'], ['', 'mon1', port], ['', 'mon0', port], ['', 'mon1', port])
        self.assertEqual(client.recv()[:4], ['', 'kil0', port + '0', 'no_such_port'])
        self.out('kil', port, 'die', 'because', '{"a":[1]}')
        self.assertEqual(client.recv(), ['', 'kil0', port, 'die', 'because', {'a': [1]}])
        self.assertEqual(self.ended(running, OK), '')

    def test_stop(self):
        running, port = self.script()
        client = self.client()
        client.send(['', 'mon1', port], [port, 'stop'])
        self.assertEqual(client.recv(), ['', 'kil0', port])
        self.assertEqual(self.ended(running, OK), '')

    def test_down_is_answered(self):
        running, port = self.script()
        with Aempd('b', seeds=[self.daemon.binds[0]]) as b:
            self.assertEqual(self.call(port, 'ping', address=address_of(b)), ['pong'])
            b.kill9()
            attached(self.daemon, 'attach.sh')
            b.start()
            # if it had not been, the answer would be dropped
            self.assertEqual(self.call(port, 'ping', address=address_of(b)), ['pong'])

    def test_aempd_goes_away(self):
        running, port = self.script()
        self.daemon.stop()
        self.assertIn('aempd went away', self.ended(running, FAILED))

    def test_aempd_is_not_there(self):
        self.daemon.stop()
        running, port = self.script()
        self.assertIsNone(port)
        self.assertIn('no aempd there', self.ended(running, FAILED))


class Interrupted(OneNode):
    def test_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            running = self.start('rcv')
            running.line()
            running.process.send_signal(number)
            running.process.communicate(timeout=TIMEOUT)
            self.assertEqual(running.process.returncode, -number)

    def test_stopped_and_continued(self):
        running = self.start('rcv', '-n1')
        port = running.line()
        running.process.send_signal(signal.SIGSTOP)
        self.client().send([port, 'x'])
        running.process.send_signal(signal.SIGCONT)
        self.assertEqual(running.json(), ['x'])
        self.ended(running, OK)


if __name__ == '__main__':
    unittest.main()
