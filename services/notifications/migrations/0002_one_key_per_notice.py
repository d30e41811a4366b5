"""A notice exists once by what it is about: one index of its columns instead of a hash of them and its twins.

The hash stays what binds `params` to the row; it is computed from the same columns.
"""

import uuid

import django.db.models.deletion
import django.utils.crypto
from django.conf import settings
from django.db import migrations, models

ONCE = "(md5(kind || '|' || round || '|' || channel || '|' || recipient_id))::uuid"


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(model_name="notice", name="notice_subject"),
        migrations.RemoveIndex(model_name="notice", name="notice_inbox"),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("channel", "inbox")),
                fields=["recipient", "created_at", "id"],
                name="notice_inbox",
            ),
        ),
        migrations.RemoveField(model_name="notice", name="dedup_key"),
        migrations.AlterField(
            model_name="notice",
            name="public_id",
            field=models.CharField(
                default=django.utils.crypto.get_random_string, editable=False, max_length=16
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="provider_key",
            field=models.UUIDField(default=uuid.uuid4, editable=False),
        ),
        migrations.AlterField(
            model_name="notice",
            name="recipient",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="notices",
                to=settings.AUTH_USER_MODEL, verbose_name="recipient",
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="handled_by",
            field=models.ForeignKey(
                blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+",
                to=settings.AUTH_USER_MODEL, verbose_name="handled by",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(
                "subject_kind",
                "subject_id",
                models.Func(output_field=models.UUIDField(), template=ONCE),
                name="notice_once",
                violation_error_message="A message about one event goes to one person once per channel.",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(
                fields=("public_id",),
                name="notice_public_id",
                violation_error_message="Two notices have the same public id.",
            ),
        ),
    ]
