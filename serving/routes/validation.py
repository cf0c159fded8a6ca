"""POST /v1/validate: would this SQL be run? The page asks while a person corrects an answer."""

from fastapi import APIRouter

from serving.access.caller import CallerDep
from serving.errors import documented
from serving.schemas import ValidationRequest, ValidationResponse
from serving.service import ServiceDep
from serving.validation import validate

router = APIRouter(tags=["questions"], responses=documented(401, 422, 429, 503))


@router.post("/v1/validate")
async def validate_sql(body: ValidationRequest, service: ServiceDep, caller: CallerDep) -> ValidationResponse:
    """Check SQL with the guard and PostgreSQL's planner. Nothing is run, and nothing is stored.

    It needs the scope `ask`, or `review`: reviewers write SQL as well.
    """
    caller.require("review" if "review" in caller.scopes else "ask")
    validation = await validate(body.sql, service.champion.catalog, service.reader, caller)
    return ValidationResponse(
        valid=validation.is_valid,
        rule=validation.rule,
        message=validation.message,
        tables=list(validation.tables),
        columns=list(validation.columns),
    )
