# SPDX-License-Identifier: LGPL-2.1-or-later
"""How aempctl finds its aempd, and attaches to it, and to what only looks like one."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

from aemp.cbor import encode
from aemp.peer import TIMEOUT
from aempctl_case import DENIED, FAILED, NO_DAEMON, NOWHERE, TIMED_OUT, USAGE, Case, Fake, OneNode, aempctl, answering, environment


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
                options = self.as_another_user(d) if os.getuid() == 0 else {}
                self.assertIn('Permission denied', self.err(DENIED, '-a', f'unix:path={path}', 'status', **options))

    @staticmethod
    def as_another_user(d):
        """How to run it as somebody whom its permissions concern. That one may not reach the build folder: it gets a copy."""
        program = aempctl()
        library = os.path.join(os.path.dirname(program), '..', 'libclient', 'libaemp-client.so.0')
        for file in (program, library):
            shutil.copy(file, d)
            os.chmod(os.path.join(d, os.path.basename(file)), 0o755)
        return {'program': os.path.join(d, os.path.basename(program)), 'env': {'LD_LIBRARY_PATH': d},
                'user': 65534, 'group': 65534, 'extra_groups': []}

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
            err = self.err(TIMED_OUT, 'status', address=address)  # 10 s, of aemp_open()
            self.assertIn('aempd does not answer', err)
            self.assertIn('stopped', err)

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
            conn.sendall(encode(['', 'refused', 'aempd::status', code, 'because\x1b of this', 'fake#p.1.1']))
            fake.until_closed(conn)
        return Fake(talk)

    def test_refusals(self):
        for code, status in (('denied', DENIED), ('invalid', USAGE), ('unknown', FAILED), ('limit', FAILED), ('later', FAILED)):
            with self.refusal(code) as address:
                err = self.err(status, 'status', address=address)
                self.assertIn(f"aempd refused 'aempd::status' ({code}): because? of this", err)
                self.assertEqual("'admins'" in err, code == 'denied')

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


if __name__ == '__main__':
    unittest.main()
