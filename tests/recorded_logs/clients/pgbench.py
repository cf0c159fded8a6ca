"""pgbench: the same script through the simple protocol, the extended one, and prepared."""

import subprocess

from tests.recorded_logs.scratch_server import ScratchServer
from tests.recorded_logs.truth import Action, Script

_TRANSACTIONS = 2


def run(server: ScratchServer, modes: tuple[str, ...]) -> list[Action]:
    """Executes everything, and returns it."""
    actions: list[Action] = []
    for mode in modes:
        script = Script(f"pgbench-{mode}")
        times = {"executions": _TRANSACTIONS}
        steps = [
            (
                script.add(
                    "select order_id, status from market.orders where order_id = $1 and total > $2",
                    parameters=["7", "-1"],
                    **times,
                ),
                "select order_id, status\nfrom market.orders where order_id = :id and total > :low;",
            ),
            (
                script.add("select full_name from market.customers where city = $1", parameters=["Oslo"], **times),
                "select full_name from market.customers where city = :city;",
            ),
            (script.add("begin", "transaction", **times), "begin;"),
            (script.add("select count(*) from market.orders", **times), "select count(*) from market.orders;"),
            (script.add("commit", "transaction", **times), "commit;"),
        ]
        text = "\\set id 7\n\\set low -1\n" + "".join(f"{action.mark};\n{sql}\n" for action, sql in steps)
        subprocess.run(
            [
                server.binaries.folder / "pgbench", "-n", "-c", "1", "-t", str(_TRANSACTIONS), "-M", mode, "-f", "-",
                "-D", "city='Oslo'" if mode == "simple" else "city=Oslo", server.dsn("ada"),
            ],
            input=text + "select 'mark end' from market.marks;\n",
            text=True,
            capture_output=True,
            check=True,
            env={"PGAPPNAME": f"pgbench-{mode}"},
        )  # fmt: skip
        actions += script.actions
    return actions
