"""Write the history anew in a narrower form.

Its rows carried two columns that were dropped long ago, padding between columns, and facts in PostgreSQL's binary JSON,
which is a third longer than the text of so short ones. What a row says and its hash stay the same.
"""

from django.db import migrations

import workflows.models.fields

COLUMNS = "root_id, run_id, at, by_id, seq, kind, detail, hash"


def narrow(detail: str, order: str) -> str:
    return f"""
drop trigger history_refuses_truncate on workflows_historyevent;
drop trigger history_refuses_change on workflows_historyevent;
alter table workflows_historyevent rename to workflows_historyevent_before;
alter table workflows_historyevent_before rename constraint workflows_historyevent_pkey to history_before_pkey;
create table workflows_historyevent ({order});
insert into workflows_historyevent ({COLUMNS}) select {COLUMNS.replace("detail", detail)}
    from workflows_historyevent_before order by root_id, seq;
drop table workflows_historyevent_before;
alter table workflows_historyevent add primary key (root_id, seq);
alter table workflows_historyevent
    add constraint workflows_historyevent_seq_check check (seq >= 0),
    add constraint workflows_historyevent_by_id_8a66e7aa_fk_accounts_user_id
        foreign key (by_id) references accounts_user (id) deferrable initially deferred,
    add constraint workflows_historyevent_root_id_dca29b68_fk_workflows_run_id
        foreign key (root_id) references workflows_run (id) deferrable initially deferred,
    add constraint workflows_historyevent_run_id_e3cdeb70_fk_workflows_run_id
        foreign key (run_id) references workflows_run (id) deferrable initially deferred;
create trigger history_refuses_change before update or delete on workflows_historyevent
    for each row execute function workflows_refuse_change();
create trigger history_refuses_truncate before truncate on workflows_historyevent
    for each statement execute function workflows_refuse_change();
"""  # noqa: S608


#: Without the spaces that the binary form is written with; strings keep theirs.
COMPACT = r"""regexp_replace(detail::text, '("(?:[^"\\]|\\.)*")|\s+', '\1', 'g')::json"""
NARROW = narrow(
    COMPACT,
    "root_id bigint not null, run_id bigint not null, at timestamptz not null, by_id bigint, seq integer not null,"
    " kind varchar(40) not null, detail json not null, hash bytea not null",
)
WIDE = narrow(
    "detail::jsonb",
    "seq integer not null, at timestamptz not null, kind varchar(40) not null, detail jsonb not null,"
    " hash bytea not null, by_id bigint, root_id bigint not null, run_id bigint not null",
)


class Migration(migrations.Migration):
    dependencies = [("workflows", "0006_clocks_know_when_they_warn")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(NARROW, WIDE)],
            state_operations=[
                migrations.AlterField(
                    model_name="historyevent",
                    name="detail",
                    field=workflows.models.fields.TextJSONField(
                        default=dict, help_text="Codes and row numbers, never personal values"
                    ),
                ),
            ],
        ),
    ]
