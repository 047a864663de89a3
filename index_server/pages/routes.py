"""The addresses of the pages."""

from collections.abc import Callable
from urllib.parse import quote

from packaging.utils import canonicalize_name
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from index_server.errors import NotHere
from index_server.holdings import Holdings
from index_server.pages.assets import asset_routes
from index_server.pages.detail import Detail, make_detail
from index_server.pages.overview import Overview, paginate, search
from index_server.pages.render import send_page
from index_server.pages.tokens import token_routes
from index_server.people.access import Permission, principal_of, require
from index_server.records.changes import read_entries
from index_server.web.address import base_of

RELEASES = 10
LINES = 100
# More of a query than this finds nothing that less of it does not.
LONGEST = 200


def routes(index: Holdings) -> list[BaseRoute]:
    """`/`, `/project/NAME/`, `/log`, `/tokens` and `/static/…`."""
    platforms = index.platforms
    overview = Overview(tuple(platforms.values()))
    kept: dict[tuple[str, bool], tuple[object, Detail]] = {}

    def first_page(request: Request) -> Response:
        snapshot = index.snapshot
        rows = overview.rows(snapshot, may_see_hidden(request))
        query = request.query_params.get("q", "")[:LONGEST].strip()
        order = "newest" if request.query_params.get("sort") == "newest" else "name"
        found = search(rows, query)
        if order == "newest":
            found.sort(key=lambda row: row.uploaded_at, reverse=True)
        return send_page(
            "index.html",
            request.scope,
            page=paginate(found, page_number(request)),
            projects=len(rows),
            wheels=sum(row.wheels for row in rows),
            total=sum(row.total for row in rows),
            query=query,
            order=order,
            platforms=tuple(platforms.values()),
        )

    def project_page(request: Request) -> Response:
        asked = request.path_params["name"]
        name = canonicalize_name(asked)
        snapshot = index.snapshot
        project = snapshot.projects.get(name)
        if project is None:
            raise NotHere(f"this index has no project {name}", advice="search the list of projects")
        base = base_of(request.scope)
        if asked != name or not request.url.path.endswith("/"):
            return RedirectResponse(f"{base}/project/{quote(name)}/", 301)
        hidden = may_see_hidden(request)(name)
        made_from, detail = kept.get((name, hidden), (None, None))
        if made_from is not project or detail is None:
            detail = make_detail(project, platforms, snapshot.projects, hidden=hidden)
            kept[name, hidden] = project, detail
        return send_page(
            "project.html",
            request.scope,
            detail=detail,
            project=project,
            page=paginate(detail.releases, page_number(request), RELEASES),
        )

    def log_page(request: Request) -> Response:
        require(request.scope, Permission.ADMIN)
        project = canonicalize_name(request.query_params.get("project", "")[:LONGEST])
        before = number_asked(request, "before")
        found = read_entries(index.engine, project=project, limit=LINES + 1, before=before)
        return send_page(
            "log.html",
            request.scope,
            project=project,
            entries=found[:LINES],
            begun=before is not None,
            older=found[LINES - 1].id if len(found) > LINES else None,
            known=index.snapshot.projects,
        )

    return [
        Route("/", first_page),
        Route("/project/{name}", project_page),
        Route("/project/{name}/", project_page),
        Route("/log", log_page),
        *token_routes(index),
        *asset_routes(),
    ]


def may_see_hidden(request: Request) -> Callable[[str], bool]:
    """Whose files in staging and quarantine this person may see: those they may change."""
    principal = principal_of(request.scope)
    return lambda project: principal.may(Permission.UPLOAD, project)


def page_number(request: Request) -> int:
    """`?page=`; what is no number is the first page."""
    number = number_asked(request, "page")
    return 1 if number is None else number


def number_asked(request: Request, name: str) -> int | None:
    """A whole number of the query, None where there is none that can be read."""
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
