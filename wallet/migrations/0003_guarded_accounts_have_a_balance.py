from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("wallet", "0002_ledger_guards")]

    operations = [
        migrations.RemoveConstraint("ledgeraccount", "wallet_account_balance_not_negative"),
        migrations.AddConstraint(
            "ledgeraccount",
            models.CheckConstraint(
                condition=Q(guarded=True, balance__isnull=False, balance__gte=0)
                | Q(guarded=False, balance__isnull=True),
                name="wallet_account_balance_not_negative",
            ),
        ),
    ]
