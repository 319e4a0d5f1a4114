"""A password that somebody else knows opens nothing until it has been changed."""

from __future__ import annotations

import pytest
from county import add_issue, build
from signing import account, enter, token

from geodata.accounts import secrets as account_secrets
from webmap import create_app


@pytest.fixture
def county(conn):
    made = build(conn)
    add_issue(conn, 116.305, 31.405, "2026-06-01T08:00+08", "2026-06-02T08:00+08")
    return made


def test_it_leads_to_the_form_and_shows_what_a_visitor_sees(conn, database_url, county):
    account_id = account(conn, "county_official", grid_id=county.county)
    session = token(conn, account_id)
    conn.commit()
    client = enter(create_app({"DATABASE_URL": database_url}).test_client(), session)
    address = f"/panel/grid/{county.county}?mode=issues"
    assert "counts" in client.get(address).text
    account_secrets.ask_for_new_password(conn, account_id)
    conn.commit()
    assert "counts" not in client.get(address).text
    assert client.get("/").location.endswith("/account/password")
    assert client.get("/account").location.endswith("/account/password")
    assert client.get("/account/password").status_code == 200
    assert client.get("/tiles/issues/1/9/421/208.mvt").status_code == 204
