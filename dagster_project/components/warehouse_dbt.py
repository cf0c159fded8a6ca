"""The dbt project as Dagster assets. Configured in `defs/dbt/defs.yaml`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dagster.components.utils.defs_state import DefsStateConfig
from dagster_dbt import DbtProject, DbtProjectComponent

# A dbt group is who owns a model; a Dagster group is the stage of the road that it belongs to.
_STAGES = {"audit": "audit", "privacy": "privacy", "corpus": "corpus", "monitoring": "monitoring"}


@dataclass
class WarehouseDbtComponent(DbtProjectComponent):
    """`DbtProjectComponent` over the project's own folder, in our groups, with its ids' tests as blocking checks."""

    @property
    def defs_state_config(self) -> DefsStateConfig:
        """Keeps the state of each part of the project apart; by default the project's folder names it."""
        shared = super().defs_state_config
        return DefsStateConfig(
            key=f"WarehouseDbtComponent[{self.op.name}]",
            management_type=shared.management_type,
            refresh_if_dev=shared.refresh_if_dev,
        )

    def build_defs_from_state(
        self,
        context: dg.ComponentLoadContext,
        state_path: Path | None,  # noqa: ARG002 - the parent's signature
    ) -> dg.Definitions:
        """Builds the assets from the dbt project where it lies: an edited model is what the next run builds.

        The parent would run a copy that it made when the definitions were last refreshed.
        """
        return super().build_defs_from_state(context, None)

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """Adds the group of the stage and the owner's e-mail address to a dbt node's asset."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        # a schema may bear a name that Dagster takes for none ("Sales Dept")
        spec = spec.replace_attributes(key=dg.AssetKey([re.sub(r"[^A-Za-z0-9_]", "_", part) for part in spec.key.path]))
        properties = self.get_resource_props(manifest, unique_id)
        group = properties.get("config", {}).get("group")
        if group not in _STAGES:
            return spec
        email = manifest["groups"][f"group.{manifest['metadata']['project_name']}.{group}"]["owner"]["email"]
        return spec.replace_attributes(group_name=_STAGES[group], owners=[email])

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetCheckSpec | None:
        """Makes each dbt test a gate: without it, Python assets downstream would run on what failed its tests."""
        check = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return check._replace(blocking=True) if check else None
