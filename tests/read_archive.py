#!/usr/bin/env python3
"""Reads a wakeep archive by docs/format.md alone: verifies all of it and prints what is in it, one JSON object a line.

Digests are BLAKE3, which Python's library lacks: `b3sum` or the `blake3` package is used where there is one, else they
are left unchecked and the first line says so.
"""
import json, struct, sys, tarfile, io, zlib

try:
    from blake3 import blake3
    digest = lambda data: blake3(data).digest()
except ImportError:
    digest = None


def chunk(data, at, ident):
    """The payload of the empty member at `at`, and where the next one begins."""
    n, = struct.unpack_from('<H', data, at + 14)
    payload = data[at + 16:at + 16 + n]
    whole = (bytes.fromhex('1f8b08040000000000ff') + struct.pack('<H', n + 4) + ident + struct.pack('<H', n)
             + payload + b'\x03\0' + bytes(8))
    assert data[at:at + len(whole)] == whole, f'no {ident} at byte {at}'
    return payload, at + len(whole)


def read(path):
    data = open(path, 'rb').read()
    footer, end = chunk(data, len(data) - 86, b'WF')
    magic, version, tail, packed, raw, label_len, said = struct.unpack('<6sHQIII32s', footer)
    assert (end, magic, version) == (len(data), b'wakeep', 1), 'no footer of version 1'
    payload, at = b'', tail
    while at < len(data) - 86:
        piece, at = chunk(data, at, b'WK')
        payload += piece
    assert len(payload) == packed + label_len
    assert not digest or digest(payload + footer[:28]) == said, 'the footer says another digest'
    index = zlib.decompress(payload[:packed], -15)
    assert len(index) == raw
    return data[:tail], index, payload[packed:]


def main(path):
    data, index, label = read(path)
    seconds, nanos, n_members, n_entries = struct.unpack_from('<qIII', index)
    at, place, starts, tar = 20, 0, [], b''
    for number in range(n_members):
        stored, content, stored_digest, content_digest = struct.unpack_from('<QQ32s32s', index, at)
        gz = zlib.decompressobj(31)
        bytes_ = data[place:place + stored]
        text = gz.decompress(bytes_)
        assert gz.eof and not gz.unused_data and len(text) == content, f'member {number}'
        assert not digest or (digest(bytes_), digest(text)) == (stored_digest, content_digest), f'member {number}'
        starts.append(len(tar))
        tar, place, at = tar + text, place + stored, at + 80
    assert place == len(data), 'the members are not all of the data'
    assert tar.endswith(bytes(1024))
    print(json.dumps({'members': n_members, 'digests': bool(digest), 'label': label.decode()}))
    infos = tarfile.open(fileobj=io.BytesIO(tar)).getmembers()
    assert len(infos) == n_entries
    for info in infos:
        kind, mode, dev, ino, size, mtime, nanos, member, offset, n = struct.unpack_from('<BIQQQqIIQH', index, at)
        name, at = index[at + 55:at + 55 + n].decode(), at + 55 + n
        assert (name, size, info.isdir()) == (info.name, info.size, kind == 1), name
        assert info.offset == starts[member] + offset, name
        assert kind == 1 or max(mtime, 0) == info.mtime, name
        print(json.dumps({'name': name, 'size': size, 'mtime': [mtime, nanos], 'mode': mode}))
    assert at == len(index)


main(sys.argv[1])
