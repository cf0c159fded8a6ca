"""The sample business and the work that people do on it. Only on the embedded warehouse."""

import os

import dagster as dg

from dagster_project.resources.warehouse import WarehouseResource
from dagster_project.sample.business import create_business
from dagster_project.sample.replay import is_replayed, replay_workload
from dagster_project.warehouse.business import grant_business_schema
from dagster_project.warehouse.connect import connect

OWNERS = ["data-platform@example.com"]
TABLES = {
    "calendar": "day",
    "categories": "product category",
    "products": "product",
    "customers": "customer",
    "orders": "order",
    "order_items": "product in an order",
    "payments": "payment attempt",
    "refunds": "refund",
    "shipments": "parcel",
    "plans": "subscription plan",
    "subscriptions": "subscription",
    "employees": "employee",
    "support_tickets": "support request",
}


class BusinessConfig(dg.Config):
    """How large the sample business is."""

    scale: float = float(os.environ.get("AUDITUNE_SCALE", "1"))


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["shop", table],
            group_name="sample",
            kinds={"postgres"},
            owners=OWNERS,
            code_version="1",
            description=f"One row per {grain} of the sample business.",
        )
        for table, grain in TABLES.items()
    ],
    name="sample_business",
)
def sample_business(context: dg.AssetExecutionContext, warehouse: WarehouseResource, config: BusinessConfig):
    """Creates the sample business `shop`; where it stands already, nothing is changed."""
    admin_dsn = _admin_dsn(warehouse)
    business = create_business(admin_dsn, scale=config.scale)
    with connect(admin_dsn, "the embedded warehouse") as admin:
        grant_business_schema(admin, "shop")
    context.log.info(f"{sum(business.row_counts.values())} rows in {len(business.row_counts)} tables")
    for table in TABLES:
        yield dg.MaterializeResult(
            asset_key=["shop", table],
            metadata={"dagster/row_count": business.row_counts[table], "is_new": business.is_new},
        )


@dg.asset(
    key=["sample", "workload"],
    deps=[["shop", table] for table in TABLES],
    group_name="sample",
    kinds={"postgres", "python"},
    owners=OWNERS,
    code_version="1",
    description="What analysts, a BI tool and an application ask the sample business, sent so that the server logs it.",
)
def workload(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Replays the workload once; the server's log is what the pipeline reads."""
    admin_dsn = _admin_dsn(warehouse)
    if is_replayed(admin_dsn):
        context.log.info("The workload stands in the log already")
        return dg.MaterializeResult(metadata={"is_new": False})
    counts = replay_workload(admin_dsn)
    context.log.info(f"{sum(counts.values())} statements replayed")
    return dg.MaterializeResult(metadata={"is_new": True, **counts})


def _admin_dsn(warehouse: WarehouseResource) -> str:
    """The embedded server's superuser.

    Raises:
        dg.Failure: the warehouse is the user's own.
    """
    admin_dsn = warehouse.settings.admin_dsn
    if admin_dsn is None:
        raise dg.Failure(
            "The sample business is only for the embedded warehouse: leave the group `sample` out of the selection."
        )
    return admin_dsn
