# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two hosts and a wire between them that can be cut, on one machine: network namespaces. Needs root.

    left 10.77.1.2 --- 10.77.1.1 middle 10.77.2.1 --- 10.77.2.2 right

The namespaces have no names: they are gone with this process and those that it started, however it ends.
"""

import contextlib
import ctypes
import os
import subprocess
import threading

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

ADDRESS = {'left': '10.77.1.2', 'right': '10.77.2.2'}
_GATE = {'left': '10.77.1.1', 'right': '10.77.2.1'}


def _check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Namespace:
    def __init__(self):
        self.fd = None
        thread = threading.Thread(target=self._make)
        thread.start()
        thread.join()
        if self.fd is None:
            raise RuntimeError('no network namespace can be made; this test has to be run as root')

    def _make(self):
        _check(_libc.unshare(_CLONE_NEWNET))  # of this thread only
        self.fd = os.open('/proc/thread-self/ns/net', os.O_RDONLY | os.O_CLOEXEC)

    @property
    def path(self):
        return f'/proc/{os.getpid()}/fd/{self.fd}'

    @property
    def wrapper(self):
        """To be put before a command, which then runs in it."""
        return ['nsenter', f'--net={self.path}']

    def ip(self, *commands):
        subprocess.run([*self.wrapper, 'ip', '-batch', '-'], input='\n'.join(commands), text=True, check=True)

    @contextlib.contextmanager
    def entered(self):
        """Sockets that this thread makes meanwhile are in it."""
        with open('/proc/thread-self/ns/net', 'rb') as before:
            _check(_libc.setns(self.fd, _CLONE_NEWNET))
            try:
                yield
            finally:
                _check(_libc.setns(before.fileno(), _CLONE_NEWNET))

    def close(self):
        os.close(self.fd)


class Wire:
    """left and right are its namespaces."""

    def __init__(self):
        self.middle = Namespace()
        self.ends = {}
        with self.middle.entered(), open('/proc/sys/net/ipv4/ip_forward', 'w', encoding='ascii') as f:
            f.write('1')
        for side in ('left', 'right'):
            self._plug_in(side)

    @property
    def left(self):
        return self.ends['left']

    @property
    def right(self):
        return self.ends['right']

    def _plug_in(self, side, address=None):
        address = address or ADDRESS[side]
        end = self.ends[side] = Namespace()
        self.middle.ip(f'link add {side} type veth peer name wire netns {end.path}', f'address add {_GATE[side]}/24 dev {side}',
                       f'link set {side} up')
        end.ip('link set lo up', f'address add {address}/24 dev wire', 'link set wire up', f'route add default via {_GATE[side]}')

    def reboot(self, side, address=None):
        """Another host, with the same address if no other, which knows of no connection. Nobody is told that the old one is gone."""
        self.middle.ip(f'link del {side}')
        self.ends[side].close()
        self._plug_in(side, address)

    def cut(self, *sides):
        """Nothing arrives on these sides any more; nobody is told."""
        self.middle.ip(*(f'route add blackhole {ADDRESS[side]}/32' for side in sides))

    def mend(self, *sides):
        self.middle.ip(*(f'route del blackhole {ADDRESS[side]}/32' for side in sides))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for namespace in (*self.ends.values(), self.middle):
            namespace.close()
