"""With a real worker and dead webhooks among many: everybody else hears everything, and soon.

`make bench ARGS=webhooks-crowd` measures the same at full size.
"""

from pathlib import Path

import pytest

from tests.webhooks import crowd

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.slow]


def test_the_dead_delay_nobody(tmp_path: Path) -> None:
    with crowd.sinking() as sink, crowd.working(tmp_path / "worker.log"):
        members = crowd.gather(sink, count=20, dead=2)
        crowd.await_all(sink, crowd.tell(members[2:4], range(2), per_second=2), seconds=30)

        told = crowd.tell(members, range(2, 602), per_second=60)
        outcome = crowd.await_all(sink, told, seconds=30)

    assert (outcome.missing, outcome.forged) == (0, 0), (tmp_path / "worker.log").read_text()
    assert outcome.p50 < 250, outcome
    assert outcome.p99 < 2_000, outcome
