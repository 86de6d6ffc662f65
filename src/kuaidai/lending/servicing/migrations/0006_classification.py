"""Risk classes, overrides, allowances. Changes of class and provision movements are append-only."""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
CREATE TRIGGER servicing_classchange_append_only BEFORE UPDATE OR DELETE ON servicing_classchange
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER servicing_provisionmovement_append_only
    BEFORE UPDATE OR DELETE ON servicing_provisionmovement
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE servicing_loanrisk SET (fillfactor = 80);
"""
BACKWARD = """
DROP TRIGGER servicing_classchange_append_only ON servicing_classchange;
DROP TRIGGER servicing_provisionmovement_append_only ON servicing_provisionmovement;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('servicing', '0005_gateway'),
    ]

    operations = [
        migrations.CreateModel(
            name='DebtorRisk',
            fields=[
                ('uscc', models.CharField(max_length=18, primary_key=True, serialize=False)),
                ('grade', models.CharField(blank=True, default='', max_length=10)),
                ('early_warning', models.BooleanField(default=False)),
                ('bad_at_other_banks', models.BooleanField(default=False)),
                ('overdue_share_everywhere', models.DecimalField(decimal_places=6, max_digits=7, null=True)),
                ('capacity_confirmed_on', models.DateField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('overdue_share_everywhere__isnull', True), models.Q(('overdue_share_everywhere__gte', 0), ('overdue_share_everywhere__lte', 1)), _connector='OR'), name='share_of_debts_is_a_share')],
            },
        ),
        migrations.CreateModel(
            name='LoanRisk',
            fields=[
                ('loan', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='risk', serialize=False, to='servicing.loan')),
                ('risk_class', models.SmallIntegerField(default=1)),
                ('stage', models.SmallIntegerField(default=1)),
                ('reasons', models.JSONField(default=list)),
                ('orderly_since', models.DateField(null=True)),
                ('clear_since', models.DateField(null=True)),
                ('restructured_on', models.DateField(null=True)),
                ('restructured_again', models.BooleanField(default=False)),
                ('watched_from', models.DateField(null=True)),
                ('rate', models.DecimalField(decimal_places=10, default=0, max_digits=12)),
                ('allowance', models.DecimalField(decimal_places=2, default=0, max_digits=18)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('risk_class__gt', 1), ('stage__gt', 1), ('restructured_on__isnull', False), _connector='OR'), fields=['loan'], name='loan_risk_not_ordinary')],
                'constraints': [models.CheckConstraint(condition=models.Q(('risk_class__gte', 1), ('risk_class__lte', 5)), name='risk_class_known'), models.CheckConstraint(condition=models.Q(('stage__gte', 1), ('stage__lte', 3)), name='stage_known'), models.CheckConstraint(condition=models.Q(('risk_class__lt', 3), ('stage', 3), _connector='OR'), name='bad_loans_are_in_stage_three')],
            },
        ),
        migrations.CreateModel(
            name='ProvisionMovement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('on', models.DateField()),
                ('number', models.IntegerField()),
                ('branch', models.CharField(max_length=12)),
                ('product_code', models.CharField(max_length=40)),
                ('kind', models.CharField(max_length=10)),
                ('charge', models.DecimalField(decimal_places=2, max_digits=18)),
                ('level', models.DecimalField(decimal_places=2, max_digits=18)),
                ('parameters', models.CharField(max_length=30)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('on', 'number', 'branch', 'product_code', 'kind'), name='one_movement_a_run'), models.CheckConstraint(condition=models.Q(('kind__in', ['loan', 'commitment'])), name='provision_kind')],
            },
        ),
        migrations.CreateModel(
            name='ClassChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('on', models.DateField()),
                ('from_class', models.SmallIntegerField()),
                ('to_class', models.SmallIntegerField()),
                ('from_stage', models.SmallIntegerField()),
                ('to_stage', models.SmallIntegerField()),
                ('reasons', models.JSONField()),
                ('loan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='class_changes', to='servicing.loan')),
            ],
            options={
                'indexes': [models.Index(fields=['loan', 'id'], name='servicing_c_loan_id_7d190d_idx'), models.Index(fields=['on'], name='servicing_c_on_a4aaad_idx')],
            },
        ),
        migrations.CreateModel(
            name='ClassOverride',
            fields=[
                ('id', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=20)),
                ('risk_class', models.SmallIntegerField(null=True)),
                ('reason', models.CharField(max_length=500)),
                ('status', models.CharField(default='waiting', max_length=10)),
                ('asked_by', models.CharField(max_length=150)),
                ('asked_on', models.DateField()),
                ('expires_on', models.DateField()),
                ('decided_by', models.CharField(blank=True, default='', max_length=150)),
                ('decided_on', models.DateField(null=True)),
                ('note', models.CharField(blank=True, default='', max_length=500)),
                ('loan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='class_overrides', to='servicing.loan')),
            ],
            options={
                'indexes': [models.Index(fields=['status', 'expires_on'], name='servicing_c_status_de9563_idx')],
                'constraints': [models.CheckConstraint(condition=models.Q(('decided_by', models.F('asked_by')), _negated=True), name='four_eyes'), models.CheckConstraint(condition=models.Q(models.Q(('decided_by', ''), ('decided_on__isnull', True), ('status', 'waiting')), models.Q(('decided_on__isnull', False), ('status__in', ['approved', 'rejected']), models.Q(('decided_by', ''), _negated=True)), _connector='OR'), name='override_status'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'worsen'), ('risk_class__gte', 2), ('risk_class__lte', 5)), models.Q(('kind', 'confirm_capacity'), ('risk_class__isnull', True)), _connector='OR'), name='override_kind'), models.CheckConstraint(condition=models.Q(('expires_on__gt', models.F('asked_on'))), name='override_has_a_term'), models.UniqueConstraint(condition=models.Q(('status', 'waiting')), fields=('loan', 'kind'), name='one_waiting_override')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
