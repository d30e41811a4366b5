from django.db import migrations

FORWARD = """
create function payments_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'What happened to a fee is append-only: % on % is refused.', tg_op, tg_table_name
        using errcode = 'restrict_violation';
end $$;
create trigger paymentfact_refuses_change before update or delete on payments_paymentfact
    for each row execute function payments_refuse_change();
create trigger paymentfact_refuses_truncate before truncate on payments_paymentfact
    for each statement execute function payments_refuse_change();
"""
BACKWARD = """
drop trigger paymentfact_refuses_truncate on payments_paymentfact;
drop trigger paymentfact_refuses_change on payments_paymentfact;
drop function payments_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_fees")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
