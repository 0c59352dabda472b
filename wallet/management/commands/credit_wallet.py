from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Mode, User
from nexotp.lib.errors import Problem
from nexotp.lib.ids import new_id
from nexotp.lib.money import to_minor
from wallet.actions import adjust_wallet


class Command(BaseCommand):
    help = "Credit a wallet by hand (or debit it, with a negative amount). The reason is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("amount", help=f"in {settings.SHOP_CURRENCY}")
        parser.add_argument("--mode", default=Mode.LIVE, choices=Mode.values)
        parser.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            amount = to_minor(options["amount"], settings.SHOP_CURRENCY)
        except ValueError as error:
            raise CommandError(str(error)) from error
        if amount == 0 or abs(amount) > 10**15:
            raise CommandError("the amount must not be zero, nor above 10^15")
        if not options["reason"].strip():
            raise CommandError("give a reason")
        try:
            user = User.objects.get_by_natural_key(options["email"])
            transfer = adjust_wallet(
                user=user,
                amount=amount,
                adjustment_id=new_id("adj"),
                reason=options["reason"],
                by=None,
                mode=options["mode"],
            )
        except User.DoesNotExist as error:
            raise CommandError(f"no account with the e-mail {options['email']}") from error
        except Problem as problem:
            raise CommandError(str(problem.message)) from problem
        self.stdout.write(f"{transfer.public_id} balance {transfer.balance_after}")
