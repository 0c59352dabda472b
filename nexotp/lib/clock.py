"""The time at the edge, moved on by what has passed since."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Clock:
    """For work that takes long enough that the moment it began is not the moment it ends."""

    began_at: datetime
    _started: float = field(default_factory=time.monotonic)

    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def now(self) -> datetime:
        return self.began_at + timedelta(seconds=self.elapsed())
