# SPDX-License-Identifier: LGPL-2.1-or-later
"""What aempctl status, nodes and clients show of TLS, names and functions: of an aempd that says so, and of an older one."""

import re
import time
import unittest

from aempctl_case import Case, Fake, answering

DAY = 86400


def date(at):
    return time.strftime('%Y-%m-%d', time.gmtime(at))


def node(**keys):
    return {'node': 'b', 'state': 'up', 'since': 1, 'address': '127.0.0.1:4040', 'incoming': True, 'monitors': 1, 'watching': 2,
            'queued': 0, 'received': 3, 'sent': 4, 'reason': None, 'provider': None} | keys


STATUS = {'node': 'a', 'aempd': '0.1.0', 'binds': [], 'pid': 1, 'uptime': 2.0, 'clients': 1, 'nodes': 0, 'seeds': [], 'counters': {},
          'half_open': 0}
CLIENT = {'client': 1, 'program': 'p', 'pid': 2, 'uid': 0, 'since': 1, 'prefix': 'x.1.', 'monitors': 3, 'watched': 4, 'queued': 0,
          'received': 5, 'sent': 6}


class Columns(Case):
    def table(self, verb, *rows):
        """Each row as a map of heading to cell. Cells have no spaces two at a time."""
        with Fake(answering(list(rows))) as address:
            header, *lines = self.out(verb, address=address).rstrip('\n').split('\n')
        names = header.split()
        return [dict(zip(names, re.split('  +', line.strip()), strict=True)) for line in lines]

    def node(self, **keys):
        return self.table('nodes', node(**keys))[0]

    def status(self, status, *nodes):
        with Fake(answering(STATUS | status, list(nodes))) as address:
            return self.out('status', address=address)


class Nodes(Columns):
    def test_of_a_node_with_tls(self):
        row = self.node(tls='TLSv1.3', cipher='x', certificate={'subject': 'CN=b', 'expires': time.time() + 100 * DAY},
                        auth='tls_sha3_512', auth_sent='tls_sha3_512', framing='cbor', framing_sent='cbor')
        self.assertEqual((row['TLS'], row['AUTH'], row['FRAMING']), ('TLSv1.3', 'tls_sha3_512', 'cbor'))
        self.assertEqual((row['LINK'], row['MONITORS'], row['WATCHING']), ('in', '1', '2'))

    def test_of_one_without(self):
        row = self.node(tls=None, cipher=None, certificate=None, auth='hmac_sha3_512', auth_sent='hmac_sha3_512', framing='json',
                        framing_sent='json')
        self.assertEqual((row['TLS'], row['AUTH'], row['FRAMING']), ('-', 'hmac_sha3_512', 'json'))

    def test_both_directions_where_they_differ(self):
        row = self.node(tls=None, auth='cleartext', auth_sent='hmac_sha3_512', framing='json', framing_sent='cbor')
        self.assertEqual((row['AUTH'], row['FRAMING']), ('cleartext/hmac_sha3_512', 'json/cbor'))

    def test_of_one_that_is_down(self):
        row = self.node(state='down', tls=None, auth=None, auth_sent=None, framing=None, framing_sent=None, reason=['x'])
        self.assertEqual((row['TLS'], row['AUTH'], row['FRAMING'], row['REASON']), ('-', '-', '-', 'x'))

    def test_of_an_older_aempd(self):
        row = self.node()
        self.assertEqual((row['TLS'], row['AUTH'], row['FRAMING']), ('-', '-', '-'))

    def test_a_certificate_that_expires_soon(self):
        for left, mark in ((30.5, ''), (29.5, ' !29d'), (1.5, ' !1d'), (0.5, ' !0d'), (-0.5, ' !expired'), (-1000, ' !expired')):
            expires = time.time() + left * DAY
            for at in (expires, int(expires)):
                row = self.node(tls='TLSv1.2', certificate={'subject': 'CN=b', 'expires': at})
                self.assertEqual(row['TLS'], 'TLSv1.2' + mark)

    def test_json_is_all_there_is(self):
        rows = [node(tls='TLSv1.3', certificate={'subject': 'x', 'expires': 1.5}, more={'a': [1]}), node(node='c')]
        with Fake(answering(rows)) as address:
            self.assertEqual(self.out_json('nodes', '--json', address=address), rows)


class Clients(Columns):
    def test_numbers(self):
        [row] = self.table('clients', CLIENT | {'spawned': 7, 'names': 8, 'functions': 9})
        self.assertEqual((row['WATCHED'], row['SPAWNED'], row['NAMES'], row['FUNCTIONS']), ('4', '7', '8', '9'))

    def test_of_an_older_aempd(self):
        [row] = self.table('clients', CLIENT)
        self.assertEqual((row['WATCHED'], row['SPAWNED'], row['NAMES'], row['FUNCTIONS'], row['SENT']), ('4', '-', '-', '-', '6'))


class Status(Columns):
    def test_the_certificate(self):
        expires = time.time() + 3649.5 * DAY
        text = self.status({'certificate': {'expires': expires, 'days': 3649}})
        self.assertIn(f'Certificate: expires {date(expires)} (3649 days)\n', text)
        self.assertTrue(text.endswith('\nAll is well.\n'))

    def test_none(self):
        self.assertIn('Certificate: none\n', self.status({'certificate': None}))

    def test_one_that_expires_soon(self):
        for left, days in ((30.5, None), (29.5, '29 days'), (1.5, '1 day'), (0.5, '0 days')):
            expires = time.time() + left * DAY
            text = self.status({'certificate': {'expires': expires, 'days': int(left)}})
            problem = f'\n\n! certificate expires {date(expires)} ({days})\n'
            self.assertEqual(text.endswith(problem), days is not None)
            self.assertEqual('All is well' in text, days is None)

    def test_one_that_is_not_valid_yet(self):
        starts = time.time() + 1.5 * DAY
        own = {'starts': starts, 'expires': starts + 300 * DAY, 'days': 301}
        text = self.status({'certificate': own})
        self.assertIn(f'Certificate: not valid before {date(starts)}\n', text)
        self.assertTrue(text.endswith(f'\n\n! certificate not valid before {date(starts)}\n'), text)
        for starts in (time.time() - DAY, 0, -1, 1e300, 'x', None):
            self.assertIn('Certificate: expires', self.status({'certificate': {**own, 'starts': starts}}))

    def test_one_that_has_expired(self):
        for ago in (0.5, 3, 4000):
            expires = time.time() - ago * DAY
            text = self.status({'certificate': {'expires': expires, 'days': -1}})
            self.assertIn(f'Certificate: expired {date(expires)}\n', text)
            self.assertTrue(text.endswith(f'\n\n! certificate expired {date(expires)}\n'))

    def test_that_of_another_node(self):
        soon, late = ({'subject': 'x', 'expires': time.time() + days * DAY} for days in (3.5, 300))
        text = self.status({}, node(certificate=soon), node(node='c', certificate=late), node(node='d', certificate=None))
        self.assertTrue(text.endswith(f'\n\n! node b: certificate expires {date(soon["expires"])} (3 days)\n'), text)

    def test_names_and_functions(self):
        text = self.status({'names': {'log': 'a#x.1.1', 'chat': 'a#x.2.1'}, 'functions': {'My::g': 'p[2]', 'My::': 'q[3]'}})
        self.assertIn('Names: chat, log\n', text)
        self.assertIn('Functions: My:: (q[3]), My::g (p[2])\n', text)
        text = self.status({'names': {}, 'functions': {}})
        self.assertIn('Names: none\n', text)
        self.assertIn('Functions: none\n', text)

    def test_very_many_names(self):
        text = self.status({'names': {f'n{i:04}': 'a#x.1.1' for i in range(1000)}})
        self.assertIn('Names: n0000, n0001, n0002, n0003, n0004, n0005, n0006, n0007, n0008, n0009, and 990 more\n', text)

    def test_of_an_older_aempd(self):
        text = self.status({})
        for what in ('Certificate', 'Names', 'Functions'):
            self.assertIn(f'{what}: -\n', text)
        self.assertTrue(text.endswith('\nAll is well.\n'))


class Odd(Columns):
    def test_values_of_other_types(self):
        for value in (None, True, 1, -1, 1.5, 'x', [], [1], {}, {'expires': None}, {'expires': 'x'}, {'expires': -1},
                      {'expires': 1e300}, {'expires': 9e18}, {'expires': 253402300800.0}, {'x': 1, 'y': []}):
            self.node(tls=value, certificate=value, auth=value, auth_sent=value, framing=value, framing_sent=value)
            self.assertEqual(self.node(tls='TLSv1.3', certificate=value)['TLS'], 'TLSv1.3')
            text = self.status({'certificate': value, 'names': value, 'functions': value}, node(certificate=value))
            self.assertIn(f'Certificate: {"none" if value is None else "-"}\n', text)
            self.assertTrue(text.endswith('\nAll is well.\n'))
            self.table('clients', CLIENT | {'spawned': value, 'names': value, 'functions': value})

    def test_they_do_not_drive_the_terminal(self):
        evil = 'evil\x1b[2J\x07\u009b2J\nx'
        lines = ''.join(self.node(tls=evil, certificate={'expires': 1}, auth=evil, framing=evil).values())
        lines += self.status({'names': {evil: evil}, 'functions': {evil: evil}}, node(node=evil, certificate={'expires': 1}))
        self.assertNotRegex(lines.replace('\n', ''), '[\x00-\x1f\x7f-\x9f]')
        self.assertIn('! node evil?[2J', lines)


if __name__ == '__main__':
    unittest.main()
