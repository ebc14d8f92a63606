# SPDX-License-Identifier: LGPL-2.1-or-later
"""A peer and a client of an aempd that are not concerned by what else happens to it, and check that they are not.

They send each other numbered messages all the time, in both directions, and watch each other. Each message must come, in
order, and no monitor may fire.
"""

import threading
import time

BATCH = 10


class Bystanders:
    """Use it in a with statement: at its end it raises what went wrong. slowest: seconds a batch took at most."""

    def __init__(self, daemon, node_id='bystander'):
        self.daemon, self.node_id = daemon, node_id
        self.rounds, self.slowest = 0, 0.0
        self._error = None
        self._enough = threading.Event()

    def __enter__(self):
        self._peer = self.daemon.peer(self.node_id)
        try:
            self._client = self.daemon.attach(self.node_id)
        except BaseException:
            self._peer.close()
            raise
        self._port = self._client.port_name()
        self._client.mon(f'{self.node_id}#p')
        self._expect(self._peer, [['', 'mon1', 'p']])
        self._peer.send(['', 'mon1', self._port])
        self._expect(self._client, [['', 'mon1', self._port]])
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind, value, tb):
        self._enough.set()
        self._thread.join()
        self._peer.close()
        self._client.close()
        if self._error and kind is None:
            raise AssertionError(f'bystanders, after {self.rounds} rounds: {self._error!r}') from self._error

    def wait_rounds(self, n=3):
        """Lets them talk some more."""
        until = self.rounds + n
        while self.rounds < until and not self._error:
            time.sleep(0.001)
        if self._error:
            raise AssertionError(f'bystanders, after {self.rounds} rounds: {self._error!r}') from self._error

    @staticmethod
    def _expect(stream, messages):
        got = stream.recv_n(len(messages))
        if got != messages:
            raise AssertionError(f'{got!r} came, and not {messages!r}')

    def _run(self):
        try:
            while not self._enough.wait(0.001):
                began = time.monotonic()
                numbers = range(self.rounds * BATCH, (self.rounds + 1) * BATCH)
                self._client.send(*([f'{self.node_id}#p', i] for i in numbers))
                self._peer.send(*([self._port, i] for i in numbers))
                self._expect(self._peer, [['p', i] for i in numbers])
                self._expect(self._client, [[self._port, i] for i in numbers])
                self.rounds += 1
                self.slowest = max(self.slowest, time.monotonic() - began)
        except Exception as e:  # noqa: whatever it is, __exit__ raises it
            self._error = e
