"""`make bench`: each figure beside something bare, in one run, as a table.

Absolute figures belong to the machine; the ratios are what is compared from change to change.
Run one measurement alone with `make bench ARGS=poll`. `ARGS=soak` is run only by name.
"""

import os
import sys
from contextlib import ExitStack

from bench.stage import own_servers


def main(chosen: list[str]) -> None:
    with ExitStack() as stack:
        stack.enter_context(own_servers())
        os.environ["DJANGO_SETTINGS_MODULE"] = "nexotp.settings"
        os.environ["LOG_LEVEL"] = "ERROR"
        os.environ["WEBHOOK_ALLOW_LOOPBACK"] = "true"
        import django

        django.setup()
        from bench import measures

        simulator = stack.enter_context(measures.stocked_shop())
        rows = []
        for name, measure in measures.ALL.items():
            if name in chosen or (not chosen and name not in measures.ON_REQUEST):
                print(f"measuring {name} …", flush=True)
                measured = measure(simulator)
                rows += measured if isinstance(measured, list) else [measured]
    print()
    print(f"{'':14}{'ours':>12}{'bare':>12}{'ratio':>9}{'aim':>9}   ")
    for row in rows:
        print(
            f"{row.name:14}{row.ours:>12,.1f}{row.bare:>12,.1f}{row.ratio:>9.2f}{row.aim:>9}"
            f"   {row.unit}; {row.note}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
