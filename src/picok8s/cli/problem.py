"""What a command fails with: a sentence for the person at the terminal, with what to type next."""


class Problem(Exception):
    """The message is shown as it is."""
