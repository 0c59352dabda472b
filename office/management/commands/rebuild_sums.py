from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from office.actions import fold_sums, rebuild_sums


class Command(BaseCommand):
    help = "Throw the sums behind the admin's pages away and make them again from the rows."

    def handle(self, *args: Any, **options: Any) -> None:
        rebuild_sums()
        while fold_sums(now=timezone.now()):
            pass
