"""Waiting for something to become true, with a limit that suits slow and busy machines."""

import time


def wait_until(condition, seconds=60, otherwise=lambda: ""):
    """Asks until the answer is true, and returns it; after so many seconds fails with what `otherwise` says."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} seconds\n{otherwise()}")
        time.sleep(0.1)
    return answer
