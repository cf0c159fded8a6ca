"""psqlODBC (Debian's odbc-postgresql), driven by unixODBC's isql: as it is, and in the mode that fetches by cursors."""

import subprocess

from tests.recorded_logs.scratch_server import ScratchServer
from tests.recorded_logs.truth import Action, Script

_QUESTIONS = (
    "select count(*) from market.orders",
    "select full_name from market.customers where full_name = 'Orla O''Quint'",
    "select status, count(*) from market.orders where note is null or note = 'a' group by status order by 1",
)


def run(server: ScratchServer) -> list[Action]:
    """Executes everything, and returns it."""
    actions: list[Action] = []
    for client, mode in (("odbc", ""), ("odbc-fetch", "UseDeclareFetch=1;Fetch=10;")):
        script = Script(client, connecting=("catalog", "several"))
        steps = [
            (script.add(question, noise=("cursor", "transaction", "prepared")), question) for question in _QUESTIONS
        ]
        steps += [(script.add("help", "catalog", executions=None, noise=("cursor", "transaction", "prepared")), "help")]
        steps += [
            (
                script.add("help orders", "catalog", executions=None, noise=("cursor", "transaction", "prepared")),
                "help orders",
            )
        ]
        text = "".join(f"{action.mark}\n{sql}\n" for action, sql in steps) + "select 'mark end' from market.marks\n"
        options = f"{mode}ConnSettings=set application_name = '{client}'"
        source = f"DRIVER=PostgreSQL Unicode;Server=127.0.0.1;Port={server.port};Database=market;UID=ada;{options}"
        subprocess.run(["isql", "-b", "-k", source], input=text, text=True, capture_output=True, check=True)
        actions += script.actions
    return actions
