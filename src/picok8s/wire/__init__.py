"""Bytes to messages and back without I/O: protobuf, tables, stream frames."""
