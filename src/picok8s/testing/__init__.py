"""For tests of users and of our own: an API server in one call."""
