"""The application: every part of it, put together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from apiflask import APIFlask
from flask import Flask
from flask_compress import Compress

from webmap.accounts import audit_page as audit
from webmap.accounts import jobs_page as jobs
from webmap.accounts import lists as account_lists
from webmap.accounts import own_page as account
from webmap.accounts import pages as accounts
from webmap.accounts import roles as account_roles
from webmap.alerts import list_page as notifications
from webmap.alerts import rules_page as alerts
from webmap.core import (
    acting,
    assets,
    basemap,
    bodies,
    config,
    db,
    describing,
    draining,
    errors,
    health,
    i18n,
    kept,
    security,
    titles,
)
from webmap.coverage import api as services
from webmap.coverage import explaining, reports
from webmap.coverage import figures_page as figures
from webmap.coverage import map_api as coverage
from webmap.coverage import standards_page as standards
from webmap.coverage import why_panel as why
from webmap.map import api, page, panel, tiles
from webmap.map import days_api as changes
from webmap.map import days_panel as comparing
from webmap.map import ranked_panel as gaps
from webmap.plans import api as plans
from webmap.plans import panel as drafting
from webmap.plans import paper as papers
from webmap.plans import references
from webmap.scenarios import api as scenarios
from webmap.scenarios import panel as scenario_panel
from webmap.scenarios import paper as scenario_paper
from webmap.sign_in import pages as sign_in
from webmap.sign_in import provider, sso


class _App(APIFlask):
    request_class = bodies.Request

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Take every view and hook as it is: none is async, and looking costs at each request."""
        return func


def _describe(spec: dict[str, Any] | str) -> dict[str, Any] | str:
    # The framework keeps one processor.
    return api.describe_problems(describing.describe(spec))


def make(overrides: Mapping[str, object]) -> Flask:
    """Make the application from GRIDMAP_* environment variables, then ``overrides``.

    Opens no connection: the pool opens at the first request, after a server has forked.
    """
    app = _App(
        "webmap",
        title="GridMap",
        version="1",
        spec_path="/api/openapi.json",
        docs_path=None,
        # Served by webmap.core.assets; the annotation forgets that Flask takes None.
        static_folder=None,  # pyright: ignore[reportArgumentType]
        json_errors=False,
    )
    # Each failed attempt to connect, by the thousand while the database is away: every request
    # that it concerns says so itself.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    config.load(app, overrides)
    for part in (
        errors,
        db,
        i18n,
        titles,
        assets,
        security,
        acting,
        kept,
        explaining,
        notifications,
        provider,
        draining,
    ):
        part.init_app(app)
    Compress(app)
    for blueprint in (
        page.bp,
        panel.bp,
        tiles.bp,
        api.bp,
        plans.bp,
        references.bp,
        drafting.bp,
        papers.bp,
        scenarios.bp,
        scenario_panel.bp,
        reports.bp,
        scenario_paper.bp,
        comparing.bp,
        gaps.bp,
        why.bp,
        coverage.bp,
        changes.bp,
        services.bp,
        basemap.bp,
        health.bp,
        sign_in.bp,
        account.bp,
        audit.bp,
        sso.bp,
        accounts.bp,
        account_roles.bp,
        account_lists.bp,
        jobs.bp,
        standards.bp,
        figures.bp,
        alerts.bp,
        notifications.bp,
    ):
        app.register_blueprint(blueprint)
    app.spec_processor(_describe)
    acting.check(app)
    return app
