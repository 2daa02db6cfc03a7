"""What the kernel tells of nftables: whether a datagram of netlink says that a table was made or deleted."""

import struct

HEADER = struct.Struct("=IHHII")  # Length, type, flags, sequence, sender.
TABLE_MADE, TABLE_DELETED = 10 << 8, 10 << 8 | 2  # Subsystem nftables, and the message.


def is_of_tables(datagram: bytes) -> bool:
    at = 0
    while at + HEADER.size <= len(datagram):
        length, kind, *_ = HEADER.unpack_from(datagram, at)
        if kind in (TABLE_MADE, TABLE_DELETED):
            return True
        if length < HEADER.size:
            return False
        at += (length + 3) & ~3
    return False
