"""Passwords: argon2id hashes, and the rules for new ones.

The field's standards disagree. NIST SP 800-63B asks for length and a list of breached passwords,
and against composition and expiry; China's classified protection (GB/T 22239-2019, 8.1.4.1) asks
for complexity and periodic change. The first is the default, the second can be switched on.
"""

from __future__ import annotations

import re
import secrets
import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from psycopg import Connection

from geodata.database import settings
from geodata.errors import InvalidInputError
from geodata.language.phrases import Phrase

# RFC 9106, section 4, second recommended option: 64 MiB, three passes, four lanes.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4, type=Type.ID)
# For what was generated, whose chance no effort has to make up for (see ``generate``): a list of
# thousands is hashed in seconds. The first sign-in hashes it again.
_QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1, type=Type.ID)
# Each takes 64 MiB for a tenth of a second: no more than this many at once in one process.
_AT_ONCE = threading.Semaphore(2)

MAX_LENGTH = 200
SETTING = "password_rules"
# GB/T 22239 speaks of digits, capital letters, small letters and other characters.
_CLASSES = (r"\d", r"[A-Z]", r"[a-z]", r"[^\dA-Za-z]")
# Without letters and digits that are easily taken for others, written down or read out.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a password must be; ``expires_days`` 0 means that it never has to be changed."""

    min_length: int = 12
    breach_list: bool = True
    complexity: bool = False
    expires_days: int = 0


def hash_password(password: str, *, is_generated: bool = False) -> str:
    """Return the argon2id hash in PHC form; quickly for what ``generate`` made."""
    if is_generated:
        return _QUICK_HASHER.hash(_normal(password))
    with _AT_ONCE:
        return _HASHER.hash(_normal(password))


def is_right(password_hash: str | None, password: str) -> bool:
    """Compare; without a hash it takes as long and is always wrong."""
    with _AT_ONCE:
        if password_hash is None or password_hash.startswith(_quick_start()):
            # As long as any other: how long an answer takes says nothing about the account.
            _fits(_decoy(), password)
        return password_hash is not None and _fits(password_hash, password)


def generate(rules: Rules) -> str:
    """Return a first password that keeps the rules: groups of five letters, 24 bits of chance each.

    There are three groups at least, and digits among them.
    """
    groups = max(3, -(-(rules.min_length + 1) // 6))
    while True:
        made = ["".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(groups)]
        password = "-".join(made)
        # With the hyphen three kinds of characters, which is what complexity asks for.
        if re.search(r"\d", password) and re.search(r"[a-z]", password):
            return password


def is_weakly_hashed(password_hash: str) -> bool:
    """Tell whether the hash was made with less effort than new ones are."""
    return _HASHER.check_needs_rehash(password_hash)


def read_rules(conn: Connection[Any]) -> Rules:
    """Return the rules of this installation."""
    stored = settings.read(conn).get(SETTING)
    known = {field.name for field in fields(Rules)}
    given: Mapping[str, Any] = stored if isinstance(stored, dict) else {}
    return Rules(**{name: value for name, value in given.items() if name in known})


def is_expired(rules: Rules, changed_at: datetime, now: datetime) -> bool:
    """Tell whether a password is so old that it has to be changed."""
    return bool(rules.expires_days) and changed_at < now - timedelta(days=rules.expires_days)


def check(password: str, rules: Rules, *, known: tuple[str, ...] = ()) -> None:
    """Raise ``InvalidInputError`` saying what is missing, if a new password is not good enough.

    ``known`` are words that anybody would try: the name of the account and the like.
    """
    if len(password) < rules.min_length:
        raise InvalidInputError(
            "This password has {n} characters; it needs {min_length}.",
            hint="Four words that do not belong together are long and easy to keep in mind.",
            n=len(password),
            min_length=rules.min_length,
        )
    if len(password) > MAX_LENGTH:
        raise InvalidInputError(
            "This password has {n} characters; {max_length} are enough.",
            n=len(password),
            max_length=MAX_LENGTH,
        )
    if rules.complexity:
        found = sum(bool(re.search(each, password)) for each in _CLASSES)
        if found < 3:
            raise InvalidInputError(
                "This password is made of {n} kinds of characters; three are needed.",
                hint="The kinds are: digits, capital letters, small letters, other characters.",
                n=found,
            )
    if rules.breach_list and (reason := _guessed_first(password, known)):
        raise InvalidInputError(
            "{reason}",
            hint="Four words that do not belong together are long and easy to keep in mind.",
            reason=reason,
        )


def _guessed_first(password: str, known: tuple[str, ...]) -> Phrase | None:
    """Say why somebody who guesses would try this one early, None if they would not."""
    plain = _normal(password).lower()
    # "password2026!" is the list's "password" to anyone who guesses.
    bare = re.sub(r"[\W\d_]+$", "", plain)
    if plain in _leaked() or (len(bare) > 3 and bare in _leaked()):
        return Phrase("This password is in the lists of leaked ones, or nearly.")
    if any(len(word) > 3 and word.lower() in plain for word in known):
        return Phrase("This password contains a name that anybody would try.")
    if len(set(plain)) < 5:
        return Phrase("This password repeats the same few characters.")
    return None


@lru_cache(maxsize=1)
def _leaked() -> frozenset[str]:
    # Thirty thousand from real leaks, most frequent first; loaded when first needed.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])


def _fits(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def _quick_start() -> str:
    """Return how the hashes of generated passwords begin: with what they cost."""
    return _QUICK_HASHER.hash("").rsplit("$", 2)[0]


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _HASHER.hash("nobody has this password")


def _normal(password: str) -> str:
    # The same character typed on another keyboard is the same password (RFC 8265).
    return unicodedata.normalize("NFC", password)
