"""Request to response: serve.py is the path of one request, top to bottom."""
