# SPDX-License-Identifier: LGPL-2.1-or-later
"""TLS in an AEMP connection: records begin right behind the nonce lines (protocol.md, section 2.3).

The lines before are read from the same socket, and records may have come with them. So OpenSSL sees memory only, and the
octets are moved here.
"""

import os
import select
import ssl
import threading
import time
import warnings

SHARED = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'vectors', 'tls-node.pem')

_VERSIONS = {'1.1': ssl.TLSVersion.TLSv1_1, '1.2': ssl.TLSVersion.TLSv1_2, '1.3': ssl.TLSVersion.TLSv1_3}


class TlsError(Exception):
    """TLS can't go on: what OpenSSL says of it."""


class TlsTimeout(TlsError):
    """The other side said nothing more."""


class Tls:
    """How a node does TLS.

    cert: a file with key and certificates, None: it shows none. ca: a file with those that the other side's has to be
    signed by, None: cert. version: '1.2' or '1.3' (or '1.1', which nobody should take), and no other. verify: look at the other side's certificate at all.
    pieces: send records in pieces of that many octets.
    """

    def __init__(self, cert=SHARED, ca=None, *, version=None, verify=True, pieces=None):
        self.cert, self.ca, self.version, self.verify, self.pieces = cert, ca or cert, version, verify, pieces

    def context(self, role):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT if role == 'client' else ssl.PROTOCOL_TLS_SERVER)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED if self.verify else ssl.CERT_NONE
        if self.version == '1.1':
            context.set_ciphers('DEFAULT@SECLEVEL=0')
        if self.version:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore', DeprecationWarning)
                context.minimum_version = context.maximum_version = _VERSIONS[self.version]
        if self.cert:
            context.load_cert_chain(self.cert)
        if self.ca:
            context.load_verify_locations(self.ca)
        return context


class TlsSocket:
    """A socket with TLS in it. It may be read in one thread and written in another.

    feed() it records that came with the lines before; then handshake(), maybe after hello().
    """

    def __init__(self, sock, tls, role):
        self.sock, self.tls, self.role = sock, tls, role
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._ssl = tls.context(role).wrap_bio(self._in, self._out, server_side=role == 'server')
        self._lock = threading.Lock()         # of OpenSSL's object
        self._writing = threading.Lock()      # of the socket: records go out in order

    def __getattr__(self, name):
        return getattr(self.sock, name)

    @property
    def version(self):
        return self._ssl.version()

    @property
    def cipher(self):
        return self._ssl.cipher()[0]

    # --- handshake ---

    def feed(self, octets):
        """Records that were read by somebody else."""
        self._in.write(octets)

    def hello(self):
        """A client's first record, for who wants to send it together with other octets."""
        self._step()
        return self._out.read()

    def _step(self):
        """Returns True when the handshake is complete."""
        try:
            self._ssl.do_handshake()
            return True
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as e:
            self._flush()
            raise TlsError(f'TLS: {e}') from e

    def handshake(self, deadline, *, hold=False):
        """hold: our last record goes out with what is sent next."""
        while True:
            complete = self._step()
            if not (complete and hold):
                self._flush()
            if complete:
                return self
            poll = select.poll()
            poll.register(self.sock, select.POLLIN)
            if not poll.poll(max(0, (deadline - time.monotonic()) * 1000)):
                raise TlsTimeout('TLS: the other side does not go on')
            try:
                octets = self.sock.recv(1 << 16)
            except ConnectionResetError as e:
                raise TlsError(f'TLS: {e}') from e
            if octets:
                self._in.write(octets)
            else:
                self._in.write_eof()

    # --- octets ---

    def take(self):
        """Octets that came already, or None."""
        with self._lock:
            try:
                return self._ssl.read(1 << 16)
            except ssl.SSLWantReadError:
                return None
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b''
            except ssl.SSLError as e:
                raise TlsError(f'TLS: {e}') from e

    def recv(self, size):
        """Reads the socket once. None: there is no whole record yet."""
        octets = self.sock.recv(size)
        if octets:
            self._in.write(octets)
        else:
            self._in.write_eof()
        taken = self.take()
        if self._out.pending:
            self._flush()
        return taken

    def sendall(self, octets):
        with self._writing:
            with self._lock:
                for start in range(0, len(octets), 1 << 20):
                    self._ssl.write(octets[start:start + (1 << 20)])
                records = self._out.read()
            self._send(records)

    def records(self, octets):
        """The records that these octets make; they have to be sent before anything else."""
        with self._lock:
            self._ssl.write(octets)
            return self._out.read()

    def close_notify(self):
        with self._lock:
            try:
                self._ssl.unwrap()
            except ssl.SSLError:
                pass  # the other side's has not come
        self._flush()

    def _flush(self):
        with self._writing:
            with self._lock:
                records = self._out.read()
            try:
                self._send(records)
            except OSError:
                pass  # who reads finds out what the other side said before

    def _send(self, records):
        if not self.tls.pieces:
            if records:
                self.sock.sendall(records)
            return
        for start in range(0, len(records), self.tls.pieces):
            self.sock.sendall(records[start:start + self.tls.pieces])
