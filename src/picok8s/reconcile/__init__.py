"""The machinery of all controllers: queues, backoff, consistency with own writes, events, leader election."""
