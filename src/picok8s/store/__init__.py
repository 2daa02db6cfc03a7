"""The log: append at a revision, list, watch after a revision, compact; its engines, and the cache above it."""
