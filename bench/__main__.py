"""`make bench`: each figure beside something bare, in one run, as a table.

Absolute figures belong to the machine; the ratios are what is compared from change to change.
Run one measurement alone with `make bench ARGS=poll`, and one that takes a size with
`make bench ARGS=catalogue:100000`. `ARGS=soak` is run only by name.
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
        from bench.table import Row, show

        simulator = stack.enter_context(measures.stocked_shop())
        sizes = dict(each.partition(":")[::2] for each in chosen)
        rows: list[Row] = []
        for name, measure in measures.ALL.items():
            if name in sizes or (not chosen and name not in measures.ON_REQUEST):
                print(f"measuring {name} …", flush=True)
                found = measure(simulator, *map(int, filter(None, [sizes.get(name)])))
                rows += [found] if isinstance(found, Row) else found
    print()
    show(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
