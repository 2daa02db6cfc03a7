"""What the supervisor runs: a component is a program, how it is told to end, and whether it says when it is ready.

             start              "ready" on the notify socket
stopped ------------> starting ------------------------------> ready
   ^                     |                                       |
   | told to stop        | dies: again after a growing pause     | dies
   +---------------------+---------------------------------------+
"""

from dataclasses import dataclass

PAUSE_MIN_S, PAUSE_MAX_S = 0.1, 10.0
STEADY_S = 30.0  # Who ran for so long is started again without a pause.


@dataclass(frozen=True, slots=True)
class Component:
    name: str
    argv: tuple[str, ...]
    says_ready: bool = True
    stop_s: float = 10.0  # After which it is killed.
    then: tuple[str, ...] = ()  # What is run once it was stopped.
    env: tuple[tuple[str, str], ...] = ()


def pause(failures: int) -> float:
    """Seconds before a component is started again after so many failures in a row."""
    if failures <= 0:
        return 0.0
    return min(PAUSE_MIN_S * 2 ** (failures - 1), PAUSE_MAX_S)
