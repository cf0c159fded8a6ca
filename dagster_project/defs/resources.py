"""Binds the resources, once for all assets."""

import dagster as dg

from dagster_project.resources.warehouse import WarehouseResource


@dg.definitions
def resources() -> dg.Definitions:
    """The warehouse, and the subprocesses that training and evaluation run in."""
    return dg.Definitions(
        resources={"warehouse": WarehouseResource(), "pipes_subprocess_client": dg.PipesSubprocessClient()}
    )
