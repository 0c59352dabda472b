"""A process that delivers until it is killed."""

import sys

import django

if __name__ == "__main__":
    django.setup()
    from django.utils import timezone

    from webhooks.actions import deliver_due

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        deliver_due(clock=timezone.now, seconds=60, linger=60)
