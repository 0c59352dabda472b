"""Days of the shop."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone

ONE_DAY = timedelta(days=1)


def midnight(day: date) -> datetime:
    """When a day begins, in the shop's time zone."""
    return timezone.make_aware(datetime.combine(day, time()), timezone.get_default_timezone())


def day_of(moment: datetime) -> date:
    return timezone.localtime(moment, timezone.get_default_timezone()).date()
