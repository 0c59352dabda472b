import catalog.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0002_rates_for_review'),
    ]

    operations = [
        migrations.AlterField(
            model_name='supplier',
            name='protocol',
            field=models.CharField(choices=catalog.models.protocol_choices, max_length=20, verbose_name='protocol'),
        ),
    ]
