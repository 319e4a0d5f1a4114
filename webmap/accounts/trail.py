"""What an entry of the audit trail says, in words: who, what, to whom, and the facts about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import format_decimal
from flask_babel import gettext as _

from geodata.accounts.audit import AuditEvent, Names
from geodata.alerts import rules
from geodata.coverage.standards import definition
from geodata.coverage.standards.model import Standard
from geodata.database.rights import TITLES
from webmap.core import i18n

_TERM = re.compile(r"\[(\d{4}-\d\d-\d\d),(\d{4}-\d\d-\d\d)?\)")
# Enough of a fact that nobody has written words for.
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Line:
    """An entry for people; ``username`` is of who did it, '' if nobody was signed in."""

    at: datetime
    username: str
    who: str
    action: str
    code: str
    about: str
    grid_id: int | None
    facts: Sequence[str]
    request_id: str


def action_groups(known: Sequence[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the actions to choose from, as code and name in groups; ``known`` are in use."""
    groups = [
        (
            _("Phone numbers"),
            {
                "contact.shown": _("Duty holder's number shown"),
                "reporter.shown": _("Reporter shown"),
            },
        ),
        (
            _("Signing in"),
            {
                "session.opened": _("Signed in"),
                "session.refused": _("Sign-in refused"),
                "session.ended": _("Session ended"),
                "session.ended_everywhere": _("All sessions ended"),
                "identity.linked": _("Single sign-on linked"),
                "password.changed": _("Password changed"),
            },
        ),
        (
            _("Accounts and roles"),
            {
                "account.created": _("Account created"),
                "account.changed": _("Account changed"),
                "account.disabled": _("Account disabled"),
                "account.enabled": _("Account enabled"),
                "account.removed": _("Account removed"),
                "role.granted": _("Role given"),
                "role.changed": _("Role changed"),
                "role.taken": _("Role taken away"),
            },
        ),
        (
            _("Plans for boundaries"),
            {
                "plan.created": _("Plan created"),
                "plan.copied": _("Plan copied"),
                "plan.changed": _("Plan changed"),
                "plan.submitted": _("Plan submitted"),
                "plan.returned": _("Plan returned"),
                "plan.approved": _("Plan approved"),
                "plan.published": _("Plan published"),
                "plan.withdrawn": _("Plan withdrawn"),
                "plan.archived": _("Plan archived"),
                "plan.unarchived": _("Plan unarchived"),
                "plan.reference_added": _("Reference layer added"),
                "plan.reference_removed": _("Reference layer removed"),
                "plan.rebased": _("Plan brought up to date"),
            },
        ),
        (
            _("Service standards"),
            {
                "standard.added": _("Kind of service added"),
                "standard.changed": _("Standard changed"),
                "standard.withdrawn": _("Pending change withdrawn"),
                "standard.undone": _("Change of a standard undone"),
            },
        ),
        (
            _("Alert rules"),
            {
                "alert.created": _("Alert rule set"),
                "alert.changed": _("Alert rule changed"),
            },
        ),
        (_("Audit trail"), {"audit.exported": _("Audit trail exported")}),
    ]
    named = {code for _title, names in groups for code in names}
    # What a later version writes is shown by its code, and can be chosen.
    others = {code: code for code in known if code not in named}
    if others:
        groups.append((_("Others"), others))
    return [(title, list(names.items())) for title, names in groups]


def action_names(known: Sequence[str] = ()) -> dict[str, str]:
    """Return the actions' names by code."""
    return dict(pair for _title, pairs in action_groups(known) for pair in pairs)


def lines(events: Sequence[AuditEvent], names: Names) -> list[Line]:
    """Put entries into words, in their order."""
    actions = action_names()
    return [
        Line(
            at=event.at,
            username=event.actor,
            who=_who(event, names),
            action=actions.get(event.action, event.action),
            code=event.action,
            about=_about(event, names),
            grid_id=event.subject_id if event.subject == "grid" else None,
            facts=_facts(event, names),
            request_id=event.request_id,
        )
        for event in events
    ]


def _who(event: AuditEvent, names: Names) -> str:
    """Say who did it besides the user name: the person's name, or why there is no account."""
    if event.actor:
        found = names.accounts.get(event.account_id or 0)
        return found[1] if found else ""
    return _("Not signed in") if event.request_id else _("Command line")


def _about(event: AuditEvent, names: Names) -> str:
    number = event.subject_id
    if event.subject == "service_kind":
        names_of = [str(event.detail.get(f"kind_{lang}", "")) for lang in i18n.LANGUAGES]
        return i18n.pick(*names_of)
    if number is None:
        # Somebody tried a name that nobody has; which one is not kept: it may be a password.
        return _("Unknown user name") if event.action == "session.refused" else event.subject
    if event.subject == "account":
        if number == event.account_id:
            return _("Own account")
        return _account(number, event, names)
    if event.subject == "member":
        return names.members.get(number) or _("Duty holder %(number)s", number=number)
    if event.subject == "issue":
        return _("Issue %(number)s", number=number)
    if event.subject == "grid":
        return names.grids.get(number) or _("Grid %(number)s", number=number)
    if event.subject == "organisation":
        return names.organisations.get(number) or _("Unit %(number)s", number=number)
    if event.subject == "plan":
        # Its title is kept with it, where what it says belongs.
        return _("Plan %(number)s", number=number)
    if event.subject == "alert":
        return _("Alert rule %(number)s", number=number)
    return f"{event.subject} {number}"


def _account(number: int, event: AuditEvent, names: Names) -> str:
    found = names.accounts.get(number)
    if found:
        return " ".join(found)
    # It is gone: what the entry itself kept of it.
    kept = event.detail.get("username")
    return str(kept) if kept else _("Account %(number)s", number=number)


def _role(name: object) -> str:
    # The trail outlives the roles.
    title = next((title for role, title in TITLES.items() if role == name), None)
    return title.said(_) if title else str(name)


def _level(name: object) -> str:
    title = next((title for level, title in rules.WATCHED.items() if level == name), None)
    return title.said(_) if title else str(name)


def _limit(measure: str, amount: object) -> str:
    known: rules.Measure | None = next((each for each in rules.MEASURES if each == measure), None)
    if known is None or not isinstance(amount, int):
        # Another version wrote it.
        return f"{measure} {amount}"
    return rules.describe_limit(known, amount).said(_)


def _facts(event: AuditEvent, names: Names) -> list[str]:
    """Return what else is known of it; facts without words of their own by their keys."""
    words: Mapping[str, Callable[[object], str]] = {
        "role": _role,
        "grid_id": lambda it: _named(names.grids, it),
        "organisation_id": lambda it: _named(names.organisations, it),
        "term": _term,
        "member_id": lambda it: _("Duty holder: %(name)s", name=_named(names.members, it)),
        "by": lambda it: _("by single sign-on") if it == "oidc" else _("with a password"),
        "issuer": str,
        "first_password": lambda _it: _("first password removed"),
        # The account's name stands beside it already.
        "username": lambda it: "" if event.subject == "account" else str(it),
        "from": lambda it: _("of plan %(number)s", number=it),
        "account": str,
        "action": lambda it: action_names().get(str(it), str(it)),
        "service_zh": lambda it: i18n.pick(str(it), str(event.detail.get("service_en"))),
        # Said with the other one.
        "service_en": lambda _it: "",
        "level": _level,
        "measure": lambda it: _limit(str(it), event.detail.get("amount")),
        # Said with the measure.
        "amount": lambda _it: "",
        "count": lambda it: _("%(num)s entries", num=format_decimal(it)),
        "format": lambda it: {"csv": "CSV", "excel": "Excel"}.get(str(it), str(it)),
        # The kind's name stands beside it already.
        "kind_zh": lambda _it: "",
        "kind_en": lambda _it: "",
        "town": lambda it: f"{_('In towns')}{_(': ')}{_standards(it)}",
        "village": lambda it: f"{_('In villages')}{_(': ')}{_standards(it)}",
        "providers": lambda it: f"{_('Given by')}{_(': ')}{_providers(it)}",
        "since": lambda it: _("from %(day)s", day=_day(it)),
        "until": lambda it: _("until %(day)s", day=_day(it)),
    }
    facts: list[str] = []
    for key, value in sorted(event.detail.items(), key=lambda pair: _place(words, pair[0])):
        if value is None or value == "":
            continue
        try:
            said = words[key](value) if key in words else f"{key}: {value}"
        except (KeyError, TypeError, ValueError):
            # Another version wrote it in another way.
            said = f"{key}: {value}"
        facts.append(said.strip()[:_LONGEST])
    return [fact for fact in facts if fact]


def _standards(value: Any) -> str:
    """Say which standard was there before and which after."""
    before, after = (
        definition.describe(
            Standard(**{key: it for key, it in each.items() if key != "by_facility"}),
            by_facility=each["by_facility"],
        ).said(_)
        if each
        else "–"
        for each in value
    )
    return f"{before} → {after}"


def _providers(value: Any) -> str:
    """Say who counts as a provider after a change."""
    names = [_("Facilities")] if value["facility"] else []
    names += [definition.ORGANISATIONS[each].said(_) for each in value["area"]]
    names += [i18n.pick(*each) for each in value["duty"]]
    return _(", ").join(names)


def _place(words: Mapping[str, object], key: str) -> int:
    return list(words).index(key) if key in words else len(words)


def _named(names: Mapping[int, str], number: object) -> str:
    return names.get(number, "") if isinstance(number, int) else ""


def _term(value: object) -> str:
    found = _TERM.fullmatch(str(value))
    if found is None:
        return str(value)
    since = date.fromisoformat(found[1])
    if not found[2]:
        return _("since %(day)s", day=i18n.day(since))
    last = date.fromisoformat(found[2]) - timedelta(days=1)
    return _("%(from_)s to %(until)s", from_=i18n.day(since), until=i18n.day(last))


def _day(value: object) -> str:
    return i18n.day(date.fromisoformat(str(value)))
