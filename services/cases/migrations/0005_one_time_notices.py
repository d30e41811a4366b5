"""One-time notices that list what several departments miss; what was told before keeps its notice."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import services.access.encryption


def give_each_its_notice(apps, schema_editor):
    """What was asked before notices were merged was told at once: each supplement was a notice of its own."""
    notices = apps.get_model("cases", "OneTimeNotice")
    numbers: dict[int, int] = {}
    for one in apps.get_model("cases", "Supplement").objects.select_related("case").order_by("asked_at", "id"):
        application = one.case.application_id
        numbers[application] = numbers.get(application, 0) + 1
        one.notice = notices.objects.create(
            application_id=application,
            number=numbers[application],
            cause="all_judged",
            released_by_id=one.asked_by_id,
            released_at=one.asked_at,
            answered_at=one.answered_at,
        )
        one.save(update_fields=["notice"])


def take_them_away(apps, schema_editor):
    """Forget the notices; the supplements keep what was asked and answered."""
    apps.get_model("cases", "Supplement").objects.update(notice=None)
    apps.get_model("cases", "OneTimeNotice").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0004_board_keeps_itself"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OneTimeNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("all_judged", "every department has looked"),
                            ("last_day", "the legal time was nearly over"),
                            ("sent_now", "sent early with a reason"),
                            ("before_hold", "sent before the application was held"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True, help_text="Why it was sent before everybody had looked", max_length=500
                    ),
                ),
                ("released_at", models.DateTimeField()),
                ("typed", services.access.encryption.EncryptedJSONField(default=dict)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="supplement",
            name="second_notice_needs_a_reason",
        ),
        migrations.AddField(
            model_name="supplement",
            name="approved_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="supplement",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="onetimenotice",
            name="application",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="notices", to="cases.application"
            ),
        ),
        migrations.AddField(
            model_name="onetimenotice",
            name="released_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="supplement",
            name="notice",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="supplements",
                to="cases.onetimenotice",
            ),
        ),
        migrations.RunPython(give_each_its_notice, take_them_away),
        # Checked now, so that the table can still be altered in this transaction.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL IMMEDIATE"),
        migrations.AddConstraint(
            model_name="supplement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("notice__isnull", True)),
                fields=("case",),
                name="supplement_recorded_once",
                violation_error_message="What is missing waits for its notice once per case.",
            ),
        ),
        migrations.AddConstraint(
            model_name="supplement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("round", 1),
                    ("notice__isnull", True),
                    models.Q(("supervisor_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="second_notice_needs_a_reason",
                violation_error_message="A second notice on one case needs a supervisor's reason.",
            ),
        ),
        migrations.AddConstraint(
            model_name="supplement",
            constraint=models.CheckConstraint(
                condition=models.Q(("answered_at__isnull", True), ("notice__isnull", False), _connector="OR"),
                name="supplement_answered_was_told",
                violation_error_message="Only what the applicant was told can be answered.",
            ),
        ),
        migrations.AddConstraint(
            model_name="onetimenotice",
            constraint=models.UniqueConstraint(
                fields=("application", "number"),
                name="notice_number_once",
                violation_error_message="The notices of an application are numbered.",
            ),
        ),
        migrations.AddConstraint(
            model_name="onetimenotice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cause", "sent_now"), _negated=True),
                    models.Q(models.Q(("reason", ""), _negated=True), ("released_by__isnull", False)),
                    _connector="OR",
                ),
                name="notice_sent_now_has_a_reason",
                violation_error_message="Whoever sends a notice before everybody has looked says why.",
            ),
        ),
    ]
