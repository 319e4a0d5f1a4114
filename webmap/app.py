"""The application: every part of it, put together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from apiflask import APIFlask
from flask import Flask
from flask_compress import Compress

from webmap import (
    account,
    account_lists,
    account_roles,
    accounts,
    acting,
    alerts,
    api,
    assets,
    audit,
    basemap,
    bodies,
    changes,
    comparing,
    config,
    coverage,
    db,
    describing,
    door,
    drafting,
    draining,
    errors,
    explaining,
    figures,
    gaps,
    health,
    i18n,
    kept,
    notifications,
    page,
    panel,
    papers,
    plans,
    provider,
    references,
    reports,
    scenario_panel,
    scenario_paper,
    scenarios,
    security,
    services,
    sso,
    standards,
    tiles,
    why,
)


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
        # Served by webmap.assets; the annotation forgets that Flask takes None.
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
        door.bp,
        account.bp,
        audit.bp,
        sso.bp,
        accounts.bp,
        account_roles.bp,
        account_lists.bp,
        standards.bp,
        figures.bp,
        alerts.bp,
        notifications.bp,
    ):
        app.register_blueprint(blueprint)
    app.spec_processor(_describe)
    acting.check(app)
    return app
