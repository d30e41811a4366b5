"""What steps added to a run's data is kept as text; what a closed task could have ended with is not kept."""

from django.db import migrations, models

import workflows.models.fields

COMPACT = r"""regexp_replace(learned::text, '("(?:[^"\\]|\\.)*")|\s+', '\1', 'g')::json"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0010_calendar_regions_and_versions")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"alter table workflows_run alter column learned type json using {COMPACT}",
                    "alter table workflows_run alter column learned type jsonb using learned::jsonb",
                )
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="run",
                    name="learned",
                    field=workflows.models.fields.TextJSONField(
                        default=dict, help_text="What its steps added, so that none rewrites what was given"
                    ),
                )
            ],
        ),
        migrations.AlterField(
            model_name="task",
            name="outcomes",
            field=models.JSONField(default=list, help_text="What it may end with while it is open; empty afterwards"),
        ),
        migrations.RunSQL(
            "update workflows_task set outcomes = '[]' where closed_at is not null", migrations.RunSQL.noop
        ),
    ]
