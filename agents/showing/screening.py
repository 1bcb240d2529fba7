"""Episodes in a window, in real time: what is too late to be seen is not drawn."""

import time
from collections.abc import Callable, Iterable

from robosim.agents.evaluation.episodes import Episode
from robosim.agents.showing.film import HOLD_S, Moment
from robosim.render.window import Window, Wish

_LATE = 0.02  # s behind the clock from which a moment is left out
_STALE = 0.25  # s without a new picture after which one is drawn, however late


def screen(
    window: Window, moments: Iterable[Moment], *, clock: Callable[[], float] = time.monotonic
) -> tuple[Episode | None, Wish | None]:
    """Show one episode.

    Args:
        window: Where; anything with its `show` and `wait`.
        moments: What `robosim.agents.showing.film.moments` gives.
        clock: Seconds.

    Returns:
        What came of it, None where its end was not reached; and what the user wants: "next", "quit", or nothing.
    """
    start = drawn = clock()
    end: Episode | None = None
    for moment in moments:
        end, now = moment.end, clock()
        late = now - (start + moment.time) > _LATE
        if late and now - drawn < _STALE and moment.end is None and moment.step:
            continue
        window.show(moment.picture())
        drawn = clock()
        hold = HOLD_S if moment.end is not None else 0.0
        wish = window.wait(max(start + moment.time - drawn, hold))
        if wish == "pause":
            pressed = clock()
            wish = _paused(window)
            start += clock() - pressed
        if wish is not None:
            return end, wish
    return end, None


def _paused(window: Window) -> Wish | None:
    """Wait until the user goes on, and give what else is wanted."""
    while (wish := window.wait(3600.0)) is None:
        pass
    return None if wish == "pause" else wish
