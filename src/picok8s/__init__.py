"""picok8s: a light Kubernetes distribution. docs/ARCHITECTURE.md says where to begin."""

__version__ = "0.1.0"
