"""An index of the loans that follow the LPR, for the night that reprices them."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('servicing', '0009_adjusting'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='loan',
            index=models.Index(condition=models.Q(('status', 'active'), ('terms__has_key', 'repricing')), fields=['product_code'], name='loan_follows_the_lpr'),
        ),
    ]
