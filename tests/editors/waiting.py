"""Wait for a condition, with a limit that suits slow and busy machines."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def wait_until(
    condition: Callable[[], Answer | None], seconds: float = 60, otherwise: Callable[[], object] = lambda: ""
) -> Answer:
    """Calls `condition` until it returns something true, and returns that. `otherwise` explains a failure."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} seconds\n{otherwise()}")
        time.sleep(0.1)
    return answer
