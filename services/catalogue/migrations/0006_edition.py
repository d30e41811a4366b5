"""One row that changes with everything a guide says, so that every process knows when what it keeps is old."""

from django.db import migrations, models

TABLES = (
    "catalogue_serviceitem",
    "catalogue_serviceversion",
    "catalogue_bundleversion",
    "catalogue_listeditem",
    "parties_department",
    "parties_hall",
    "parties_window",
    "parties_window_departments",
    "workflows_calendarversion",
    "workflows_calendarday",
    "workflows_processdefinition",
)

FUNCTION = """
CREATE FUNCTION catalogue_new_edition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM changed) THEN
        RETURN NULL;
    END IF;
    INSERT INTO catalogue_edition (id, number, transaction)
    VALUES (1, 1, pg_current_xact_id()::text::bigint)
    ON CONFLICT (id) DO UPDATE
    SET number = catalogue_edition.number + 1, transaction = EXCLUDED.transaction;
    RETURN NULL;
END $$;
"""
EVENTS = {"insert": "NEW", "update": "NEW", "delete": "OLD"}
TRIGGERS = [
    f"CREATE TRIGGER {table}_edition_{event} AFTER {event} ON {table} REFERENCING {rows} TABLE AS changed "
    "FOR EACH STATEMENT EXECUTE FUNCTION catalogue_new_edition();"
    for table in TABLES
    for event, rows in EVENTS.items()
]
DROPS = [f"DROP TRIGGER {table}_edition_{event} ON {table};" for table in TABLES for event in EVENTS]


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0005_rules_about_dates_and_listed_items"),
        ("parties", "0001_initial"),
        ("workflows", "0011_what_ended_is_small"),
    ]

    operations = [
        migrations.CreateModel(
            name="Edition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("transaction", models.BigIntegerField()),
            ],
            options={"verbose_name": "edition of the catalogue"},
        ),
        migrations.RunSQL("\n".join([FUNCTION, *TRIGGERS]), "\n".join([*DROPS, "DROP FUNCTION catalogue_new_edition;"])),
        migrations.RunSQL("INSERT INTO catalogue_edition (id, number, transaction) VALUES (1, 1, 0);", ""),
    ]
