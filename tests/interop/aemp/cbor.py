# SPDX-License-Identifier: LGPL-2.1-or-later
"""CBOR (RFC 8949) as AEMP uses it.

AEMP has one kind of string: a byte string means "characters 0 to 255", so both kinds of CBOR strings become str. Encoding
does what the reference does: bytes when all characters fit, integers for doubles that are small ones, single precision
when exact. Neither direction recurses: a hostile message may be nested as deep as it likes.
"""

import dataclasses
import struct
from typing import Any, NamedTuple

MAX_DEPTH = 512


class CborError(ValueError):
    """The octets are not CBOR, or not of the kind that AEMP allows."""


class Text(str):
    """A string to be written as a text string, whatever its characters. Equal to the str."""


class Raw(bytes):
    """Octets to be spliced in as they are, in place of an item."""


@dataclasses.dataclass(frozen=True)
class Tag:
    number: int
    value: Any


@dataclasses.dataclass(frozen=True)
class Simple:
    """A simple value other than false, true, null and undefined."""
    number: int


class _Undefined:
    def __repr__(self):
        return 'UNDEFINED'

    def __bool__(self):
        return False


UNDEFINED = _Undefined()


def _head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 1 << 8 * size:
            return bytes([major << 5 | info]) + n.to_bytes(size, 'big')
    raise CborError(f'{n} does not fit into a head')


def _string(major, octets):
    return _head(major, len(octets)) + octets


def _encode_int(n):
    if 0 <= n < 1 << 64:
        return _head(0, n)
    if -(1 << 64) <= n < 0:
        return _head(1, -1 - n)
    # a bignum
    tag, n = (2, n) if n >= 0 else (3, -1 - n)
    return _head(6, tag) + _string(2, n.to_bytes((n.bit_length() + 7) // 8, 'big'))


def _encode_float(f):
    if f == f and abs(f) < 1 << 32 and f == int(f) and f >= -(1 << 31):
        return _encode_int(int(f))
    try:
        single = struct.pack('>f', f)
        if struct.unpack('>f', single)[0] == f:
            return b'\xfa' + single
    except OverflowError:
        pass
    return b'\xfb' + struct.pack('>d', f)


def _encode_str(s):
    if not isinstance(s, Text):
        try:
            return _string(2, s.encode('latin-1'))
        except UnicodeEncodeError:
            pass
    try:
        # surrogateescape: invalid UTF-8 that was decoded here goes out as it came in
        return _string(3, s.encode('utf-8', 'surrogateescape'))
    except UnicodeEncodeError as e:
        raise CborError(f'not a string of Unicode characters: {s!a}') from e


def encode(value) -> bytes:
    out = bytearray()
    todo = [value]

    while todo:
        v = todo.pop()
        if v is None:
            out += b'\xf6'
        elif v is True:
            out += b'\xf5'
        elif v is False:
            out += b'\xf4'
        elif v is UNDEFINED:
            out += b'\xf7'
        elif isinstance(v, Raw):
            out += v
        elif isinstance(v, str):
            out += _encode_str(v)
        elif isinstance(v, (bytes, bytearray)):
            out += _string(2, v)
        elif isinstance(v, int):
            out += _encode_int(v)
        elif isinstance(v, float):
            out += _encode_float(v)
        elif isinstance(v, (list, tuple)):
            out += _head(4, len(v))
            todo.extend(reversed(v))
        elif isinstance(v, dict):
            out += _head(5, len(v))
            for key in reversed(v):
                todo.append(v[key])
                todo.append(key)
        elif isinstance(v, Tag):
            out += _head(6, v.number)
            todo.append(v.value)
        elif isinstance(v, Simple):
            out += bytes([0xe0 | v.number]) if v.number < 24 else bytes([0xf8, v.number])
        else:
            raise CborError(f'no CBOR for {type(v).__name__}')

    return bytes(out)


class Item(NamedTuple):
    value: Any
    octets: bytes


class _Frame:
    """An item that has begun: its kind is its major type, left is None when its length is indefinite."""

    __slots__ = ('kind', 'left', 'values', 'tag')

    def __init__(self, kind, left, tag=None):
        self.kind, self.left, self.values, self.tag = kind, left, [], tag


class Decoder:
    """Items out of a stream that comes in pieces. Each octet is looked at once, however small the pieces are."""

    def __init__(self, *, max_depth=MAX_DEPTH, keep_text=False):
        self.max_depth = max_depth
        self.keep_text = keep_text  # decode text strings to Text, so that they are encoded as such again
        self._buf = bytearray()
        self._pos = 0
        self._stack = []
        self._depth = 0

    def feed(self, octets):
        self._buf += octets

    @property
    def rest(self) -> bytes:
        """What came of an item that isn't complete."""
        return bytes(self._buf)

    def next(self):
        """The next Item, or None when more octets are needed."""
        while True:
            step = self._step()
            if step is None:
                return None
            done, value = step
            while done and self._stack:
                done, value = self._add(value)
            if done:
                octets = bytes(self._buf[:self._pos])
                del self._buf[:self._pos]
                self._pos = 0
                return Item(value, octets)

    # --- one head, with its string if it has one ---

    def _step(self):
        """None: more octets are needed. Else (done, value): a value is complete or (False, None) something has begun."""
        buf, pos = self._buf, self._pos
        if pos >= len(buf):
            return None
        major, info = buf[pos] >> 5, buf[pos] & 31
        top = self._stack[-1] if self._stack else None

        if buf[pos] == 0xff:
            self._pos += 1
            return self._break(top)
        if top and top.kind in (2, 3) and (major != top.kind or info == 31):
            raise CborError('a piece of a string is no definite string of the same kind')

        if info < 24:
            n, size = info, 0
        elif info < 28:
            size = 1 << info - 24
            if pos + 1 + size > len(buf):
                return None
            n = int.from_bytes(buf[pos + 1:pos + 1 + size], 'big')
        elif info == 31 and major in (2, 3, 4, 5):
            n, size = None, 0
        else:
            raise CborError(f'initial octet {buf[pos]:02x}')

        body = pos + 1 + size
        if major in (2, 3):
            if n is None:
                return self._begin(_Frame(major, None), body)
            if body + n > len(buf):
                return None
            self._pos = body + n
            octets = bytes(buf[body:body + n])
            return True, octets if top and top.kind in (2, 3) else self._make_string(major, octets)
        if major in (4, 5):
            if self._depth >= self.max_depth:
                raise CborError(f'nested deeper than {self.max_depth}')
            self._depth += 1
            left = None if n is None else n * (major - 3)
            if left == 0:
                self._depth -= 1
                self._pos = body
                return True, [] if major == 4 else {}
            return self._begin(_Frame(major, left), body)
        if major == 6:
            return self._begin(_Frame(6, 1, tag=n), body)

        self._pos = body
        if major == 0:
            return True, n
        if major == 1:
            return True, -1 - n
        return True, self._make_simple(info, n, bytes(buf[pos + 1:body]))

    def _begin(self, frame, pos):
        self._stack.append(frame)
        self._pos = pos
        return False, None

    def _break(self, top):
        if top is None or top.left is not None:
            raise CborError('break without anything to break')
        if top.kind == 5 and len(top.values) % 2:
            raise CborError('break between a key and its value')
        return True, self._pop()

    def _add(self, value):
        top = self._stack[-1]
        top.values.append(value)
        if top.left is None:
            return False, None
        top.left -= 1
        return (True, self._pop()) if top.left == 0 else (False, None)

    def _pop(self):
        frame = self._stack.pop()
        if frame.kind in (2, 3):
            return self._make_string(frame.kind, b''.join(frame.values))
        if frame.kind == 6:
            return Tag(frame.tag, frame.values[0])
        self._depth -= 1
        if frame.kind == 4:
            return frame.values
        return {self._make_key(k): v for k, v in zip(frame.values[::2], frame.values[1::2])}

    # --- values ---

    def _make_string(self, major, octets):
        if major == 2:
            return octets.decode('latin-1')
        s = octets.decode('utf-8', 'surrogateescape')
        return Text(s) if self.keep_text else s

    @staticmethod
    def _make_key(key):
        if isinstance(key, str):
            return key
        if isinstance(key, int) and not isinstance(key, bool):
            return str(key)
        if key is None:
            return ''
        raise CborError(f'{key!r} as the key of a map')

    @staticmethod
    def _make_simple(info, n, octets):
        if info == 25:
            return struct.unpack('>e', octets)[0]
        if info == 26:
            return struct.unpack('>f', octets)[0]
        if info == 27:
            return struct.unpack('>d', octets)[0]
        if info == 24 and n < 32:
            raise CborError(f'simple value {n} in two octets')
        known = {20: False, 21: True, 22: None, 23: UNDEFINED}
        return known[n] if n in known else Simple(n)


def decode_stream(octets, **options):
    """Items back to back: the values of the complete ones, and the octets of the one that isn't."""
    decoder = Decoder(**options)
    decoder.feed(octets)
    values = []
    while (item := decoder.next()) is not None:
        values.append(item.value)
    return values, decoder.rest


def decode(octets, **options):
    """Exactly one item."""
    decoder = Decoder(**options)
    decoder.feed(octets)
    item = decoder.next()
    if item is None:
        raise CborError('the item is not complete')
    if decoder.rest:
        raise CborError(f'{len(decoder.rest)} octets after the item')
    return item.value


def _walk(value):
    todo = [value]
    while todo:
        v = todo.pop()
        yield v
        if isinstance(v, list):
            todo.extend(v)
        elif isinstance(v, dict):
            todo.extend(v.values())
        elif isinstance(v, Tag):
            todo.append(v.value)


def hazard(value):
    """Why the reference would never hear another message after this one (protocol.md 2.5), or None."""
    for v in _walk(value):
        if isinstance(v, Simple):
            return f'simple value {v.number}'
        if isinstance(v, Tag) and v.number == 26:
            return 'tag 26, a Perl object'
    return None


def plain(value):
    """The value as JSON has it: tag 55799 means nothing, tags 2 and 3 are integers. Other tags stay."""
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, Tag):
        if value.number == 55799:
            return plain(value.value)
        if value.number in (2, 3) and isinstance(value.value, str):
            n = int.from_bytes(value.value.encode('latin-1'), 'big')
            return n if value.number == 2 else -1 - n
        return Tag(value.number, plain(value.value))
    return value
