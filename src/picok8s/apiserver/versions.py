"""Resource versions as requests name them: which are numbers, which are not there yet."""

from picok8s.api.errors import ApiError
from picok8s.apiserver.server import Server


class NotANumber(ValueError):
    """A resource version that cannot be one; the text is upstream's, `why` its end."""

    def __init__(self, text: str) -> None:
        self.why = f'strconv.ParseUint: parsing "{text}": invalid syntax'
        super().__init__(f'resourceVersion: Invalid value: "{text}": {self.why}')


def number(text: str) -> int:
    """The revision that `text` means, 0 for none. Raises NotANumber."""
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or int(text) >= 2**64:
        raise NotANumber(text)
    return int(text)


def not_future(server: Server, revision: int) -> None:
    """Refuse a revision that the store has not reached. (Upstream waits three seconds for it first.)"""
    if revision > server.store.revision:
        details = {
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        }
        message = f"Timeout: Too large resource version: {revision}, current: {server.store.revision}"
        raise ApiError("Timeout", message, details)
