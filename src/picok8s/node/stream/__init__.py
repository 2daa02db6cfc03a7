"""Raw streams between a caller of the node and the runtime: sockets, TLS, and bytes that are passed on."""
