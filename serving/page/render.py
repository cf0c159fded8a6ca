"""Renders the page's templates, everything in them escaped, with headers that let nothing foreign run in it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from serving.page.highlight import highlight

_HERE = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",  # questions and rows stay out of the browser's cache
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def render(
    template: str, status: int = 200, *, more_headers: Mapping[str, str] | None = None, **context: Any
) -> HTMLResponse:
    """Render one template of `serving/page/templates`.

    Args:
        template: The file's name.
        status: HTTP status.
        more_headers: What an error adds, such as when to try again.
        context: What the template names; a name that it misses is an error.
    """
    html = _TEMPLATES.get_template(template).render(**context)
    return HTMLResponse(html, status_code=status, headers={**HEADERS, **(more_headers or {})})


def static_files() -> StaticFiles:
    """Return the app of the style sheet, the scripts and the icon."""
    return StaticFiles(directory=_HERE / "static")


def _address(name: str) -> str:
    """Name a static file; its content's hash stands in the address, so no browser keeps an old one."""
    digest = hashlib.sha256((_HERE / "static" / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{digest}"


_TEMPLATES = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals |= {
    "addresses": {file.name: _address(file.name) for file in (_HERE / "static").iterdir()},
    "highlight": highlight,
}
