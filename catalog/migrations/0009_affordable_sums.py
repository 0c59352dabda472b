from django.db import migrations, models
from django.db.models.functions import Now


def mark_stale(apps, schema_editor):
    """Have every sum made once more, with the highest cost behind it."""
    apps.get_model('catalog', 'Supplier').objects.update(stale_since=Now())


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0008_floats'),
    ]

    operations = [
        migrations.AddField(
            model_name='supplier',
            name='dearest_cost',
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='supplier',
            name='summed_for',
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.RunPython(mark_stale, migrations.RunPython.noop),
    ]
