"""What is done in the background, for administrators: what waits, what was given up, and why."""

from __future__ import annotations

from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _

from geodata.errors import NotFoundError
from geodata.jobs import listing as jobs
from webmap.core import acting, errors

bp = Blueprint("jobs", __name__, url_prefix="/jobs")

# More are counted and not shown.
SHOWN = 200


@bp.get("")
def show() -> Response:
    """List the jobs that are not done: given up, being done, waiting."""
    with acting.as_database_role("gridmap_accounts") as conn:
        counts = jobs.count(conn)
        found = jobs.listed(conn, SHOWN)
    page = render_template(
        "accounts/jobs_page.html",
        counts=counts,
        jobs=found,
        more=sum(counts.values()) - len(found),
        states=jobs.STATES,
        titles=jobs.TITLES,
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/<int:job_id>/retry")
def retry(job_id: int) -> Response:
    """Let a job that was given up be tried again, and come back to the list."""
    with acting.as_database_role("gridmap_accounts") as conn:
        try:
            jobs.retry(conn, job_id)
        except NotFoundError as error:
            flash(errors.said(error))
        else:
            flash(_("Job %(number)s is tried again.", number=job_id))
    return redirect(url_for("jobs.show"), 303)  # pyright: ignore[reportReturnType]
