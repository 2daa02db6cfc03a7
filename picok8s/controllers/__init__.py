"""The controllers: objects -> writes. One file each; each says what it reads, writes and guarantees."""
