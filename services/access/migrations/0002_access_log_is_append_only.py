from django.db import migrations

FORWARD = """
create function access_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'The access log is append-only: % on % is refused.', tg_op, tg_table_name
        using errcode = 'restrict_violation';
end $$;
create trigger accesslog_refuses_change before update or delete on access_accesslog
    for each row execute function access_refuse_change();
create trigger accesslog_refuses_truncate before truncate on access_accesslog
    for each statement execute function access_refuse_change();
"""
BACKWARD = """
drop trigger accesslog_refuses_truncate on access_accesslog;
drop trigger accesslog_refuses_change on access_accesslog;
drop function access_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
