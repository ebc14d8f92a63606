# SPDX-License-Identifier: LGPL-2.1-or-later
"""aempctl's command line: help, what it does not take, what the shell completes."""

import os
import re
import subprocess
import unittest

from aempctl_case import SOURCE, USAGE, VERBS, Case, environment


class Help(Case):
    def test_version(self):
        self.assertRegex(self.out('--version'), r'\Aaempctl \d+\.\d+\.\d+\n\Z')
        self.assertRegex(self.out('status', '--version'), r'\Aaempctl ')

    def test_help_names_all_verbs_and_options(self):
        for args in (['--help'], ['-h'], ['help']):
            text = self.out(*args)
            for verb in VERBS:
                self.assertRegex(text, rf'(?m)^  {verb} ')
            for option in ('--address', '--timeout', '--json', '--count', '--name', '--wait', '--output', '--days', '--ca', '--help',
                           '--version'):
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
                             ('call', 'cal'), ('recv', 'rcv'), ('gen', 'gensecret'), ('gensecert', 'gensecret'), ('mno', 'mon'),
                             ('spwan', 'spawn'), ('gencret', 'gencert')):
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
        self.assertIn('spawn: NODE is missing', self.err(USAGE, 'spawn'))
        self.assertIn('spawn: FUNCTION is missing', self.err(USAGE, 'spawn', 'a'))
        self.assertIn('mon: PORT|NODE is missing', self.err(USAGE, 'mon'))
        for args in (['status', 'x'], ['nodes', 'x'], ['clients', 'x'], ['rcv', 'x'], ['gensecret', 'x'], ['gencert', 'x'],
                     ['mon', 'a#x', 'y']):
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

    def test_options_of_other_verbs(self):
        takes = {'-n1': ['rcv'], '--name=x': ['rcv', 'gencert'], '--wait': ['spawn'], '--output=/x/y': ['gencert'],
                 '--days=1': ['gencert'], '--ca=/x/y': ['gencert']}
        arguments = {'snd': ['a'], 'cal': ['a'], 'mon': ['a'], 'kil': ['a#x'], 'spawn': ['a', 'a::b']}
        for option, verbs in takes.items():
            for verb in VERBS:
                if verb in verbs:
                    continue
                err = self.err(USAGE, verb, *arguments.get(verb, []), option)
                self.assertIn(f"{verb}: has no option {option[:2] if option[1] != '-' else option.partition('=')[0]}\n", err)
                self.assertIn(f'Usage: aempctl [OPTION]... {verb}', err)

    def test_a_wrong_number_of_days(self):
        for text in ('', '0', '-1', '1.5', 'x', '1d', '36501', '99999999999999999999999'):
            self.assertIn(f"'{text}' is not a number of days", self.err(USAGE, 'gencert', f'--days={text}'))

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


class Completion(Case):
    def complete(self, *words):
        script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _aempctl 2>/dev/null; printf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(['bash', '-c', script, 'bash', os.path.join(SOURCE, 'ctl', 'completion', 'aempctl'), 'aempctl', *words],
                              stdout=subprocess.PIPE, text=True, check=True, env=environment(self.address))
        return done.stdout.split()

    def test_verbs_and_options(self):
        self.assertEqual(sorted(self.complete('')), sorted([*VERBS, 'help']))
        self.assertEqual(self.complete('s'), ['status', 'snd', 'spawn'])
        self.assertEqual(self.complete('help', 'g'), ['gensecret', 'gencert'])
        self.assertEqual(self.complete('status', '--j'), ['--json'])
        options = self.complete('-')
        for option in options:
            self.assertIn(option.rstrip('='), self.out('--help'))


if __name__ == '__main__':
    unittest.main()
