"""Components in order: paths, configuration, the supervisor."""
