"""Why an event was recorded; requests about loans that a second person decides."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('servicing', '0008_reservation_index'),
    ]

    operations = [
        migrations.AddField(
            model_name='loanevent',
            name='reason',
            field=models.CharField(blank=True, default='', max_length=500),
        ),
        migrations.CreateModel(
            name='LoanRequest',
            fields=[
                ('id', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=20)),
                ('told', models.JSONField()),
                ('reason', models.CharField(max_length=500)),
                ('status', models.CharField(default='waiting', max_length=10)),
                ('asked_by', models.CharField(max_length=150)),
                ('asked_on', models.DateField()),
                ('expires_on', models.DateField()),
                ('decided_by', models.CharField(blank=True, default='', max_length=150)),
                ('decided_on', models.DateField(null=True)),
                ('note', models.CharField(blank=True, default='', max_length=500)),
                ('loan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='servicing.loan')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('status', 'waiting')), fields=['asked_on', 'id'], name='loan_request_open')],
                'constraints': [models.CheckConstraint(condition=models.Q(('decided_by', models.F('asked_by')), _negated=True), name='loan_request_four_eyes'), models.CheckConstraint(condition=models.Q(models.Q(('decided_by', ''), ('decided_on', None), ('status__in', ['waiting', 'expired'])), models.Q(('decided_on__isnull', False), ('status__in', ['approved', 'rejected']), models.Q(('decided_by', ''), _negated=True)), _connector='OR'), name='loan_request_status'), models.CheckConstraint(condition=models.Q(('expires_on__gt', models.F('asked_on'))), name='loan_request_has_a_term'), models.UniqueConstraint(condition=models.Q(('status', 'waiting')), fields=('loan', 'kind'), name='one_waiting_request')],
            },
        ),
    ]
