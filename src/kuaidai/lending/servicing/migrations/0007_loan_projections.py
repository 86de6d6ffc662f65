"""Loans become projections of events of every kind. Loans of earlier versions are not carried over."""

import datetime
import django.db.models.deletion
from django.db import migrations, models


def refuse_loans(apps, schema_editor):
    if apps.get_model("servicing", "Loan").objects.exists():
        raise RuntimeError(
            "this database holds loans of an unreleased version; start a fresh one (see CHANGELOG)"
        )


SEQUENCE = "CREATE SEQUENCE servicing_loan_number"


class Migration(migrations.Migration):

    dependencies = [
        ('servicing', '0006_classification'),
    ]

    operations = [
        migrations.RunPython(refuse_loans, migrations.RunPython.noop),
        migrations.RunSQL(SEQUENCE, "DROP SEQUENCE servicing_loan_number"),
        migrations.CreateModel(
            name='LoanChunk',
            fields=[
                ('id', models.IntegerField(primary_key=True, serialize=False)),
                ('closed_through', models.DateField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='loan',
            name='outstanding_in_range',
        ),
        migrations.RemoveConstraint(
            model_name='loan',
            name='loan_status',
        ),
        migrations.RemoveConstraint(
            model_name='loanevent',
            name='payment_is_positive',
        ),
        migrations.RemoveIndex(
            model_name='loan',
            name='servicing_l_status_ae9317_idx',
        ),
        migrations.RemoveIndex(
            model_name='loanevent',
            name='servicing_l_loan_id_f55019_idx',
        ),
        migrations.RemoveField(
            model_name='loan',
            name='allocation_order',
        ),
        migrations.RemoveField(
            model_name='loan',
            name='closed_through',
        ),
        migrations.RemoveField(
            model_name='loan',
            name='day_count',
        ),
        migrations.RemoveField(
            model_name='loan',
            name='days_past_due',
        ),
        migrations.RemoveField(
            model_name='loan',
            name='earned_interest',
        ),
        migrations.RemoveField(
            model_name='loan',
            name='earned_penalty',
        ),
        migrations.RemoveField(
            model_name='loan',
            name='grace_days',
        ),
        migrations.RemoveField(
            model_name='loan',
            name='months',
        ),
        migrations.RemoveField(
            model_name='loan',
            name='penalty_multiplier',
        ),
        migrations.RemoveField(
            model_name='loan',
            name='settlement_day',
        ),
        migrations.RemoveField(
            model_name='loanevent',
            name='amount',
        ),
        migrations.RemoveField(
            model_name='loanevent',
            name='shorten',
        ),
        migrations.AddField(
            model_name='loan',
            name='accrual_from',
            field=models.DateField(default=datetime.date(1970, 1, 1)),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='loan',
            name='accrues',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='loan',
            name='balance',
            field=models.DecimalField(decimal_places=2, default=0, max_digits=18),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='loan',
            name='branch',
            field=models.CharField(default='', max_length=12),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='loan',
            name='compound_receivable',
            field=models.DecimalField(decimal_places=2, default=0, max_digits=18),
        ),
        migrations.AddField(
            model_name='loan',
            name='event_count',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='loan',
            name='fee_receivable',
            field=models.DecimalField(decimal_places=2, default=0, max_digits=18),
        ),
        migrations.AddField(
            model_name='loan',
            name='interest_receivable',
            field=models.DecimalField(decimal_places=2, default=0, max_digits=18),
        ),
        migrations.AddField(
            model_name='loan',
            name='is_simple',
            field=models.BooleanField(default=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='loan',
            name='matures_on',
            field=models.DateField(default=datetime.date(1970, 1, 1)),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='loan',
            name='memorandum',
            field=models.DecimalField(decimal_places=2, default=0, max_digits=18),
        ),
        migrations.AddField(
            model_name='loan',
            name='next_end_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='loan',
            name='oldest_due_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='loan',
            name='parked_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='loan',
            name='penalty_receivable',
            field=models.DecimalField(decimal_places=2, default=0, max_digits=18),
        ),
        migrations.AddField(
            model_name='loan',
            name='product_code',
            field=models.CharField(default='', max_length=40),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='loan',
            name='snapshot',
            field=models.JSONField(default={}),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='loan',
            name='terms',
            field=models.JSONField(default={}),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='loan',
            name='year_days',
            field=models.SmallIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='loanevent',
            name='actor',
            field=models.CharField(default='', max_length=80),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='loanevent',
            name='booked_on',
            field=models.DateField(default=datetime.date(1970, 1, 1)),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='loanevent',
            name='key',
            field=models.CharField(default='', max_length=100),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='loanevent',
            name='kind',
            field=models.CharField(default='', max_length=20),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='loanevent',
            name='number',
            field=models.IntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='loanevent',
            name='recorded_at',
            field=models.DateTimeField(auto_now_add=True, default=datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='loanevent',
            name='told',
            field=models.JSONField(default={}),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name='loan',
            name='status',
            field=models.CharField(default='active', max_length=12),
        ),
        migrations.AlterField(
            model_name='loanevent',
            name='repayment',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, to='servicing.repayment'),
        ),
        migrations.AddIndex(
            model_name='repayment',
            index=models.Index(fields=['requested_on'], name='repayment_day'),
        ),
        migrations.AddConstraint(
            model_name='loanevent',
            constraint=models.UniqueConstraint(fields=('loan', 'number'), name='loan_event_number'),
        ),
        migrations.AddConstraint(
            model_name='loanevent',
            constraint=models.UniqueConstraint(fields=('loan', 'key'), name='loan_event_key'),
        ),
        migrations.AddField(
            model_name='loan',
            name='chunk',
            field=models.ForeignKey(default=0, on_delete=django.db.models.deletion.PROTECT, related_name='loans', to='servicing.loanchunk'),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name='loan',
            index=models.Index(condition=models.Q(('status', 'active')), fields=['chunk'], name='loan_active_chunk'),
        ),
        migrations.AddIndex(
            model_name='loan',
            index=models.Index(condition=models.Q(('oldest_due_on__isnull', False)), fields=['oldest_due_on'], name='loan_past_due'),
        ),
        migrations.AddIndex(
            model_name='loan',
            index=models.Index(condition=models.Q(('parked_on__isnull', False)), fields=['parked_on'], name='loan_parked'),
        ),
        migrations.AddConstraint(
            model_name='loan',
            constraint=models.CheckConstraint(condition=models.Q(('balance__gte', 0), ('outstanding__gte', 0), ('outstanding__lte', models.F('principal'))), name='outstanding_in_range'),
        ),
        migrations.AddConstraint(
            model_name='loan',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['active', 'settled', 'written_off'])), name='loan_status'),
        ),
        migrations.AddConstraint(
            model_name='loan',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'settled'), _negated=True), ('outstanding', 0), _connector='OR'), name='settled_owes_nothing'),
        ),
    ]
