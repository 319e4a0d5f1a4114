"""Managing accounts over HTTP: every operation, who may, what it leaves in the trail and ends."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask, g, session

from geodata.accounts import administrators, sessions
from geodata.accounts import keeping as accounts
from geodata.database import clock
from geodata.database import connecting as db
from geodata.database.rights import ROLES, RoleName
from geodata.errors import InvalidInputError
from tests.county import County
from tests.office import PASSWORD, Browser, add, enter, fault, furnish, give, words
from webmap import create_app
from webmap.core import access, acting, i18n

Conn = psycopg.Connection[Any]
TODAY = clock.today()


@pytest.fixture
def county(conn: Conn) -> County:
    return furnish(conn)


@pytest.fixture
def app(database_url: str, county: County) -> Flask:
    return create_app({"DATABASE_URL": database_url})


@pytest.fixture
def chief(app: Flask, conn: Conn) -> Browser:
    return enter(app, conn)


def trail(conn: Conn) -> list[tuple[str, str, int | None]]:
    conn.commit()
    return conn.execute(
        "SELECT action, actor, subject_id FROM audit_event"
        " WHERE action NOT LIKE 'session.%' AND actor <> '' ORDER BY event_id"
    ).fetchall()


class TestWhoMay:
    def test_a_visitor_is_sent_to_sign_in(self, app: Flask) -> None:
        answer = app.test_client().get("/accounts?q=x")
        assert answer.status_code == 302
        assert answer.location == "/sign-in?next=%2Faccounts%3Fq%3Dx"

    @pytest.mark.parametrize("role", [name for name in ROLES if name != "administrator"])
    def test_for_others_it_is_not_there(
        self, app: Flask, conn: Conn, county: County, role: RoleName
    ) -> None:
        add(conn, "other")
        levels = {"county": county.county, "town": county.towns[0],
                  "community": county.communities[0], "compound": county.compounds[0]}  # fmt: skip
        held = ROLES[role].held_in[0]
        account_id = accounts.get_by_username(conn, "other").account_id
        if held == "organisation":
            [[unit]] = conn.execute("SELECT organisation_id FROM organisation").fetchall()
            accounts.grant(conn, account_id, role, organisation_id=unit, since=date(2024, 1, 1))
        else:
            accounts.grant(conn, account_id, role, grid_id=levels[held], since=date(2024, 1, 1))
        conn.commit()
        browser = Browser(app.test_client())
        browser.sign_in("other")
        browser.get("/account")
        rules = [rule for rule in app.url_map.iter_rules()
                 if access.ACCESS[rule.endpoint] == "manage_accounts"]  # fmt: skip
        assert len(rules) == 15
        for rule in rules:
            path = re.sub(r"<int:\w+>", "1", rule.rule)
            if "GET" in (rule.methods or ()):
                assert browser.client.get(path).status_code == 404, path
            if "POST" in (rule.methods or ()):
                assert browser.post(path, name="x").status_code == 404, path
        assert not [entry for entry in trail(conn) if entry[1] == "other"]

    def test_the_database_refuses_an_office_without_the_right(
        self, app: Flask, conn: Conn, county: County
    ) -> None:
        """What a forgotten check in the application would let through."""
        other = add(conn, "other")
        give(conn, "other", "county_staff", county.county)
        token, _ = sessions.open_session(conn, other, device="", device_token=None)
        conn.commit()
        with app.test_request_context("/accounts"):
            g.request_id = ""
            session["token"] = token
            assert acting.signed_in().account_id == other
            with acting.as_database_role("gridmap_accounts") as office:
                assert accounts.count(office) == 0
                with pytest.raises(psycopg.errors.InsufficientPrivilege), office.transaction():
                    accounts.create(office, "intruder", "某人")

    def test_a_form_without_the_token_is_refused(self, chief: Browser, conn: Conn) -> None:
        chief.page = '<input name="csrf_token" value="made-up">'
        assert chief.post("/accounts/new", username="x1", name="某").status_code == 400
        assert accounts.count(conn) == 1


class TestList:
    def test_finds_by_user_name_name_and_place_and_filters_by_role(
        self, chief: Browser, conn: Conn, county: County
    ) -> None:
        for username, name in (("wang.fang", "王芳"), ("li.qiang", "李强")):
            add(conn, username, name)
        give(conn, "wang.fang", "town_official", county.towns[1])
        conn.commit()
        for query in (
            "q=wang",
            "q=王芳",
            "q=佛子岭",
            "role=town_official",
            "q=芳&role=town_official",
        ):
            found = words(chief.get(f"/accounts?{query}"))
            assert "1 account" in found, query
            assert "王芳 wang.fang Town official · 佛子岭镇 never signed in" in found
            assert "李强" not in found
        assert "no role" in words(chief.get("/accounts?q=李强"))
        nothing = chief.get("/accounts?q=%25")
        assert "No account matches." in words(nothing)
        assert nothing.status_code == 200
        assert "3 accounts" in words(chief.get("/accounts?role=nonsense&page=nonsense"))

    def test_is_paged(self, chief: Browser, conn: Conn) -> None:
        conn.execute(
            "INSERT INTO account (username, name)"
            " SELECT 'n' || lpad(i::text, 4, '0'), '人' || i FROM generate_series(1, 120) i"
        )
        conn.commit()
        first = chief.get("/accounts")
        assert "121 accounts · 1 to 50" in words(first)
        assert "Page 1 of 3" in words(first)
        assert 'rel="prev"' not in first.text
        last = chief.get("/accounts?page=99")
        assert "101 to 121" in words(last)
        assert 'rel="next"' not in last.text
        kept = chief.get("/accounts?q=人&page=2").text
        assert 'href="/accounts?q=%E4%BA%BA&amp;page=3"' in kept

    def test_last_seen_outlives_the_session(self, app: Flask, chief: Browser, conn: Conn) -> None:
        add(conn, "seen")
        other = Browser(app.test_client())
        other.sign_in("seen")
        other.get("/account")
        other.post("/sign-out")
        assert "never signed in" not in words(chief.get("/accounts?q=seen"))


class TestNewAccount:
    def test_with_a_generated_password_that_is_shown_once_and_must_be_changed(
        self, app: Flask, chief: Browser, conn: Conn, county: County
    ) -> None:
        chief.get("/accounts/new")
        made = chief.post(
            "/accounts/new", username="Wang.Fang", name=" 王芳 ",
            role="town_official", place_text="衡山镇", since=TODAY.isoformat(),
            last_day=(TODAY + timedelta(days=30)).isoformat(), password="",
        )  # fmt: skip
        assert made.status_code == 200
        assert made.headers["Cache-Control"] == "no-store"
        [password] = re.findall(r'class="secret">([^<]+)<', made.text)
        assert re.fullmatch(r"[a-z2-9]{5}(-[a-z2-9]{5}){2}", password)
        found = accounts.get_by_username(conn, "wang.fang")
        assert (found.name, found.roles, found.places) == ("王芳", ["town_official"], ["衡山镇"])
        row = conn.execute(
            "SELECT upper(term), granted_by FROM account_role WHERE account_id = %s",
            [found.account_id],
        ).fetchone()
        boss = accounts.get_by_username(conn, "chief").account_id
        # The day after the last one.
        assert row == (TODAY + timedelta(days=31), boss)
        assert trail(conn) == [
            ("account.created", "chief", found.account_id),
            ("role.granted", "chief", found.account_id),
        ]
        for path in ("/accounts", f"/accounts/{found.account_id}", "/accounts/new"):
            assert password not in chief.get(path).text

        other = Browser(app.test_client())
        assert other.sign_in("wang.fang", password).location == "/account/password"
        assert other.get("/account").location == "/account/password"
        other.get("/account/password")
        done = other.post("/account/password", present=password, new=PASSWORD, again=PASSWORD)
        assert done.location == "/account"
        assert "衡山镇" in other.get("/account").text

    def test_with_a_typed_password(self, app: Flask, chief: Browser, conn: Conn) -> None:
        chief.get("/accounts/new")
        assert chief.post(
            "/accounts/new", username="zhao", name="赵敏", role="", password=PASSWORD
        ).status_code == 200  # fmt: skip
        other = Browser(app.test_client())
        assert other.sign_in("zhao").location == "/account/password"

    def test_every_fault_is_beside_its_field_and_nothing_typed_is_lost(
        self, chief: Browser, conn: Conn
    ) -> None:
        chief.get("/accounts/new")
        answer = chief.post(
            "/accounts/new", username="a b", name="", password="123", role="town_official",
            place_text="没有", since="2026-13-01", last_day="tomorrow",
        )  # fmt: skip
        assert answer.status_code == 422
        assert "cannot be a user name" in fault(answer, "username")
        assert fault(answer, "name") == "Fill this in."
        assert "it needs 12" in fault(answer, "password")
        assert "No place" in fault(answer, "place_text")
        assert "not a day" in fault(answer, "since")
        assert "not a day" in fault(answer, "last_day")
        for typed in ("a b", "123", "没有", "2026-13-01"):
            assert f'value="{typed}"' in answer.text
        assert re.search(r'value="town_official"\s+selected', answer.text)
        assert accounts.count(conn) == 1

    def test_a_taken_user_name_leaves_nothing_behind(self, chief: Browser, conn: Conn) -> None:
        chief.get("/accounts/new")
        answer = chief.post("/accounts/new", username="CHIEF", name="别人", role="auditor")
        assert "taken" in fault(answer, "username")
        assert trail(conn) == []

    def test_places_are_searched_without_javascript(self, chief: Browser, county: County) -> None:
        chief.get("/accounts/new")
        typed = {"username": "wf", "name": "王芳", "role": "community_staff", "place_text": "社区"}
        found = chief.post("/accounts/new", do="search", **typed)
        assert found.status_code == 200
        assert 'value="王芳"' in found.text
        keys = re.findall(r'name="place"\s+value="([^"]+)"', found.text)
        assert keys == [f"grid-{grid_id}" for grid_id in county.communities[:2]]
        several = chief.post("/accounts/new", **typed)
        assert "Several places" in fault(several, "place_text")
        # A choice among the places of another search is none.
        stale = chief.post("/accounts/new", **typed, place=keys[0], searched="村")
        assert stale.status_code == 422
        assert chief.post(
            "/accounts/new", **typed, place=keys[1], searched="社区"
        ).status_code == 200  # fmt: skip

    def test_finds_places_by_code_initials_and_units_by_name(self, chief: Browser) -> None:
        def hits(role: str, text: str) -> list[str]:
            answer = chief.get(f"/accounts/places?role={role}&place_text={text}").text
            return re.findall(r"<strong>([^<]+)</strong>", answer)

        assert hits("town_official", "341525101") == ["佛子岭镇"]
        assert hits("town_official", "hsz") == ["衡山镇"]
        assert hits("unit_user", "城市管理") == ["县城市管理局"]
        # A town official is not held in a unit or a community.
        assert hits("town_official", "城") == []
        assert hits("town_official", "%") == []
        assert "whole county" in chief.get("/accounts/places?role=auditor").text


class TestOneAccount:
    def test_the_name_is_changed(self, chief: Browser, conn: Conn) -> None:
        other = add(conn, "other")
        chief.get(f"/accounts/{other}")
        assert chief.post(f"/accounts/{other}", name="王 五").location == f"/accounts/{other}"
        assert accounts.get(conn, other).name == "王 五"
        answer = chief.post(f"/accounts/{other}", name="五" * 81)
        assert answer.status_code == 422
        assert "cannot be a name" in fault(answer, "name")
        assert "五" * 81 in answer.text
        assert trail(conn) == [("account.changed", "chief", other)]

    def test_disabling_ends_its_sessions_and_can_be_undone(
        self, app: Flask, chief: Browser, conn: Conn
    ) -> None:
        other = add(conn, "other")
        their = Browser(app.test_client())
        their.sign_in("other")
        assert their.get("/account").status_code == 200
        chief.get(f"/accounts/{other}")
        chief.post(f"/accounts/{other}/disable")
        assert their.get("/account").status_code == 302
        assert their.sign_in("other").status_code == 422
        shown = chief.get(f"/accounts/{other}")
        assert "cannot sign in" in words(shown)
        chief.post(f"/accounts/{other}/enable")
        assert their.sign_in("other").status_code == 303
        assert [entry[0] for entry in trail(conn)] == ["account.disabled", "account.enabled"]

    def test_a_new_password_ends_its_sessions(self, app: Flask, chief: Browser, conn: Conn) -> None:
        other = add(conn, "other")
        their = Browser(app.test_client())
        their.sign_in("other")
        chief.get(f"/accounts/{other}/password")
        weak = chief.post(f"/accounts/{other}/password", password="other")
        assert "it needs 12" in fault(weak, "password")
        assert their.get("/account").status_code == 200
        answer = chief.post(f"/accounts/{other}/password", password="")
        assert answer.headers["Cache-Control"] == "no-store"
        [password] = re.findall(r'class="secret">([^<]+)<', answer.text)
        assert their.get("/account").status_code == 302
        assert their.sign_in("other").status_code == 422
        assert their.sign_in("other", password).location == "/account/password"
        assert ("password.changed", "chief", other) in trail(conn)

    def test_is_signed_out_everywhere(self, app: Flask, chief: Browser, conn: Conn) -> None:
        other = add(conn, "other")
        their = Browser(app.test_client())
        their.sign_in("other")
        assert "in 1 browser" in words(chief.get(f"/accounts/{other}"))
        chief.post(f"/accounts/{other}/sessions/end")
        assert their.get("/account").status_code == 302
        assert "nowhere" in words(chief.get(f"/accounts/{other}"))
        row = conn.execute(
            "SELECT actor FROM audit_event WHERE action = 'session.ended_everywhere'"
        ).fetchone()
        assert row == ("chief",)

    def test_a_role_is_given_and_ended_and_each_ends_the_sessions(
        self, app: Flask, chief: Browser, conn: Conn, county: County
    ) -> None:
        other = add(conn, "other")
        their = Browser(app.test_client())
        their.sign_in("other")
        path = f"/accounts/{other}/roles/new"
        chief.get(path)
        assert "Choose a role." in fault(chief.post(path, role=""), "role")
        assert "Say where" in fault(chief.post(path, role="town_official"), "place_text")
        role = {"role": "grid_leader", "place_text": "341525100001001", "since": "2024-01-01"}
        assert chief.post(path, **role).location == f"/accounts/{other}"
        assert their.get("/account").status_code == 302
        again = chief.post(path, **role)
        assert "holds this role here already" in fault(again, "role")
        their.sign_in("other")
        shown = chief.get(f"/accounts/{other}")
        assert "Grid leader or grid worker · 城南社区甲小区 since 1 Jan 2024" in words(shown)
        [end] = re.findall(r'action="(/accounts/\d+/roles/\d+/end)"', shown.text)
        chief.post(end)
        assert their.get("/account").status_code == 302
        shown = chief.get(f"/accounts/{other}")
        assert "· ended" in words(shown)
        assert "/end" not in shown.text.replace("/sessions/end", "")
        assert chief.post(end).status_code == 404
        assert [entry[0] for entry in trail(conn)] == ["role.granted", "role.changed"]

    def test_a_unit_and_a_future_term(self, chief: Browser, conn: Conn) -> None:
        other = add(conn, "other")
        path = f"/accounts/{other}/roles/new"
        chief.get(path)
        begin = TODAY + timedelta(days=10)
        chief.post(
            path, role="unit_user", place_text="城市", since=begin.isoformat(),
            last_day=begin.isoformat(),
        )  # fmt: skip
        assert "not started yet" in words(chief.get(f"/accounts/{other}"))
        ends = chief.post(
            path, role="unit_user", place_text="城市", since="2026-02-02", last_day="2026-02-01"
        )
        assert "ends before it begins" in fault(ends, "last_day")
        assert accounts.get(conn, other).roles == []

    def test_what_is_not_there(self, chief: Browser) -> None:
        assert chief.get("/accounts/999").status_code == 404
        chief.get("/accounts/new")
        for path in ("disable", "enable", "sessions/end", "roles/1/end", "password", "roles/new"):
            answer = chief.post(f"/accounts/999/{path}", role="auditor")
            assert answer.status_code == 404, path


class TestOwnAccount:
    def own(self, conn: Conn) -> int:
        return accounts.get_by_username(conn, "chief").account_id

    def test_cannot_be_disabled(self, chief: Browser, conn: Conn, county: County) -> None:
        add(conn, "second")
        give(conn, "second", "administrator", county.county)
        conn.commit()
        own = self.own(conn)
        assert f"/accounts/{own}/disable" not in chief.get(f"/accounts/{own}").text
        answer = chief.post(f"/accounts/{own}/disable")
        assert answer.status_code == 422
        assert "cannot disable your own account" in words(answer)
        assert not accounts.get(conn, own).is_disabled

    def test_its_password_is_changed_with_the_present_one_only(
        self, chief: Browser, conn: Conn
    ) -> None:
        own = self.own(conn)
        chief.get(f"/accounts/{own}")
        answer = chief.post(f"/accounts/{own}/password", password="")
        assert answer.location == "/account/password"
        assert trail(conn) == []

    def test_the_last_administrator_keeps_the_role(
        self, chief: Browser, conn: Conn, county: County
    ) -> None:
        own = self.own(conn)
        # Neither of these could step in.
        add(conn, "disabled")
        give(conn, "disabled", "administrator", county.county)
        disabled = accounts.get_by_username(conn, "disabled").account_id
        accounts.change(conn, disabled, is_disabled=True)
        # A new name alone enables nobody.
        accounts.change(conn, disabled, name="x")
        add(conn, "later")
        give(conn, "later", "administrator", county.county, TODAY + timedelta(days=5))
        conn.commit()
        [end] = re.findall(
            r'action="(/accounts/\d+/roles/\d+/end)"', chief.get(f"/accounts/{own}").text
        )
        answer = chief.post(end)
        assert answer.status_code == 422
        assert "This is the last administrator" in words(answer)
        assert accounts.get(conn, own).roles == ["administrator"]

    def test_the_role_may_go_when_another_administrator_remains(
        self, chief: Browser, conn: Conn, county: County
    ) -> None:
        add(conn, "second")
        give(conn, "second", "administrator", county.county)
        conn.commit()
        own = self.own(conn)
        [end] = re.findall(
            r'action="(/accounts/\d+/roles/\d+/end)"', chief.get(f"/accounts/{own}").text
        )
        assert chief.post(end).location == "/account"
        assert chief.get("/account").location == "/sign-in?next=%2Faccount"
        assert "sign in again" in words(chief.get("/sign-in"))
        chief.sign_in("chief")
        assert chief.get("/accounts").status_code == 404

    def test_a_role_for_oneself_is_kept(self, chief: Browser, conn: Conn) -> None:
        own = self.own(conn)
        chief.get(f"/accounts/{own}/roles/new")
        assert chief.post(f"/accounts/{own}/roles/new", role="auditor").location == "/account"
        assert accounts.get(conn, own).roles == ["administrator", "auditor"]
        assert trail(conn) == [("role.granted", "chief", own)]


def test_two_administrators_cannot_remove_each_other_at_once(
    database_url: str, conn: Conn, county: County
) -> None:
    add(conn, "second")
    second = give(conn, "second", "administrator", county.county)
    conn.commit()
    [[first]] = conn.execute("SELECT min(account_role_id) FROM account_role").fetchall()
    chief, other = (accounts.get_by_username(conn, name).account_id for name in ("chief", "second"))
    with db.connect(database_url) as one, db.connect(database_url) as two:
        administrators.keep_one(one, without_role=first)
        accounts.end_role(one, chief, first, TODAY)
        # It waits for the first, whose end it then sees.
        two.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            administrators.keep_one(two, without_role=second)
        two.rollback()
        one.commit()
        with pytest.raises(InvalidInputError):
            administrators.keep_one(two, without_role=second)
        two.rollback()
    assert accounts.get(conn, other).roles == ["administrator"]


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_no_page_holds_a_style_or_a_script_of_its_own(
    chief: Browser, conn: Conn, language: str
) -> None:
    own = accounts.get_by_username(conn, "chief").account_id
    for path in ("", "/new", "/import", f"/{own}", f"/{own}/roles/new"):
        answer = chief.get(f"/accounts{path}?lang={language}")
        assert answer.status_code == 200
        assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*src=)", answer.text), path
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
