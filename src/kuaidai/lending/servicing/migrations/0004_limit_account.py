"""The limit account: groups, sub-limits, reservations and history beside the lines there are.

Existing lines count as approved for what they grant. Account numbers become ciphertext.
"""

import base64
from decimal import Decimal

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import kuaidai.foundation.encryption
from kuaidai.foundation.encryption import decrypt_bytes, encrypt_bytes
from kuaidai.kernel.identifiers import new_id

TOTAL = Decimal("5000000.00")
MONEY = {"max_digits": 18, "decimal_places": 2}
APPROVED = [
    ("approval_reference", models.CharField(max_length=40, default="")),
    ("approved_amount", models.DecimalField(default=0, **MONEY)),
    ("approved_rate", models.DecimalField(default=0, max_digits=9, decimal_places=6)),
    ("approved_months", models.SmallIntegerField(default=0)),
    ("approval_expires_on", models.DateField(default="1970-01-01")),
]
STATES = {"pending": "reserved", "paid_out": "posted", "rejected": "released"}


def fill_lines(apps, schema_editor):
    """Groups, bounds, sub-limits and a first line of history for the lines there are."""
    models_ = {
        name: apps.get_model("servicing", name)
        for name in ("Facility", "LimitGroup", "GroupMember", "SubLimit", "LimitChange")
    }
    for row in models_["Facility"].objects.order_by("id").iterator(chunk_size=1000):
        row.group = _group(models_, row)
        row.approval_reference = row.application_id
        row.approved_amount, row.approved_rate = row.granted, row.annual_rate
        row.approved_months, row.approval_expires_on = row.months, row.expires_on
        row.account_no = base64.b64encode(encrypt_bytes(row.account_no.encode())).decode()
        row.save()
        bounds = {name: getattr(row, name) for name, _ in APPROVED}
        models_["SubLimit"].objects.create(
            facility=row, product_code=row.product_code, granted=row.granted, used=row.used,
            reserved=row.reserved, revolving=True, annual_rate=row.annual_rate, method=row.method,
            months=row.months, **bounds,
        )
        models_["LimitChange"].objects.create(
            facility=row, kind="open", on=row.opens_on, at=schema_editor.now, actor_kind="system",
            actor_id="migration", reason=f"Contract {row.contract_id}", granted_from=0,
            granted_to=row.granted, status_from=row.status, status_to=row.status,
            approval_reference=row.approval_reference,
        )


def _group(models_, row):
    members = models_["GroupMember"].objects
    keys = [("firm", row.uscc), ("person", row.person_no)]
    known = [members.filter(kind=kind, number=number).first() for kind, number in keys]
    groups = sorted({member.group_id for member in known if member})
    if groups:
        group = models_["LimitGroup"].objects.get(id=groups[0])
    else:
        group = models_["LimitGroup"].objects.create(id=new_id("GRP"), granted=TOTAL)
    for other in models_["LimitGroup"].objects.filter(id__in=groups[1:]):
        members.filter(group=other).update(group=group)
        models_["Facility"].objects.filter(group=other).update(group=group)
        group.used, group.reserved = group.used + other.used, group.reserved + other.reserved
        other.delete()
    group.used, group.reserved = group.used + row.used, group.reserved + row.reserved
    group.granted = max(group.granted, group.used + group.reserved)
    group.save()
    for (kind, number), member in zip(keys, known, strict=True):
        if member is None:
            members.create(group=group, kind=kind, number=number)
    return group


def fill_drawdowns(apps, schema_editor):
    """Product and term of the drawdowns there are; a reservation for each, under its old key."""
    drawdown = apps.get_model("servicing", "Drawdown")
    reservation = apps.get_model("servicing", "LimitReservation")
    keys = {
        key.result["id"]: key
        for key in apps.get_model("foundation", "IdempotencyKey")
        .objects.filter(scope__startswith="drawdown:", result__isnull=False)
        .iterator(chunk_size=1000)
    }
    rows = drawdown.objects.select_related("facility").order_by("id")
    for row in rows.iterator(chunk_size=1000):
        row.product_code, row.months = row.facility.product_code, row.facility.months
        row.save(update_fields=["product_code", "months"])
        key = keys.get(row.id)
        reservation.objects.create(
            facility_id=row.facility_id, key=key.key if key else row.id,
            request_hash=key.request_hash if key else "", product_code=row.product_code,
            amount=row.amount, subject_type="drawdown", subject_id=row.id, state=STATES[row.status],
        )


def open_accounts(apps, schema_editor):
    """Account numbers in clear again."""
    for row in apps.get_model("servicing", "Facility").objects.iterator(chunk_size=1000):
        row.account_no = decrypt_bytes(base64.b64decode(row.account_no)).decode()
        row.save(update_fields=["account_no"])


def run_fill(apps, schema_editor):
    """Every row there is, in one go."""
    from django.utils import timezone

    schema_editor.now = timezone.now()
    fill_lines(apps, schema_editor)
    fill_drawdowns(apps, schema_editor)
    # checks that wait for the end of the transaction would keep the tables from being altered
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    schema_editor.execute("SET CONSTRAINTS ALL DEFERRED")


GUARDS = """
CREATE TRIGGER servicing_limitchange_append_only BEFORE UPDATE OR DELETE ON servicing_limitchange
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
UNGUARDED = "DROP TRIGGER servicing_limitchange_append_only ON servicing_limitchange;"


def money(**options):
    return models.DecimalField(**MONEY, **options)


def key():
    return (
        "id",
        models.BigAutoField(
            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
        ),
    )


def to(model, name):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name=name, to=f"servicing.{model}"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("servicing", "0003_events_append_only"),
        ("foundation", "0003_audit_streams"),
    ]
    operations = [
        migrations.CreateModel(
            name="LimitGroup",
            fields=[
                ("id", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("granted", money()),
                ("used", money(default=0)),
                ("reserved", money(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(
                            used__gte=0, reserved__gte=0, granted__gte=F("used") + F("reserved")
                        ),
                        name="never_drawn_over_the_group_total",
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="GroupMember",
            fields=[
                key(),
                ("kind", models.CharField(max_length=6)),
                ("number", models.CharField(max_length=40)),
                ("group", to("limitgroup", "members")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["kind", "number"], name="in_one_group_only"),
                    models.CheckConstraint(
                        condition=Q(kind__in=["firm", "person"]), name="member_kind"
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="SubLimit",
            fields=[
                key(),
                *((name, field.clone()) for name, field in APPROVED),
                ("product_code", models.CharField(max_length=40)),
                ("granted", money()),
                ("used", money(default=0)),
                ("reserved", money(default=0)),
                ("consumed", money(default=0)),
                ("revolving", models.BooleanField()),
                ("annual_rate", models.DecimalField(max_digits=9, decimal_places=6)),
                ("method", models.CharField(max_length=40)),
                ("months", models.SmallIntegerField()),
                ("facility", to("facility", "sub_limits")),
            ],
        ),
        migrations.CreateModel(
            name="LimitReservation",
            fields=[
                key(),
                ("key", models.CharField(max_length=100)),
                ("request_hash", models.CharField(max_length=64)),
                ("product_code", models.CharField(max_length=40)),
                ("amount", money()),
                ("subject_type", models.CharField(max_length=20)),
                ("subject_id", models.CharField(max_length=40)),
                ("state", models.CharField(default="reserved", max_length=10)),
                ("facility", to("facility", "reservations")),
            ],
        ),
        migrations.CreateModel(
            name="LimitChange",
            fields=[
                key(),
                ("kind", models.CharField(max_length=10)),
                ("on", models.DateField()),
                ("at", models.DateTimeField()),
                ("actor_kind", models.CharField(max_length=10)),
                ("actor_id", models.CharField(max_length=100)),
                ("reason", models.TextField()),
                ("granted_from", money()),
                ("granted_to", money()),
                ("wanted", money(null=True)),
                ("status_from", models.CharField(max_length=10)),
                ("status_to", models.CharField(max_length=10)),
                ("approval_reference", models.CharField(max_length=40)),
                ("facility", to("facility", "changes")),
            ],
        ),
        migrations.AddField("facility", "branch", models.CharField(default="HEAD", max_length=12)),
        migrations.AddField("facility", "consumed", money(default=0)),
        migrations.AddField("facility", "wanted", money(null=True)),
        migrations.AddField(
            "facility",
            "group",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="facilities",
                to="servicing.limitgroup",
            ),
        ),
        *(migrations.AddField("facility", name, field.clone()) for name, field in APPROVED),
        migrations.AlterField("facility", "account_no", models.TextField()),
        migrations.AddField(
            "drawdown", "product_code", models.CharField(default="", max_length=40)
        ),
        migrations.AddField("drawdown", "months", models.SmallIntegerField(default=1)),
        migrations.AddField(
            "drawdown",
            "requested_at",
            models.DateTimeField(default="1970-01-01T00:00:00Z"),
            preserve_default=False,
        ),
        migrations.RunPython(run_fill, open_accounts, elidable=True),
        migrations.AlterField(
            "facility", "account_no", kuaidai.foundation.encryption.EncryptedTextField()
        ),
        migrations.AlterField("facility", "group", to("limitgroup", "facilities")),
        migrations.AlterField("drawdown", "product_code", models.CharField(max_length=40)),
        migrations.AlterField("drawdown", "months", models.SmallIntegerField()),
        *(
            migrations.AlterField(model, name, field)
            for model in ("facility", "sublimit")
            for name, field in (
                ("approval_reference", models.CharField(max_length=40)),
                ("approved_amount", money()),
                ("approved_rate", models.DecimalField(max_digits=9, decimal_places=6)),
                ("approved_months", models.SmallIntegerField()),
                ("approval_expires_on", models.DateField()),
            )
        ),
        migrations.RemoveConstraint("facility", "never_drawn_over_the_limit"),
        migrations.RemoveConstraint("facility", "facility_status"),
        migrations.AddConstraint(
            "facility",
            models.CheckConstraint(
                condition=Q(
                    used__gte=0,
                    reserved__gte=0,
                    consumed__gte=0,
                    granted__gte=F("used") + F("reserved") + F("consumed"),
                ),
                name="never_drawn_over_the_limit",
            ),
        ),
        migrations.AddConstraint(
            "facility",
            models.CheckConstraint(
                condition=Q(
                    granted__lte=F("approved_amount"),
                    annual_rate__gte=F("approved_rate"),
                    months__lte=F("approved_months"),
                    expires_on__lte=F("approval_expires_on"),
                ),
                name="facility_within_its_approval",
            ),
        ),
        migrations.AddConstraint(
            "facility",
            models.CheckConstraint(
                condition=Q(wanted=None) | Q(wanted__gte=0, wanted__lt=F("granted")),
                name="a_cut_aims_below_the_grant",
            ),
        ),
        migrations.AddConstraint(
            "facility",
            models.CheckConstraint(
                condition=Q(status__in=["open", "frozen", "expired", "cancelled", "closed"]),
                name="facility_status",
            ),
        ),
        migrations.AddConstraint(
            "sublimit",
            models.UniqueConstraint(
                fields=["facility", "product_code"], name="one_sub_limit_per_product"
            ),
        ),
        migrations.AddConstraint(
            "sublimit",
            models.CheckConstraint(
                condition=Q(
                    used__gte=0,
                    reserved__gte=0,
                    consumed__gte=0,
                    granted__gte=F("used") + F("reserved") + F("consumed"),
                ),
                name="never_drawn_over_the_sub_limit",
            ),
        ),
        migrations.AddConstraint(
            "sublimit",
            models.CheckConstraint(
                condition=Q(
                    granted__lte=F("approved_amount"),
                    annual_rate__gte=F("approved_rate"),
                    months__lte=F("approved_months"),
                ),
                name="sub_limit_within_its_approval",
            ),
        ),
        migrations.AddConstraint(
            "limitreservation",
            models.UniqueConstraint(fields=["facility", "key"], name="one_reservation_per_key"),
        ),
        migrations.AddConstraint(
            "limitreservation",
            models.UniqueConstraint(
                fields=["subject_type", "subject_id"], name="one_reservation_per_subject"
            ),
        ),
        migrations.AddConstraint(
            "limitreservation",
            models.CheckConstraint(condition=Q(amount__gt=0), name="reservation_is_positive"),
        ),
        migrations.AddConstraint(
            "limitreservation",
            models.CheckConstraint(
                condition=Q(state__in=["reserved", "posted", "released"]),
                name="reservation_state",
            ),
        ),
        migrations.AddConstraint(
            "drawdown",
            models.CheckConstraint(condition=Q(months__gt=0), name="drawdown_has_a_term"),
        ),
        migrations.AddIndex(
            "drawdown",
            models.Index(
                fields=["requested_at"], condition=Q(status="pending"), name="drawdown_pending"
            ),
        ),
        migrations.AddIndex(
            "limitchange",
            models.Index(fields=["facility", "-id"], name="servicing_l_facilit_2332f8_idx"),
        ),
        migrations.RunSQL(GUARDS, UNGUARDED),
    ]
