"""A loan's terms and snapshot in a table of their own: the loan's row becomes narrow."""

import django.db.models.deletion
from django.db import migrations, models

_MOVE = """
INSERT INTO servicing_loanlife (loan_id, terms, snapshot)
SELECT id, terms, snapshot FROM servicing_loan
"""


class Migration(migrations.Migration):

    dependencies = [
        ('servicing', '0010_repricing'),
    ]

    operations = [
        migrations.CreateModel(
            name='LoanLife',
            fields=[
                ('loan', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='life', serialize=False, to='servicing.loan')),
                ('terms', models.JSONField()),
                ('snapshot', models.JSONField()),
            ],
        ),
        migrations.RunSQL(_MOVE),
        migrations.RemoveIndex(model_name='loan', name='loan_follows_the_lpr'),
        migrations.RemoveField(model_name='loan', name='terms'),
        migrations.RemoveField(model_name='loan', name='snapshot'),
        migrations.AddIndex(
            model_name='loanlife',
            index=models.Index(condition=models.Q(('terms__has_key', 'repricing')), fields=['loan'], name='loan_follows_the_lpr'),
        ),
    ]
