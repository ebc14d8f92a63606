#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The codecs of wire/ against python3-cbor2, libcbor and Python's json, with random items.

    oracle-cbor.py CBOR-TOOL [SEED]

Prints the seed; the same seed gives the same items.
"""

import ctypes
import io
import json
import math
import random
import struct
import subprocess
import sys

try:
    import cbor2
    import cbor2.decoder
    libcbor = ctypes.CDLL('libcbor.so.0.8')
except (ImportError, OSError) as e:
    sys.exit(f'{e}: apt-get install python3-cbor2 libcbor0.8')

ITEMS = 2000
MUTANTS = 5000


class Tool:
    """cbor-tool, asked in batches: a line each way for each question."""

    def __init__(self, path):
        self.path = path

    def ask(self, kind, questions):
        lines = ''.join(f'{kind} {q.hex()}\n' for q in questions)
        done = subprocess.run([self.path], input=lines, capture_output=True, text=True, check=True)
        answers = [line.split(' ') for line in done.stdout.splitlines()]
        assert len(answers) == len(questions), 'the tool ended early'
        return answers


def unhex(text):
    return b'' if text == '-' else bytes.fromhex(text)


def fail(what, octets, *details):
    print(f'not ok: {what}: {octets.hex()}', *details, sep='\n  ')
    sys.exit(1)


# --- items with the value that they should have in JSON ------------------------------------------------

def head(rng, major, value):
    """Any of the widths that can hold the value, mostly the shortest."""
    widths = [w for w in range(5) if value < (24, 1 << 8, 1 << 16, 1 << 32, 1 << 64)[w]]
    width = widths[0] if rng.random() < 0.8 else rng.choice(widths)
    if width == 0:
        return bytes([major << 5 | value])
    return bytes([major << 5 | 23 + width]) + value.to_bytes(1 << width - 1, 'big')


def characters(rng):
    alphabet = rng.choice(['abc', 'a"\\\n\t\0\x7f/', 'äöüÿ\x80', 'aä€😀\ud7ff\uffff'])
    return ''.join(rng.choice(alphabet) for _ in range(rng.choice([0, 1, 3, 23, 24, 30, 300])))


def random_string(rng):
    text = characters(rng)
    if rng.random() < 0.1:
        octets = bytes(rng.choice(b'a\xc3\xa4\xe2\x82\xac\xf0\x9f\xff\xed\xa0') for _ in range(rng.randrange(8)))
        return 3, octets, octets.decode('utf-8', 'replace')
    if max(text, default='') < '\u0100' and rng.random() < 0.5:
        return 2, text.encode('latin-1'), text
    return 3, text.encode(), text


def random_str(rng):
    major, octets, text = random_string(rng)
    if rng.random() < 0.8:
        return head(rng, major, len(octets)) + octets, text
    item = bytes([major << 5 | 31])
    while octets:
        n = rng.randrange(len(octets) + 1)
        item += head(rng, major, n) + octets[:n]
        octets = octets[n:]
    return item + b'\xff', text


def random_float(rng):
    bits = rng.choice([16, 32, 64])
    if rng.random() < 0.5:
        octets = rng.getrandbits(bits).to_bytes(bits // 8, 'big')
    else:
        v = rng.choice([0.0, -0.0, 1.0, 1.5, -2.25, 100.0, 0.1, 1e20, math.inf, -math.inf, math.nan, 4294967296.0])
        try:
            octets = struct.pack({16: '>e', 32: '>f', 64: '>d'}[bits], v)
        except OverflowError:
            octets = struct.pack('>d', v)
    v = struct.unpack({2: '>e', 4: '>f', 8: '>d'}[len(octets)], octets)[0]
    return bytes([{2: 0xf9, 4: 0xfa, 8: 0xfb}[len(octets)]]) + octets, v if math.isfinite(v) else None


def random_scalar(rng):
    kind = rng.randrange(8)
    if kind < 2:
        v = rng.getrandbits(rng.choice([4, 5, 8, 9, 16, 17, 32, 33, 63, 64]))
        return (head(rng, 0, v), v) if kind == 0 else (head(rng, 1, v), -1 - v)
    if kind < 5:
        return random_str(rng)
    if kind == 5:
        return random_float(rng)
    if kind == 6:
        return rng.choice([(b'\xf4', False), (b'\xf5', True), (b'\xf6', None), (b'\xf7', None)])
    n = rng.choice([*range(20), *range(32, 256)])
    return (bytes([0xe0 | n]) if n < 20 else bytes([0xf8, n])), None


def key_text(item, value):
    """The text that a key becomes."""
    if isinstance(value, str):
        return value
    if item in (b'\xf6', b'\xf7'):
        return ''
    return json.dumps(value) if not isinstance(value, float) else None


def random_key(rng):
    while True:
        item, value = random_scalar(rng) if rng.random() < 0.2 else random_str(rng)
        text = key_text(item, value)
        if text is not None:
            return item, text


def random_item(rng, depth=0):
    kind = rng.random()
    if depth == 0 and kind < 0.9:
        kind = 0.9 * kind + 0.1
    if depth > 6 or kind < 0.5:
        return random_scalar(rng)
    if kind < 0.55:
        item, value = random_item(rng, depth + 1)
        return head(rng, 6, rng.choice([6, 24, 26, 99, 1 << 40])) + item, value

    n = rng.choice([0, 1, 2, 3, 5, 25]) if depth < 3 else rng.randrange(3)
    indefinite = rng.random() < 0.3
    octets, is_map = b'', kind > 0.8
    value = {} if is_map else []
    for _ in range(n):
        if is_map:
            key, text = random_key(rng)
            item, v = random_item(rng, depth + 1)
            octets += key + item
            value[text] = v
        else:
            item, v = random_item(rng, depth + 1)
            octets += item
            value.append(v)
    major = 5 if is_map else 4
    if indefinite:
        return bytes([major << 5 | 31]) + octets + b'\xff', value
    return head(rng, major, n) + octets, value


def same(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(v, b[k]) for k, v in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b
    return type(a) is type(b) and a == b


def same_as_doubles(a, b):
    """The same, but integers that jansson has no place for may have become doubles."""
    if isinstance(a, int) and isinstance(b, float) and not isinstance(a, bool):
        return float(a) == b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_as_doubles(v, b[k]) for k, v in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same_as_doubles, a, b))
    return same(a, b)


def check_items(tool, rng):
    items = [random_item(rng) for _ in range(ITEMS)]
    for (octets, value), answer in zip(items, tool.ask('cbor', [o for o, _ in items])):
        if answer[0] != '0':
            fail('refused', octets, answer[0])
        if int(answer[1]) != len(octets):
            fail('length', octets, answer[1])
        got = json.loads(unhex(answer[3]))
        if not same(value, got):
            fail('JSON', octets, value, got)
        by_value = json.loads(unhex(answer[4]))
        if not same_as_doubles(value, by_value):
            fail('jansson', octets, value, by_value)


# --- what others wrote ---------------------------------------------------------------------------------

def random_value(rng, depth=0):
    kind = rng.randrange(8 if depth < 4 else 6)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.choice([1, -1]) * rng.getrandbits(rng.choice([4, 8, 16, 32, 63]))
    if kind == 2:
        return rng.choice([rng.random(), rng.random() * 1e300, float(rng.getrandbits(40)), 0.1, 1e22, 5e-324])
    if kind < 6:
        return characters(rng).replace('\ud7ff', 'x')
    if kind == 6:
        return [random_value(rng, depth + 1) for _ in range(rng.randrange(6))]
    return {characters(rng): random_value(rng, depth + 1) for _ in range(rng.randrange(6))}


def check_cbor2(tool, rng):
    """What cbor2 writes is read here."""
    values = [random_value(rng) for _ in range(ITEMS)]
    for value, answer in zip(values, tool.ask('cbor', [cbor2.dumps(v, canonical=rng.random() < 0.5) for v in values])):
        if answer[0] != '0' or not same(value, json.loads(unhex(answer[3]))):
            fail('written by cbor2', cbor2.dumps(value), value, answer)


def check_json(tool, rng):
    """What Python writes as JSON is read here, and the CBOR made of it by cbor2."""
    values = [random_value(rng) for _ in range(ITEMS)]
    texts = [json.dumps(v, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, 1])).encode() for v in values]
    for value, text, answer in zip(values, texts, tool.ask('json', texts)):
        if answer[0] != '0':
            fail('refused', text, answer[0])
        if not same(value, cbor2.loads(unhex(answer[1]))):
            fail('CBOR', text, value, answer[1])


# --- accepted or refused -------------------------------------------------------------------------------

class LoadResult(ctypes.Structure):
    _fields_ = [('position', ctypes.c_size_t), ('code', ctypes.c_int), ('read', ctypes.c_size_t)]


libcbor.cbor_load.restype = ctypes.c_void_p
libcbor.cbor_load.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.POINTER(LoadResult)]
libcbor.cbor_decref.argtypes = [ctypes.POINTER(ctypes.c_void_p)]


def libcbor_len(octets):
    """Length of the item that libcbor finds, or None."""
    result = LoadResult()
    item = ctypes.c_void_p(libcbor.cbor_load(octets, len(octets), ctypes.byref(result)))
    if not item:
        return None
    libcbor.cbor_decref(ctypes.byref(item))
    return result.read


# The decoder in Python takes its table of tags from here: without it all tags are left alone.
cbor2.decoder.semantic_decoders.clear()


def cbor2_len(octets):
    """Length of the item that cbor2 finds, or None."""
    stream = io.BytesIO(octets)
    try:
        cbor2.decoder.CBORDecoder(stream, str_errors='replace').decode()
    except Exception:  # of many kinds, some of which are no errors in CBOR at all
        return None
    return stream.tell()


def check_acceptance(tool, rng):
    """Octets that were valid before something happened to them."""
    mutants = []
    while len(mutants) < MUTANTS:
        octets = bytearray(random_item(rng)[0][:200])
        for _ in range(rng.randrange(4)):
            if octets:
                at = rng.randrange(len(octets))
                octets[at] = rng.choice([rng.randrange(256), octets[at] ^ 1 << rng.randrange(8), 0xff, 0x9f, 0xbf, 0x5f])
        if not set(octets) & {0x9a, 0x9b, 0xba, 0xbb}:  # libcbor allocates what an array claims
            mutants.append(bytes(octets))

    accepted = 0
    alone = {libcbor_len: 0, cbor2_len: 0}
    for octets, answer in zip(mutants, tool.ask('cbor', mutants)):
        ours = int(answer[1]) if answer[0] == '0' else None
        accepted += ours is not None
        # libcbor refuses unnamed simple values and text that isn't UTF-8; cbor2 takes breaks in odd places and f8
        # with less than 32. One of the two has to agree.
        verdicts = {oracle: oracle(octets) for oracle in alone}
        if ours not in verdicts.values():
            fail('accepted or refused', octets, f'here {ours} {answer[0]}', *verdicts.values())
        for oracle, theirs in verdicts.items():
            alone[oracle] += ours != theirs

    print(f'{accepted} of {MUTANTS} accepted, libcbor differs {alone[libcbor_len]} times, cbor2 {alone[cbor2_len]}')
    if not MUTANTS // 10 < accepted < MUTANTS * 9 // 10 or max(alone.values()) > MUTANTS // 3:
        sys.exit('that tests nothing')


def python_loads(text):
    """Python's json, without what it takes beyond RFC 8259; bare inf and nan, which we take, are its own spelling."""
    try:
        return True, json.loads(text.decode('utf-8', 'replace'))
    except (ValueError, RecursionError):
        return False, None


def check_json_acceptance(tool, rng):
    texts = []
    while len(texts) < MUTANTS:
        text = bytearray(json.dumps(random_value(rng), ensure_ascii=rng.random() < 0.5).encode()[:200])
        for _ in range(rng.randrange(1, 4)):
            if text:
                at = rng.randrange(len(text))
                text[at:at + rng.randrange(2)] = bytes([rng.choice(b'[]{},:"\\u0129.eE-+ \n\0\x1f\xc3tfn')])
        low = text.lower()
        if b'inf' not in low and b'nan' not in low:
            texts.append(bytes(text))

    accepted = 0
    for text, answer in zip(texts, tool.ask('json', texts)):
        ok, value = python_loads(text)
        accepted += ok
        if ok != (answer[0] == '0'):
            fail('accepted or refused', text, text, f'here {answer[0]}, Python {ok}')
        if ok and not same(repaired(value), repaired(cbor2.loads(unhex(answer[1])))):
            fail('CBOR', text, value, answer[1])

    if not MUTANTS // 20 < accepted < MUTANTS * 19 // 20:
        sys.exit(f'{accepted} of {MUTANTS} accepted: that tests nothing')


def repaired(value):
    """Python keeps lone surrogates; here they are U+FFFD."""
    if isinstance(value, str):
        return ''.join('\ufffd' if '\ud800' <= c <= '\udfff' else c for c in value)
    if isinstance(value, list):
        return [repaired(v) for v in value]
    if isinstance(value, dict):
        return {repaired(k): repaired(v) for k, v in value.items()}
    if isinstance(value, int) and not isinstance(value, bool) and not -2**63 <= value < 2**64:
        return float(value) if abs(value) < 2**1023 else math.inf
    if isinstance(value, float) and math.isinf(value):
        return None
    return value


def main():
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32)
    print(f'seed {seed}', flush=True)
    tool = Tool(sys.argv[1])
    for check in check_items, check_cbor2, check_json, check_acceptance, check_json_acceptance:
        check(tool, random.Random(f'{seed} {check.__name__}'))
        print(f'ok: {check.__name__}', flush=True)


if __name__ == '__main__':
    main()
