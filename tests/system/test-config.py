# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempd's command line and configuration, and what it makes of them: sockets, files, log, memory, exit status."""

import grp
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
sys.path.insert(0, os.path.join(SOURCE, 'tests', 'interop'))

from aemp.handshake import HandshakeError  # noqa: E402
from aemp.harness import Aempd, free_port  # noqa: E402
from aemp.peer import Closed  # noqa: E402

AEMPD = os.environ['AEMPD']
OK, FAILED, USAGE, CONFIG = 0, 1, 2, 78


def run(*args, **options):
    return subprocess.run([AEMPD, *args], capture_output=True, text=True, timeout=30, **options)


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory(prefix='aempd-config-')
        self.addCleanup(self.dir.cleanup)

    def path(self, name):
        return os.path.join(self.dir.name, name)

    def file(self, name, text, mode=0o600):
        path = self.path(name)
        with open(path, 'w', encoding='utf-8') as f:
            os.fchmod(f.fileno(), mode)
            f.write(text)
        return path

    def daemon(self, **options):
        daemon = Aempd(**options)
        self.addCleanup(daemon.cleanup)
        return daemon

    def attach(self, daemon, **options):
        client = daemon.attach(**options)
        self.addCleanup(client.close)
        return client

    def peer(self, daemon):
        peer = daemon.peer()
        self.addCleanup(peer.close)
        return peer

    def fails(self, daemon, status, text):
        daemon.start(ready=False)
        self.assertEqual(daemon.wait(), status, daemon.log())
        self.assertIn(text, daemon.log())


class CommandLine(Case):
    def test_help(self):
        for option in ('--help', '-h'):
            p = run(option)
            self.assertEqual((p.returncode, p.stderr), (OK, ''))
            for name in ('--config', '--profile', '--socket', '--check', '--version', '--help'):
                self.assertIn(name, p.stdout)

    def test_version(self):
        p = run('--version')
        self.assertEqual((p.returncode, p.stderr), (OK, ''))
        self.assertRegex(p.stdout, r'^aempd \d+\.\d+\.\d+\n$')

    def test_wrong(self):
        for args in (['--frobnicate'], ['-x'], ['--config'], ['file'], ['--check', 'file'], ['--check=yes'],
                     ['--socket=relative']):
            with self.subTest(args):
                p = run(*args)
                self.assertEqual((p.returncode, p.stdout), (USAGE, ''))
                self.assertTrue(p.stderr.endswith("Try 'aempd --help'.\n"), p.stderr)


class Check(Case):
    def check(self, *args, **options):
        p = run('--check', *args, **options)
        return p.returncode, p.stdout, p.stderr

    def test_fine(self):
        path = self.file('aempd.conf', 'default = { nodeid = "x"; };')
        self.assertEqual(self.check(f'--config={path}'), (OK, f'{path}: ok\n', ''))

    def test_all_that_is_wrong_comes_at_once(self):
        path = self.file('aempd.conf', 'default = {\n nodeid = 3;\n sed = [ ];\n log_level = 12;\n};\n')
        self.assertEqual(self.check(f'--config={path}'), (
            CONFIG, '',
            f'{path}:2: nodeid must be a string\n'
            f'{path}:3: unknown key "sed", did you mean "seeds"?\n'
            f'{path}:4: log_level must be from 1 to 9\n'))

    def test_syntax(self):
        # no string near it: libconfig 1.5 loses one's memory there, which a sanitizer would find
        path = self.file('aempd.conf', 'default = {\n log_level = = 3;\n};\n')
        self.assertEqual(self.check(f'--config={path}'), (CONFIG, '', f'{path}:2: there is no value behind this =\n'))

    def test_what_new_users_write(self):
        for text, what in (
                ('default { log_level = 3; };', 'there is no = behind "default"'),
                ('default = { nodeid = host1; };', 'a string wants double quotes: "host1"'),
                ("default = { nodeid = 'host1'; };", 'a string wants double quotes'),
                ('default = { nodeid = "host1; };', 'this string has no end'),
                ('default = { log_level = 6;', 'this { has no end'),
                ('default = { log_level = 6; }; };', 'this } closes nothing'),
                ('default = { monitor_timeout = 30s; };', '30s is no number'),
                ('default = { seeds = [ "a:1", ]; };', 'there is a comma too many before the ]'),
                ('default = { max_message = 4294967296; };',
                 '4294967296 is too large without an L behind it: write it with an L, 4294967296L'),
                ('default = { nodelay = yes; };', 'yes is no value, write true or false'),
                ('default = { secret = geheim; };', 'a string wants double quotes: "..."'),
                ('default = { secret = "ab\\x00cd"; };', 'there is a NUL octet in this string, \\x00'),
                ('{ "nodeid": "host1" }', 'there is no name before this {: it begins with default = { ... };'),
                ('\ufeffdefault = { };', 'this begins with a byte order mark: save it without one'),
                ('default = { log_level = 6; log_level = 7; };', 'this name is there already, in the same group'),
                ('nodeid = "host1";', 'nodeid belongs into default = { ... };'),
                ('default = { seed = [ ]; };', 'unknown key "seed", did you mean "seeds"?'),
                ('default = { binds = [ "*:4040" ]; };',
                 '"*:4040" can be reached from other hosts: that needs a secret, secret_file or cert'),
        ):
            with self.subTest(text):
                path = self.file('aempd.conf', text)
                self.assertEqual(self.check(f'--config={path}'), (CONFIG, '', f'{path}:1: {what}\n'))

    def test_file_that_is_not_there(self):
        path = self.path('none')
        self.assertEqual(self.check(f'--config={path}'), (CONFIG, '', f'{path}: No such file or directory\n'))

    def test_file_that_is_none(self):
        self.assertEqual(self.check(f'--config={self.dir.name}'), (CONFIG, '', f'{self.dir.name}: not a regular file\n'))

    def test_profile(self):
        path = self.file('aempd.conf', 'profiles = { a = { log_level = 5; }; };')
        self.assertEqual(self.check(f'--config={path}', '--profile=a')[0], OK)
        self.assertEqual(self.check(f'--config={path}', '--profile=b'),
                         (CONFIG, '', f'{path}: there is no profile "b"\n'))

    def test_a_secret_for_everybody(self):
        secret = self.file('secret', 'geheim\n', 0o644)
        path = self.file('aempd.conf', f'default = {{ secret_file = "{secret}"; }};')
        self.assertEqual(self.check(f'--config={path}'),
                         (CONFIG, '', f'{path}:1: everybody may read {secret}: chmod o-r {secret}\n'))

    def test_a_secret_in_a_file_for_everybody(self):
        path = self.file('aempd.conf', 'default = {\n secret = "x"; };', 0o644)
        self.assertEqual(self.check(f'--config={path}'),
                         (CONFIG, '', f'{path}:2: everybody may read {path}: chmod o-r {path}\n'))

    def test_a_warning_is_no_error(self):
        path = self.file('aempd.conf', 'default = { framing_format = [ "json", "storable" ]; };')
        self.assertEqual(self.check(f'--config={path}'), (
            OK, f'{path}: ok\n', f'{path}:1: framing_format: "storable" is for Perl only and left out (warning)\n'))

    def test_drop_ins(self):
        os.mkdir(self.path('aempd.conf.d'))
        path = self.file('aempd.conf', 'default = { log_level = 5; };')
        b = self.file('aempd.conf.d/b.conf', 'default = { log_level = 6; };')
        a = self.file('aempd.conf.d/a.conf', '')
        self.file('aempd.conf.d/c.conf~', 'nonsense')
        self.assertEqual(self.check(f'--config={path}'), (OK, f'{path}: ok\n{a}: ok\n{b}: ok\n', ''))

        os.unlink(path)
        self.assertEqual(self.check(f'--config={path}'), (OK, f'{a}: ok\n{b}: ok\n', ''))

    def test_problems_of_all_files(self):
        os.mkdir(self.path('aempd.conf.d'))
        path = self.file('aempd.conf', 'default = { log_level = 0; };')
        a = self.file('aempd.conf.d/a.conf', 'default = { log_level = ; };')
        b = self.file('aempd.conf.d/b.conf', '\nprofiles = { x = { nodelay = 5; }; };')
        self.assertEqual(self.check(f'--config={path}'), (
            CONFIG, '',
            f'{a}:1: there is no value behind this =\n'
            f'{path}:1: log_level must be from 1 to 9\n'
            f'{b}:2: nodelay must be true or false\n'))

    def test_it_is_the_daemon_that_refuses(self):
        self.fails(self.daemon(text='default = { nodeid = "a b"; };'), CONFIG, 'aempd.conf:1: "a b" is no node ID')


class ManPage(Case):
    """What aempd.conf(5) gives as examples, with its commands run."""

    def blocks(self):
        text = read(os.path.join(SOURCE, 'man', 'aempd.conf.5.scd'))
        return [b.replace('\\\\\n', '\\\n') for b in re.findall(r'^```\n(.*?)^```$', text, re.M | re.S)]

    def test_examples(self):
        self.file('secret', 'geheim\n')
        checked = made = 0
        for block in self.blocks():
            with self.subTest(block):
                if 'openssl' in block:
                    subprocess.run(['sh', '-e', '-c', block], cwd=self.dir.name, check=True, capture_output=True, timeout=60)
                    made += 1
                elif block.startswith('default'):
                    path = self.file('aempd.conf', block.replace('/etc/aempd/', self.path('')))
                    p = run('--check', f'--config={path}')
                    self.assertEqual((p.returncode, p.stdout, p.stderr), (OK, f'{path}: ok\n', ''))
                    checked += 1
        self.assertGreaterEqual(checked, 6)
        self.assertEqual(made, 2)


class Credentials(Case):
    def test_secret(self):
        """It is used: a peer that knows it is let in, though no configuration has a secret."""
        self.file('aempd.secret', 'geheim\n', 0o644)
        daemon = self.daemon(text='default = { nodeid = "x"; binds = [ "127.0.0.1:*" ]; };',
                             env={'CREDENTIALS_DIRECTORY': self.dir.name}).start()
        port = int(re.search(r'listening on 127\.0\.0\.1:(\d+)$', daemon.log(), re.M)[1])
        daemon.binds, daemon.secret = [f'127.0.0.1:{port}'], 'geheim'
        self.assertEqual(self.peer(daemon).sync(), [])


class Rotation(Case):
    def test_both_secrets_are_accepted(self):
        """While a network changes its secret, some nodes send the old one and some the new one."""
        daemon = self.daemon(secret=['new', 'old']).start()
        for secret in ('new', 'old'):
            peer = daemon.peer('has-' + secret, secret=secret, verify=False)  # what it is sent is the new one
            self.addCleanup(peer.close)
            self.assertEqual(peer.sync(), [])

        with daemon.connect(node_id='verifies', secret='old') as peer:
            self.assertRaisesRegex(HandshakeError, 'token of x is wrong', peer.handshake)
        with daemon.connect(node_id='knows-neither', secret='other', verify=False) as peer:
            self.assertRaises(Closed, peer.handshake)


class Listening(Case):
    def test_any_port(self):
        daemon = self.daemon(binds=['127.0.0.1:*', '[::1]', 'localhost']).start()
        ports = [int(p) for p in re.findall(r'listening on \S+:(\d+)$', daemon.log(), re.M)]
        self.assertGreaterEqual(len(ports), 3)
        for port in ports:
            self.assertGreater(port, 0)
        binds = self.attach(daemon).status()['binds']
        self.assertEqual(sorted(int(b.rpartition(':')[2]) for b in binds), sorted(ports))

    def test_everywhere(self):
        port = free_port()
        daemon = self.daemon(binds=[f'*:{port}']).start()
        self.assertIn(f'listening on 0.0.0.0:{port}', daemon.log())
        for bind in self.attach(daemon).status()['binds']:
            self.assertTrue(bind.endswith(f':{port}'))
            self.assertFalse(bind.startswith(('0.0.0.0', '[::]', '127.', '[::1]', '[fe80')), bind)
        for host in ('127.0.0.1', '::1'):
            socket.create_connection((host, port), timeout=10).close()

    def test_a_port_in_use(self):
        with socket.create_server(('127.0.0.1', 0)) as other:
            port = other.getsockname()[1]
            self.fails(self.daemon(binds=[f'127.0.0.1:{port}']), FAILED,
                       f"can't listen on 127.0.0.1:{port}: Address already in use")

    def test_an_address_of_somebody_else(self):
        self.fails(self.daemon(binds=['192.0.2.77:*']), FAILED, "can't listen on 192.0.2.77:*")

    def test_after_a_restart(self):
        daemon = self.daemon().start()
        self.peer(daemon)
        daemon.stop()
        daemon.start()
        self.peer(daemon)
        daemon.stop()


class AttachSocket(Case):
    def mode(self, daemon):
        return stat.S_IMODE(os.stat(daemon.socket_path).st_mode)

    def test_mode(self):
        daemon = self.daemon().start()
        self.assertEqual(self.mode(daemon), 0o660)
        daemon = self.daemon(settings={'socket_mode': '0606'}).start()
        self.assertEqual(self.mode(daemon), 0o606)

    def test_group(self):
        group = max(grp.getgrall(), key=lambda g: g.gr_gid if g.gr_gid in os.getgroups() else -1)
        daemon = self.daemon(settings={'socket_group': group.gr_name}).start()
        self.assertEqual(os.stat(daemon.socket_path).st_gid, group.gr_gid)

    def test_it_is_gone_afterwards(self):
        daemon = self.daemon().start()
        daemon.stop()
        self.assertFalse(os.path.exists(daemon.socket_path))

    def test_after_a_crash(self):
        daemon = self.daemon().start()
        daemon.kill9()
        self.assertTrue(os.path.exists(daemon.socket_path))
        daemon.start()
        self.attach(daemon).sync()

    def test_in_use(self):
        first = self.daemon().start()
        second = self.daemon()
        second.socket_path = first.socket_path
        self.fails(second, FAILED, f"can't listen on {first.socket_path}: another aempd does")
        self.attach(first).sync()

    def test_a_socket_that_was_replaced_stays(self):
        daemon = self.daemon().start()
        os.unlink(daemon.socket_path)
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(daemon.socket_path)
            daemon.stop()
            self.assertTrue(os.path.exists(daemon.socket_path))

    def test_no_socket(self):
        daemon = self.daemon()
        with open(daemon.socket_path, 'w', encoding='utf-8') as f:
            f.write('mine')
        self.fails(daemon, FAILED, 'it exists and is no socket')
        self.assertEqual(read(daemon.socket_path), 'mine')

    def test_no_folder(self):
        daemon = self.daemon()
        daemon.socket_path = self.path('none/sock')
        self.fails(daemon, FAILED, f"can't listen on {daemon.socket_path}: No such file or directory")

    def test_too_long(self):
        daemon = self.daemon()
        daemon.socket_path = '/tmp/' + 'x' * 120
        self.fails(daemon, USAGE, 'at most 107 octets')


class Running(Case):
    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            daemon = self.daemon().start()
            client = self.attach(daemon)
            daemon.signal(number)
            self.assertEqual(daemon.wait(), 0)
            self.assertEqual(client.recv_all(), [])

    def test_service_manager(self):
        daemon = self.daemon(node_id='me').start(ready=False)
        daemon.wait_notify('READY=1')
        self.attach(daemon)
        daemon.wait_notify('STATUS=Node me: 1 clients, 0 nodes up')
        daemon.signal(signal.SIGTERM)
        daemon.wait_notify('STOPPING=1')
        self.assertEqual(daemon.wait(), 0)

    def test_service_manager_that_does_not_read(self):
        daemon = self.daemon().start()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.setblocking(False)
            other.connect(os.path.join(daemon.dir, 'notify'))
            with self.assertRaises(BlockingIOError):
                while True:
                    other.send(b'x')
            self.attach(daemon).sync()
            daemon.stop()

    def test_memory(self):
        """At most 3 MiB of its own and 10 MiB in all, with a secret that was used. (Not with a sanitizer.)"""
        daemon = self.daemon().start()
        self.peer(daemon)
        self.attach(daemon).sync()
        status = read(f'/proc/{daemon.pid}/status')
        of = {k: int(v) for k, v in re.findall(r'^(\w+):\s+(\d+) kB$', status, re.M)}
        if 'asan' in read(f'/proc/{daemon.pid}/maps') or of['VmSize'] > 1 << 30:
            return
        self.assertLessEqual(of['RssAnon'], 3 << 10)
        self.assertLessEqual(of['VmRSS'], 10 << 10)

    def test_descriptors_run_out(self):
        daemon = self.daemon(wrapper=['prlimit', '--nofile=40:40']).start()
        clients = [socket.socket(socket.AF_UNIX) for _ in range(60)]
        for client in clients:
            self.addCleanup(client.close)
            client.connect(daemon.socket_path)
        daemon.wait_log(r"can't accept connections for now: Too many open files")
        for client in clients:
            client.close()
        self.attach(daemon).sync()
        self.assertEqual(len(re.findall('for now', daemon.log())), 1)

    def test_log(self):
        daemon = self.daemon(settings={'log_level': 7}).start()
        self.attach(daemon, program='a b').close()
        line = daemon.wait_log(r'^.*detached.*$')[0]
        self.assertRegex(line, r'^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} info: client detached: ')

        daemon = self.daemon(settings={'log_level': 4}).start()
        self.attach(daemon).sync()
        daemon.stop()
        self.assertEqual(daemon.log(), '')


if __name__ == '__main__':
    unittest.main()
