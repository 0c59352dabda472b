"""5sim's API v1: addresses for questions, JSON for answers, and bare sentences for errors.

An order that is RECEIVED is active and no more than that: whether a code came is seen in its
messages. There is no list of active orders, but the list of all of them begins with the newest.
Nothing makes a purchase repeatable, and no end user is asked for.

Options: `by_operator` ("1" lists every operator; its price is not capped then, as a limit is only
kept to where any operator will do), `cancel_lock_seconds`, `lifetime_seconds`.
"""

from suppliers.fivesim.adapter import FiveSim

__all__ = ["FiveSim"]
