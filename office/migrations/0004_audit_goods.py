"""Services and countries are audited, and suppliers with less noise than before."""

from django.db import migrations, models

from office.models.audit import Act
from office.triggers import AUDITED

_NEW = [each for each in AUDITED if each.table in {"catalog_service", "catalog_country"}]
_SUPPLIERS = next(each for each in AUDITED if each.table == "catalog_supplier")


class Migration(migrations.Migration):
    dependencies = [
        ("office", "0003_audit_tiers"),
        ("catalog", "0012_supply_desk"),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditentry",
            name="act",
            field=models.CharField(choices=Act, max_length=10, verbose_name="act"),
        ),
        *(migrations.RunSQL(each.sql, each.undo) for each in _NEW),
        migrations.RunSQL(_SUPPLIERS.undo + _SUPPLIERS.sql, _SUPPLIERS.undo + _SUPPLIERS.sql),
    ]
