from django.db import migrations

FORWARD = """
create function workflows_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'The history is append-only: % on % is refused.', tg_op, tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger history_refuses_change before update or delete on workflows_historyevent
    for each row execute function workflows_refuse_change();
create trigger history_refuses_truncate before truncate on workflows_historyevent
    for each statement execute function workflows_refuse_change();
"""
BACKWARD = """
drop trigger history_refuses_truncate on workflows_historyevent;
drop trigger history_refuses_change on workflows_historyevent;
drop function workflows_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
