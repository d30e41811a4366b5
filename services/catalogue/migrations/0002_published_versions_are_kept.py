"""The database keeps a published version and its rows as they were published: only state and retired_at may change."""

from django.db import migrations

VERSIONS = ("catalogue_serviceversion", "catalogue_bundleversion")
ROWS = (
    "catalogue_material",
    "catalogue_fee",
    "catalogue_legalbasis",
    "catalogue_faq",
    "catalogue_step",
    "catalogue_resultkind",
    "catalogue_bundlepart",
    "catalogue_question",
    "catalogue_stoprule",
)

FUNCTIONS = """
CREATE FUNCTION catalogue_keep_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = '4' THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    IF TG_OP = 'DELETE' OR NEW.state = '4'
       OR (to_jsonb(NEW) - 'state' - 'retired_at') IS DISTINCT FROM (to_jsonb(OLD) - 'state' - 'retired_at') THEN
        RAISE EXCEPTION 'A published version is kept as it is.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION catalogue_keep_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one jsonb;
BEGIN
    FOR one IN SELECT row FROM unnest(ARRAY[to_jsonb(OLD), to_jsonb(NEW)]) AS row WHERE row IS NOT NULL LOOP
        PERFORM 1 FROM catalogue_serviceversion
            WHERE id = COALESCE(one ->> 'version_id', one ->> 'service_version_id')::bigint AND state <> '4'
        UNION ALL SELECT 1 FROM catalogue_bundleversion
            WHERE id = (one ->> 'bundle_version_id')::bigint AND state <> '4';
        IF FOUND THEN
            RAISE EXCEPTION 'A row of a published version is kept as it is.' USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;
    RETURN COALESCE(NEW, OLD);
END $$;
"""


def _create() -> str:
    versions = [
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION catalogue_keep_version();"
        for table in VERSIONS
    ]
    rows = [
        f"CREATE TRIGGER {table}_kept BEFORE INSERT OR UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION catalogue_keep_row();"
        for table in ROWS
    ]
    return "\n".join([FUNCTIONS, *versions, *rows])


def _drop() -> str:
    drops = [f"DROP TRIGGER {table}_kept ON {table};" for table in (*VERSIONS, *ROWS)]
    return "\n".join([*drops, "DROP FUNCTION catalogue_keep_version();", "DROP FUNCTION catalogue_keep_row();"])


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0001_initial")]

    operations = [migrations.RunSQL(_create(), _drop())]
