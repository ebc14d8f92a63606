# SPDX-License-Identifier: LGPL-2.1-or-later
"""What all tests of bad input and of broken connections need: bystanders who must not notice, and a look into the log."""

import contextlib
import os
import re
import select
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

from aemp import cbor
from aemp.bystanders import Bystanders
from aemp.harness import Aempd


MIB = 1 << 20


def lines(d, what):
    """The lines of its log with that text."""
    return [line for line in d.log().splitlines() if what in line]


def warnings(d):
    return [line for line in d.log().splitlines() if ' warning: ' in line or ' error: ' in line]


def resident(d):
    """Its memory, in octets."""
    with open(f'/proc/{d.pid}/status', encoding='ascii') as f:
        return int(re.search(r'VmRSS:\s*(\d+)', f.read())[1]) * 1024


class Case(unittest.TestCase):
    @contextlib.contextmanager
    def watched(self, node_id='x', **options):
        """An aempd with bystanders, in whose log nobody's secret may be."""
        with Aempd(node_id, **options) as d, Bystanders(d) as bystanders:
            d.bystanders = bystanders
            yield d
            bystanders.wait_rounds()
            self.assertLess(bystanders.slowest, 5)
            self.assertNotIn('geheim', d.log())
            self.assertNotIn(b'geheim'.hex(), d.log())

    def fill(self, d, c, message):
        """Sends message(0), message(1)... until aempd reads no more. Returns how many, and the rest of one that was begun."""
        octets, sent, full = b'', 0, None
        c.sock.setblocking(False)
        while sent < 2000:
            octets = octets or cbor.encode(message(sent))
            try:
                octets = octets[c.sock.send(octets):]
            except BlockingIOError:
                if full == sent:  # still, after some time
                    c.sock.settimeout(c.timeout)
                    return sent, octets
                full = sent
                d.bystanders.wait_rounds(20)
            else:
                sent += not octets
                full = None
        self.fail('it takes everything')

    def feed(self, c, message):
        """Sends message(0), message(1)... until something comes. Returns the rest of one that was begun."""
        octets, sent = b'', 0
        deadline = time.monotonic() + c.timeout
        c.sock.setblocking(False)
        while not select.select([c.sock], [c.sock], [], 0.1)[0]:
            self.assertLess(time.monotonic(), deadline)
            octets = octets or cbor.encode(message(sent))
            with contextlib.suppress(BlockingIOError):
                octets = octets[c.sock.send(octets):]
                sent += not octets
        c.sock.settimeout(c.timeout)
        return octets

    def one_warning(self, d, who, what):
        """It comes, names them, and is the only one."""
        d.wait_log(f'warning: .*{re.escape(who)}.*{what}')
        d.bystanders.wait_rounds()
        self.assertEqual(len(warnings(d)), 1, d.log())
