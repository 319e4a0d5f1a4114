"""What somebody may see of the watched county, by the marks in it.

Reckoned from the table of roles and from paths, without the product's own code.
"""

from __future__ import annotations

from typing import Any

from watched import Issue, Member, Person, Watched

from geodata.database.rights import ROLES


def held(person: Person, right: str) -> list:
    rights: dict[str, Any] = {name: role.rights for name, role in ROLES.items()}
    return [place for role, place in person.roles if right in rights[role]]


def sees_issue(person: Person, issue: Issue, right: str = "see_issues") -> bool:
    """In one's territory, or handed to one's unit."""
    return any(
        place in issue.units if isinstance(place, str) else issue.at[: len(place)] == place
        for place in held(person, right)
    )


def may_call(person: Person, member: Member, issues: list[Issue]) -> bool:
    """Oneself, those in one's territory, the leaders of what it lies in; the same for a unit."""
    if person.sees_self and member.member_id == person.member_id:
        return True
    for place in held(person, "see_contacts"):
        if place == ():
            return True
        if isinstance(place, str):
            below = [issue.at for issue in issues if place in issue.units and issue.is_open]
            if member.unit == place:
                return True
        else:
            below = [place]
            if member.at is not None and member.at[: len(place)] == place:
                return True
        if member.leads and any(at[: len(member.at or ())] == member.at for at in below):
            return True
    return False


def seen_by(person: Person, it: Watched) -> set[str]:
    """The marks that a person may see, apart from those of the own account."""
    marks: set[str] = set()
    for issue in it.issues:
        if sees_issue(person, issue):
            marks |= issue.marks
        if sees_issue(person, issue, "see_reporters"):
            marks |= issue.reporter_marks
    for member in it.members:
        if may_call(person, member, it.issues):
            marks |= member.marks
    if held(person, "see_plans"):
        marks |= it.plan_marks
    if held(person, "try_services"):
        marks |= it.scenario_marks
    if places := held(person, "try_services"):
        marks.add(str(it.alert))
        for at, number in it.notifications.items():
            if any(at[: len(place)] == place for place in places):
                marks.add(str(number))
    return marks


def told_by_office(person: Person, it: Watched, endpoint: str) -> set[str]:
    """Who has an account, on the pages for those who give and those who watch; what was looked at,
    by number, on the trail."""
    names = {f"{word}-{other.name}" for other in it.people for word in ("user", "called")}
    if endpoint.startswith(("accounts.", "account_roles.")) and held(person, "manage_accounts"):
        return names
    if endpoint.startswith(("plans.", "references.", "drafting.")) and held(person, "see_plans"):
        return names
    if endpoint.startswith("audit.") and held(person, "read_audit"):
        return names | {str(issue.issue_id) for issue in it.issues}
    return set()


def foreign_to(person: Person, it: Watched, endpoint: str) -> set[str]:
    """The marks that a person is not to see at an address."""
    own = seen_by(person, it) | person.marks
    return all_marks(it) - own - told_by_office(person, it, endpoint)


def all_marks(it: Watched) -> set[str]:
    marks = {mark for person in it.people for mark in person.marks}
    marks |= it.plan_marks | it.scenario_marks
    marks |= {str(it.alert), *map(str, it.notifications.values())}
    for each in (*it.issues, *it.members):
        marks |= each.marks
    return marks | {mark for issue in it.issues for mark in issue.reporter_marks}
