"""Rules for passwords, each able to refuse, and hashes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from geodata.accounts import passwords
from geodata.accounts.passwords import Rules
from geodata.errors import InvalidInputError

GOOD = "河边 邮差 八月 清水 竹椅 瓦片"


@pytest.mark.parametrize(
    ("password", "rules", "reason"),
    [
        ("短的密码", Rules(), "needs 12"),
        ("x" * 201, Rules(), "are enough"),
        ("password2026!", Rules(), "leaked"),
        ("ABC123456789", Rules(min_length=8), "leaked"),
        ("zhangwei-grid-2026", Rules(), "name that anybody"),
        ("abababababababab", Rules(), "same few"),
        ("correct horse battery", Rules(complexity=True), "2 kinds"),
    ],
)
def test_a_password_that_would_be_guessed_is_refused_and_told_why(password, rules, reason):
    with pytest.raises(InvalidInputError) as refused:
        passwords.check(password, rules, known=("zhangwei",))
    assert reason in str(refused.value)


@pytest.mark.parametrize("rules", [Rules(), Rules(breach_list=False, min_length=8)])
def test_long_words_are_enough(rules):
    passwords.check("four unrelated quiet words", rules)
    passwords.check(GOOD, rules)


def test_what_the_list_refuses_passes_where_it_is_switched_off():
    passwords.check("password2026!", Rules(breach_list=False))


def test_complexity_asks_for_three_kinds():
    passwords.check("Correct horse 7 battery", Rules(complexity=True))


def test_only_the_right_password_opens_its_hash_and_no_hash_opens_nothing():
    made = passwords.hash_password(GOOD)
    assert made.startswith("$argon2id$")
    assert passwords.is_right(made, GOOD)
    assert not passwords.is_right(made, GOOD + " ")
    assert not passwords.is_right(None, GOOD)
    assert not passwords.is_right("not a hash", GOOD)
    # The same letters, composed otherwise by another keyboard.
    assert passwords.is_right(passwords.hash_password("café am Fluß"), "cafe\u0301 am Fluß")


def test_a_cheap_hash_is_made_anew():
    from argon2 import PasswordHasher

    cheap = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(GOOD)
    assert passwords.is_right(cheap, GOOD)
    assert passwords.is_weakly_hashed(cheap)
    assert not passwords.is_weakly_hashed(passwords.hash_password(GOOD))


def test_expiry_is_off_unless_days_are_named():
    now = datetime(2026, 6, 15, tzinfo=UTC)
    assert not passwords.is_expired(Rules(), now - timedelta(days=5000), now)
    assert passwords.is_expired(Rules(expires_days=90), now - timedelta(days=91), now)
    assert not passwords.is_expired(Rules(expires_days=90), now - timedelta(days=89), now)
