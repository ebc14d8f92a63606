# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sessions that were captured from the reference, as the tests of a link use them."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop'))

from aemp import cbor

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'interop', 'vectors')


def vector(name):
    with open(os.path.join(VECTORS, f'{name}.json'), encoding='utf-8') as f:
        return json.load(f)


def octets_of(message):
    return bytes.fromhex(message['hex']) if 'hex' in message else message['text'].encode()


def pairs(session):
    """(note, octets sent by the peer, what the reference answered) of a values vector."""
    messages = session['messages']
    for sent, answer in zip(messages[::2], messages[1::2]):
        yield sent.get('note') or sent.get('text'), octets_of(sent), cbor.decode(octets_of(answer))


def meaning(value):
    """The same for two values that mean the same; NaN equals itself, 1 is not true."""
    return repr(cbor.plain(value))
