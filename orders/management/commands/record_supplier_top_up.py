from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from catalog.models import Supplier
from nexotp.lib.money import to_minor
from orders.actions import record_supplier_top_up


class Command(BaseCommand):
    help = "Record money paid to a supplier in advance, in the supplier's currency."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("supplier", help="its public code")
        parser.add_argument("amount")
        parser.add_argument("--note", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        supplier = Supplier.objects.filter(code=options["supplier"]).first()
        if supplier is None:
            raise CommandError("there is no such supplier")
        try:
            amount = to_minor(options["amount"], supplier.currency)
        except ValueError as error:
            raise CommandError(str(error)) from error
        if not 0 < amount <= 10**15:
            raise CommandError("the amount must be above zero, and at most 10^15 minor units")
        top_up = record_supplier_top_up(
            supplier, amount=amount, by=None, note=options["note"], now=timezone.now()
        )
        self.stdout.write(f"recorded as prepay:{top_up.pk}")
