"""Query and services to answer."""
