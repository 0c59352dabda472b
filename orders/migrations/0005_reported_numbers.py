from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0004_suppliers_books'),
    ]

    operations = [
        migrations.AddField(
            model_name='order',
            name='number_reported_at',
            field=models.DateTimeField(null=True),
        ),
    ]
