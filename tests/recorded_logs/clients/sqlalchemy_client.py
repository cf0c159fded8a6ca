"""SQLAlchemy: the inspector's catalog queries (Superset and many tools read the schema with it), and a bound query."""

import sqlalchemy as sa

from tests.recorded_logs.scratch_server import ScratchServer
from tests.recorded_logs.truth import Action, Script


def run(server: ScratchServer) -> list[Action]:
    """Executes everything, and returns it."""
    script = Script("sqlalchemy", connecting=("catalog", "transaction"))
    engine = sa.create_engine(
        f"postgresql+psycopg2://ada@127.0.0.1:{server.port}/market", connect_args={"application_name": "sqlalchemy"}
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(script.add("inspect", "catalog", executions=None).mark)
        inspector = sa.inspect(connection)
        inspector.get_schema_names()
        inspector.get_table_names("market")
        inspector.get_view_names("market")
        for read in (
            inspector.get_columns, inspector.get_pk_constraint, inspector.get_foreign_keys, inspector.get_indexes,
            inspector.get_unique_constraints, inspector.get_check_constraints, inspector.get_table_comment,
            inspector.has_table,
        ):  # fmt: skip
            read("orders", schema="market")
        orders = sa.Table("orders", sa.MetaData(), schema="market", autoload_with=connection)
        asked = sa.select(orders.c.order_id).where(orders.c.status == "open").order_by(orders.c.order_id)
        sql = "select order_id from market.orders where status = $1 order by order_id"
        connection.exec_driver_sql(script.add(sql, parameters=["open"]).mark)
        connection.execute(asked)
        connection.exec_driver_sql("select 'mark end' from market.marks")
    engine.dispose()
    return script.actions
