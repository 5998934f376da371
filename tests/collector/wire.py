"""Protobuf, as far as a router of traces reads it: fields without their meaning."""


def varint(data, at):
    value, shift = 0, 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 0x80:
            return value, at


def fields(data):
    """(number, value, whole field) of a message; fixed and varint fields have no value here."""
    at = 0
    while at < len(data):
        begin = at
        tag, at = varint(data, at)
        value = None
        if tag & 7 == 2:
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
        else:
            at = varint(data, at)[1] if tag & 7 == 0 else at + {1: 8, 5: 4}[tag & 7]
        yield tag >> 3, value, data[begin:at]


def field(number, value):
    length, size = b"", len(value)
    while size > 0x7F:
        length, size = length + bytes([size & 0x7F | 0x80]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + value
