"""Membership: certificates, tokens, kubeconfigs."""
