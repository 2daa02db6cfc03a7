"""The machinery of all controllers: queue, backoff, consistency with own writes, events."""
