"""Who may ask for what: every address of the map in one table.

``public``     the same answer for everybody. These paths never look at the session, so a shared
               cache in front may keep what they say.
``open``       an answer for everybody, with more in it for those who are signed in.
``signed_in``  for accounts, whatever they may do.
a right        for accounts that hold a role with this right; to others it is not there.

An endpoint that is missing here stops the start. What an answer holds beyond this is decided row by
row, by geodata.accounts.acting and the database's policies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from geodata.database.rights import Right

Access = Literal["public", "open", "signed_in"] | Right

ACCESS: Mapping[str, Access] = {
    "static_file": "public",
    "health.alive": "public",
    "health.ready": "public",
    "basemap.file": "public",
    "tiles.tilejson": "public",
    "tiles.tile": "public",
    "tiles.own_tilejson": "open",
    "tiles.own_tile": "open",
    "api.grid": "public",
    "api.shape": "public",
    "api.here": "public",
    "api.search": "public",
    "services.coverage": "public",
    "services.standards": "public",
    "coverage.buildings": "public",
    "coverage.gaps": "public",
    "coverage.area": "public",
    "changes.find": "public",
    "changes.days": "public",
    "plans.listing": "see_plans",
    "plans.create": "draw",
    "plans.show": "see_plans",
    "plans.change": "draw",
    "plans.ground": "see_plans",
    "plans.buildings": "see_plans",
    "plans.do": "draw",
    "plans.undo": "draw",
    "plans.redo": "draw",
    "plans.rebase": "draw",
    "plans.copy": "draw",
    "plans.oppose": "draw",
    "plans.advance": "see_plans",
    "plans.accept": "draw",
    "plans.faults": "see_plans",
    "plans.show_consequences": "see_plans",
    "papers.plan_consequences": "see_plans",
    "references.listing": "see_plans",
    "references.add": "draw",
    "references.around": "see_plans",
    "references.rename": "draw",
    "references.remove": "draw",
    "scenarios.listing": "try_services",
    "scenarios.create": "try_services",
    "scenarios.show": "try_services",
    "scenarios.change": "try_services",
    "scenarios.copy": "try_services",
    "scenarios.add": "try_services",
    "scenarios.take_out": "try_services",
    "scenarios.near": "try_services",
    "scenarios.search": "try_services",
    "scenario_panel.listing": "try_services",
    "scenario_panel.scenario": "try_services",
    "drafting.listing": "see_plans",
    "drafting.plan": "see_plans",
    "openapi.spec": "public",
    "standards.index": "open",
    "standards.show": "open",
    "standards.new": "set_standards",
    "standards.change": "set_standards",
    "standards.withdraw": "set_standards",
    "standards.undo": "set_standards",
    "page.index": "open",
    "reports.coverage_pdf": "open",
    "reports.coverage_xlsx": "open",
    "reports.coverage_gpkg": "open",
    "reports.coverage_svg": "open",
    "scenario_paper.show": "try_services",
    "panel.county": "open",
    "panel.here": "open",
    "panel.grid": "open",
    "panel.grid_issues": "open",
    "panel.issue": "open",
    "panel.search": "open",
    "gaps.ranked": "open",
    "why.grid": "open",
    "why.facility": "open",
    "comparing.days": "open",
    "comparing.listing": "open",
    "panel.contact": "signed_in",
    "panel.reporter": "signed_in",
    "sign_in.sign_in": "open",
    "sign_in.sign_out": "open",
    "sign_in.rights": "open",
    "sso.start": "open",
    "sso.callback": "open",
    "account.show": "signed_in",
    "account.change_password": "signed_in",
    "account.end_session": "signed_in",
    "account.end_all_sessions": "signed_in",
    "audit.listing": "read_audit",
    "audit.export": "read_audit",
    "accounts.index": "manage_accounts",
    "accounts.new": "manage_accounts",
    "account_roles.places": "manage_accounts",
    "accounts.show": "manage_accounts",
    "accounts.disable": "manage_accounts",
    "accounts.enable": "manage_accounts",
    "accounts.password": "manage_accounts",
    "accounts.end_sessions": "manage_accounts",
    "account_roles.give_role": "manage_accounts",
    "account_roles.end_role": "manage_accounts",
    "account_lists.show": "manage_accounts",
    "account_lists.template": "manage_accounts",
    "account_lists.passwords": "manage_accounts",
    "jobs.show": "manage_accounts",
    "jobs.retry": "manage_accounts",
    "figures.show": "open",
    "figures.export": "open",
    "alerts.listing": "try_services",
    "alerts.new": "set_standards",
    "alerts.edit": "set_standards",
    "notifications.listing": "try_services",
    "notifications.mark": "try_services",
    "notifications.mark_all": "try_services",
}

# The same by path, for what has to be known before the address is read. Layers that show an account
# its own are not public.
PUBLIC_PATHS = ("/static/", "/healthz", "/readyz", "/basemap", "/tiles/", "/api/")
OWN_PATHS = ("/tiles/issues.json", "/tiles/issues/", "/api/plans", "/api/scenarios")
# Read by programs: failures there are problem+json (RFC 9457).
MACHINE_PATHS = ("/api/", "/tiles/", "/healthz", "/readyz", "/static/", "/basemap")

# Answers that are the same for every visitor until something changes, as regular expressions of
# whole paths: kept by revision (webmap.core.kept), by browsers, and by our front.
KEPT_PATHS = (r"/panel/home", r"/panel/grid/[0-9]+(/issues)?", r"/panel/issue/[0-9]+")
# The same of what takes long, kept by browsers and the process that makes it: the front would fetch
# for itself what nobody waits for any more.
HEAVY_KEPT_PATHS = (
    r"/panel/(days|changes|ranked)",
    r"/panel/grid/[0-9]+/why",
    r"/panel/facility/[0-9]+",
    r"/figures(/export\.csv)?",
)
# What takes long to answer: a process of its own answers it, and only so many at once are let in
# (scripts/front.py). First what is the same for everybody and carries an ETag; last what takes many
# seconds.
HEAVY_PUBLIC_PATHS = (
    r"/api/coverage/(gaps|buildings)",
    r"/api/coverage/facilities/[0-9]+/area",
)
HEAVY_PATHS = (
    *HEAVY_KEPT_PATHS,
    r"/api/changes(/days)?",
    r"/api/scenarios/[0-9]+/(near|changes)",
    r"/api/plans/[0-9]+/consequences",
    r"/panel/scenarios/[0-9]+",
)
LONG_PATHS = (
    r"/reports/(coverage|scenario)\.(pdf|svg|xlsx|gpkg)",
    r"/plans/[0-9]+/consequences\.pdf",
    r"/api/scenarios/[0-9]+/search",
    r"/api/plans/[0-9]+/references",
    r"/accounts/import",
    r"/audit/export",
)


def is_public(path: str) -> bool:
    """Tell whether an address answers everybody alike."""
    return path.startswith(PUBLIC_PATHS) and not path.startswith(OWN_PATHS)
