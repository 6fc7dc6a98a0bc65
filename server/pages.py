"""The built web client: one page for every address that people visit, one for the API, and their files.

Decides which addresses show the page and the headers that protect it. Without a build it says how to make one.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

DIST = Path(__file__).parent.parent / "client" / "web" / "dist"

HEADERS = {
    # Everything comes from here. blob: and data: for the microphone's worklet and small inline images.
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
        "worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


async def _page(request: Request) -> Response:
    index = DIST / "index.html"
    if not index.is_file():
        return PlainTextResponse("The pages are not built yet. Run ./scripts/setup, then reload.\n", status_code=503)
    return FileResponse(index, headers=HEADERS)


async def _docs(request: Request) -> Response:
    """What /openapi.json says, to be read; without a build, that itself."""
    page = DIST / "docs.html"
    return FileResponse(page, headers=HEADERS) if page.is_file() else RedirectResponse("/openapi.json")


def routes() -> list[BaseRoute]:
    paths = (
        "/",
        "/operations",
        "/rooms/{room}",
        "/rooms/{room}/coach",
        "/reports/{room}",
        "/reports/{room}/review",
        "/reviews",
        "/fairness",
    )
    return [
        *(Route(path, _page) for path in paths),
        Route("/docs", _docs),
        Mount("/assets", StaticFiles(directory=DIST / "assets", check_dir=False), name="assets"),
    ]
