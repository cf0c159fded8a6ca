"""GET and POST /login, POST /logout: a person's key goes into a cookie, where the gate finds it."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from serving.errors import ApiError
from serving.page.forms import FormDep
from serving.page.history import forget
from serving.page.refusal import ask_for_key, onward
from serving.page.session import drop_key, keep_key
from serving.service import ServiceDep

router = APIRouter(include_in_schema=False)


@router.get("/login")
async def show_login() -> Response:
    """Show the form."""
    return ask_for_key(onward("/"), None, 200)


@router.post("/login")
async def log_in(request: Request, service: ServiceDep, form: FormDep) -> Response:
    """Keep the key of the form, if it is one."""
    key, page = form.get("key", "").strip(), onward(form.get("onward", ""))
    try:
        service.key_ring.authenticate(key)
    except ApiError as error:
        return ask_for_key(page, error.message, error.status, error.headers)
    response = RedirectResponse(page, status_code=303)
    keep_key(request, response, key)
    return response


@router.post("/logout")
async def log_out() -> Response:
    """Forget the key, and which questions were asked with it."""
    response = RedirectResponse("/", status_code=303)
    drop_key(response)
    forget(response)
    return response
