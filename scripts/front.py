"""nginx in front of the application: it reads requests whole, however slowly they come.

It waits for any number of clients at once, hands on what has arrived, and keeps the answer for
who takes it slowly. So a thread of the application is never held by a client. Addresses that take
long to answer (``webmap.core.access.HEAVY_PATHS``) have an application process of their own, and
only so many may wait for it: a gate behind the front counts them, which sees requests that have
come whole, and is rid of an answer at once. Decision 0033 says what else was measured.
"""

from __future__ import annotations

import grp
import html
import json
import os
import pwd
import re
import resource
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from geodata.errors import SetupError
from geodata.language.phrases import Phrase
from scripts.cli import language
from webmap.core import access

# How long a client may take: for its request's header in all, between two pieces of its body, and
# between two pieces of the answer.
HEADER_S, BODY_S, SEND_S = 10, 10, 30
# Connections that are held at once, most of them slow or silent.
CONNECTIONS = 8192
# Files that belong to a plan may weigh most; the application has the last word for each address.
LARGEST_BODY_MB = 33
# Requests with much to send, which is kept on the disk meanwhile: from one address, and in all.
SENDING_FROM_ONE, SENDING_AT_ONCE = 4, 16
# Heavy requests that are answered or waited for at once, from one address and in all; the same of
# those that take many seconds. Nobody alone has all.
HEAVY_FROM_ONE, HEAVY_AT_ONCE = 8, 24
LONG_FROM_ONE, LONG_AT_ONCE = 2, 3
# Heavy requests of one address in a second; so many more at once are let through, then they wait
# for their turn, then they are refused.
HEAVY_PER_S, HEAVY_AHEAD, HEAVY_WAITING = 8, 16, 40
# Passwords that are tried in a second, in all and from one address, and how many more wait for
# their turn, some of an address let through at once: comparing one is dear on purpose.
SIGNING_PER_S, SIGNING_WAITING = 6, 60
SIGNING_FROM_ONE_PER_S, SIGNING_FROM_ONE_AHEAD, SIGNING_FROM_ONE_WAITING = 3, 6, 30
# What the application has not answered by then is given up.
_ANSWER_S = 90

# Answers that the front gives itself: code, title and text by status.
_REFUSALS: Mapping[int, tuple[str, Phrase, Phrase]] = {
    413: ("too_large", Phrase("Please check your input"), Phrase("What was sent is too large.")),
    429: (
        "too_many",
        Phrase("Not available at the moment"),
        Phrase("Many such questions are being answered already. Try again in a few seconds."),
    ),
    503: (
        "unavailable",
        Phrase("Not available at the moment"),
        Phrase("Very many are asking at this moment. Try again in a few seconds."),
    ),
}


_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;color:#1c2733;background:#e7eae8;margin:0}"
    "main{max-width:24rem;margin:28vh auto 0;padding:0 1.5rem}"
    "h1{font-size:1.25rem;margin:0 0 .5rem}p{margin:0 0 1rem}"
    "a{display:inline-block;padding:.6rem 1rem;border-radius:.4rem;background:#1c55c0;color:#fff;"
    "font-weight:600;text-decoration:none}"
)
# Kept until the application says that it has changed: what readers are told (no-cache) is not for
# us, X-Accel-Expires is.
_KEPT = ("proxy_cache public;", "proxy_ignore_headers Cache-Control Expires Vary;")
# The same in each language, and not for whom it may be another.
_KEPT_FOR_VISITORS = (
    *_KEPT,
    'proxy_cache_key "$kept_as $language";',
    "proxy_cache_bypass $has_session;",
    "proxy_no_cache $has_session;",
)
# Who asks for what is being made meanwhile waits for it.
_LOCK = (
    "proxy_cache_lock on;",
    f"proxy_cache_lock_timeout {_ANSWER_S}s;",
    f"proxy_cache_lock_age {_ANSWER_S}s;",
)
# Inside nginx only.
_REFUSED = "/.refused/"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Sockets:
    """The addresses of the application's processes and of the gate: Unix sockets, one directory."""

    light: Path
    heavy: Path
    gate: Path


def find_nginx() -> str:
    """Return nginx's program; raises ``SetupError`` if there is none."""
    # /usr/sbin is not in everybody's path.
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise SetupError(
            "nginx is missing: it stands in front of the map.",
            hint="Install it: apt-get install nginx-light",
        )
    return found


def account() -> pwd.struct_passwd | None:
    """Return whom nginx's workers run as where we are root, None for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("www-data", "nginx", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise SetupError("This system has no account for a web server (www-data, nginx, nobody).")


def write(directory: Path, listen: str, sockets: Sockets, proxied: int) -> Path:
    """Write nginx's configuration and the pages it shows by itself; return the former.

    ``listen`` is an address and port. ``proxied`` is how many reverse proxies stand in front.
    """
    user = account()
    temporary = directory / "temporary"
    temporary.mkdir(mode=0o700)
    pages = directory / "pages"
    pages.mkdir(mode=0o755)
    for status, words in _REFUSALS.items():
        _write_pages(pages, status, *words)
    if user is not None:
        os.chown(temporary, user.pw_uid, user.pw_gid)
    file = directory / "nginx.conf"
    file.write_text(_configuration(directory, listen, sockets, proxied, user), encoding="utf-8")
    return file


def _configuration(
    directory: Path, listen: str, sockets: Sockets, proxied: int, user: pwd.struct_passwd | None
) -> str:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    # Each answer that is fetched takes a second descriptor.
    held = min(CONNECTIONS, max((most - 64) // 2, 64))
    account_line = f"user {user.pw_name} {grp.getgrgid(user.pw_gid).gr_name};" if user else ""
    machine = "|".join(path.strip("/") for path in access.MACHINE_PATHS)
    refusals = "\n".join(
        f"        error_page {given} {_REFUSED}{status}.$language.$form;"
        for given, status in (("413", 413), ("429", 429), ("503", 503), ("502 504 =503", 503))
    )
    # A loop waits before it is counted, also one over refusals: these cost more than answers then.
    turn = f"limit_req zone=turn burst={HEAVY_WAITING} delay={HEAVY_AHEAD};"
    to_gate = [turn, "proxy_pass http://gate;"]
    heavy = "\n".join(
        [
            _location(access.HEAVY_PUBLIC_PATHS, [*_KEPT, *_LOCK, *to_gate]),
            _location((*access.HEAVY_PATHS, *access.LONG_PATHS), to_gate),
        ]
    )
    bounds = [f"limit_conn asker {HEAVY_FROM_ONE};", f"limit_conn all {HEAVY_AT_ONCE};"]
    more = [f"limit_conn long_asker {LONG_FROM_ONE};", f"limit_conn long {LONG_AT_ONCE};"]
    long = _location(access.LONG_PATHS, [*bounds, *more, "proxy_pass http://heavy;"])
    signing = [
        f"limit_req zone=signing_asker burst={SIGNING_FROM_ONE_WAITING}"
        f" delay={SIGNING_FROM_ONE_AHEAD};",
        f"limit_req zone=signing burst={SIGNING_WAITING};",
        "proxy_pass http://light;",
    ]
    pages = f"""\
        location ^~ {_REFUSED} {{
            internal;
            alias {directory}/pages/;
            types {{
                text/html page panel;
                application/problem+json json;
            }}
            charset utf-8;
            charset_types application/problem+json;
            add_header Retry-After $retry_after always;
            add_header Cache-Control "no-store" always;
            add_header X-Content-Type-Options "nosniff" always;
            add_header Content-Security-Policy "{_POLICY}" always;
        }}"""
    # Without the lock: what is light is made twice sooner than waited for.
    visitors = _location(access.KEPT_PATHS, [*_KEPT_FOR_VISITORS, "proxy_pass http://light;"])
    own = "|".join(re.escape(path) for path in access.OWN_PATHS if path.startswith("/tiles/"))
    return f"""\
# Written at every start.
daemon off;
worker_processes 1;
worker_rlimit_nofile {2 * held + 64};
{account_line}
pid {directory}/nginx.pid;
# What clients do wrong is no news.
error_log stderr crit;
events {{ worker_connections {held}; }}
http {{
    access_log off;
    server_tokens off;
    default_type application/octet-stream;
    client_body_temp_path {directory}/temporary/body;
    proxy_temp_path {directory}/temporary/proxy;
    fastcgi_temp_path {directory}/temporary/fastcgi;
    uwsgi_temp_path {directory}/temporary/uwsgi;
    scgi_temp_path {directory}/temporary/scgi;

    client_header_timeout {HEADER_S}s;
    client_body_timeout {BODY_S}s;
    send_timeout {SEND_S}s;
    keepalive_timeout 30s;
    reset_timedout_connection on;
    client_max_body_size {LARGEST_BODY_MB}m;
    large_client_header_buffers 4 16k;

    # Who asks: behind proxies, whom the outermost that is believed names.
    map $proxy_add_x_forwarded_for $source {{
        default $remote_addr;
        {_asker_behind(proxied)}
    }}
    # One who has an address of an IPv6 network (/64) has all of them (webmap/sign_in/password.py).
    map $source $asker {{
        default $source;
        "~*^(?<network>([0-9a-f]{{1,4}}:){{1,4}})[0-9a-f:]" $network;
    }}
    # Who sends much, or does not say how much: it is kept on the disk until all of it has come.
    map "$content_length,$http_transfer_encoding" $sender {{
        default "";
        "~^([0-9]{{7,}},|,.)" $asker;
    }}
    map $sender $sending {{
        default 1;
        "" "";
    }}
    limit_conn_zone $sender zone=sender:4m;
    limit_conn_zone $sending zone=sending:64k;
    limit_req_zone $asker zone=turn:4m rate={HEAVY_PER_S}r/s;
    limit_req_zone $http_x_asker zone=signing_asker:4m rate={SIGNING_FROM_ONE_PER_S}r/s;
    limit_req_zone $server_name zone=signing:64k rate={SIGNING_PER_S}r/s;
    limit_req_status 429;
    limit_req_log_level info;
    # The gate is told who asks.
    limit_conn_zone $http_x_asker zone=asker:4m;
    limit_conn_zone $http_x_asker zone=long_asker:4m;
    limit_conn_zone $server_name zone=all:64k;
    limit_conn_zone $server_name zone=long:64k;
    limit_conn_status 429;
    limit_conn_log_level info;

    # A password has to be compared; the form is light.
    map $request_method $for_signing {{
        default light;
        POST gate;
    }}

    # In which form the front refuses: for programs, for a panel, as a page.
    map $uri $form {{
        default page;
        "~^/({machine})" json;
        "~^/panel/" panel;
    }}
    # As the application chooses (webmap/core/i18n.py): asked for, or chosen before.
    map "$arg_lang,$cookie_lang" $language {{
        default zh;
        "~^en," en;
        "~^(?!zh,)[^,]*,en$" en;
    }}
    # How answers are compressed, as the application would choose: one word, by which they are kept.
    map "$request_uri $http_accept_encoding" $encoding {{
        default "";
{_encodings()}
    }}
    # Anyone who comes with a session is answered by the application each time.
    map $http_cookie $has_session {{
        default "";
        "~gridmap_" 1;
    }}
    map $status $retry_after {{
        default "";
        ~^(429|503)$ 5;
    }}

    # What is the same for everybody, for as long as the application says: the address of a tile
    # or a script names its version; what is asked for again each time is kept with its ETag.
    proxy_cache_path {directory}/temporary/cache keys_zone=public:8m max_size=512m inactive=1d
        use_temp_path=off;
    map "" $kept_as {{ default "$encoding $http_x_forwarded_proto $http_host$request_uri"; }}
    proxy_cache_key $kept_as;
    proxy_cache_revalidate on;

    upstream light {{ server unix:{sockets.light} fail_timeout=0; }}
    upstream heavy {{ server unix:{sockets.heavy} fail_timeout=0; }}
    upstream gate {{ server unix:{sockets.gate} fail_timeout=0; }}

    proxy_http_version 1.1;
    proxy_connect_timeout 5s;
    proxy_read_timeout {_ANSWER_S}s;
    proxy_max_temp_file_size 256m;
    # One process that ended is no reason to ask twice: a request may have been carried out.
    proxy_next_upstream off;

    server {{
        listen {listen} backlog=1024;
        server_name gridmap;

        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_set_header Accept-Encoding $encoding;
        proxy_set_header X-Asker $asker;
{_forwarded(proxied)}
        limit_conn sender {SENDING_FROM_ONE};
        limit_conn sending {SENDING_AT_ONCE};

{refusals}
        location / {{ proxy_pass http://light; }}
        location = /sign-in {{ proxy_pass http://$for_signing; }}
        location ~ ^({own}) {{ proxy_pass http://light; }}
        location ~ ^/(static|tiles)/[^/]+/ {{
            proxy_cache public;
            proxy_pass http://light;
        }}
{visitors}
{heavy}
{pages}
    }}

    # Of one machine: the front is its only client.
    server {{
        listen unix:{sockets.gate} backlog=1024;
        server_name gate;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_set_header X-Asker "";
        # It comes at once, from where it is kept.
        proxy_request_buffering off;
        # For the front, which keeps answers.
        proxy_pass_header X-Accel-Expires;

{refusals}
        location / {{
{_indented(bounds)}
            proxy_pass http://heavy;
        }}
        location = /sign-in {{
{_indented(signing)}
        }}
{long}
{pages}
    }}
}}
"""


def _location(paths: Sequence[str], lines: Sequence[str]) -> str:
    return f"        location ~ ^({'|'.join(paths)})$ {{\n{_indented(lines)}\n        }}"


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"            {line}" for line in lines)


def _encodings() -> str:
    """Return the lines that choose how an answer is compressed, the best that is taken first.

    Scripts are there compressed by the best there is (webmap/core/assets.py): what is quicker to
    make would be larger.
    """
    refused = r"(?!\s*;\s*q=0(\.0*)?\s*(,|$))"
    wanted = [("/static/", "br"), *(("", each) for each in ("zstd", "br", "gzip"))]
    return "\n".join(
        f'        "~*^{path}\\S* .*\\b{each}\\b{refused}" {each};' for path, each in wanted
    )


def _asker_behind(proxied: int) -> str:
    """Return the line that finds the asker in X-Forwarded-For and who is connected to us.

    Each proxy adds whom it sees.
    """
    later = r"\s*,\s*[^,\s]+" * proxied
    return f'"~(?<last>[^,\\s]+){later}\\s*$" $last;'


def _forwarded(proxied: int) -> str:
    """Return what the application is told of the asker: nothing that a stranger made up."""
    if proxied:
        # As they come; the application believes as many as there are.
        kept = ["proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"]
        gone = ("X-Forwarded-Ssl", "X-Forwarded-Protocol")
    else:
        kept = ["proxy_set_header X-Forwarded-For $remote_addr;"]
        gone = ("X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Ssl", "X-Forwarded-Protocol")
    lines = [*kept, *(f'proxy_set_header {name} "";' for name in gone)]
    return "\n".join(f"        {line}" for line in lines)


def _write_pages(pages: Path, status: int, code: str, title: Phrase, text: Phrase) -> None:
    """Write one refusal in each language and form."""
    for name in language.LANGUAGES:
        translate = language.catalogue(name)
        heading, words = title.said(translate), text.said(translate)
        retry = Phrase("Try again").said(translate)
        problem = {
            "type": f"urn:gridmap:problem:{code}",
            "title": heading,
            "status": status,
            "detail": words,
        }
        said = f"<h1>{html.escape(heading)}</h1><p>{html.escape(words)}</p>"
        button = '<button class="primary" type="button" data-do="retry">'
        panel = (
            '<article class="sheet" data-mode="error"><section class="state" role="alert">'
            f'{said}<p class="actions">{button}{html.escape(retry)}</button></p>'
            "</section></article>"
        )
        page = (
            f'<!DOCTYPE html><html lang="{"en" if name == "en" else "zh-Hans"}">'
            '<meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{html.escape(heading)}</title><style>{_STYLE}</style>"
            f'<main>{said}<p class="actions"><a href="">{html.escape(retry)}</a></p></main></html>'
        )
        forms = {"json": json.dumps(problem, ensure_ascii=False), "panel": panel, "page": page}
        for form, content in forms.items():
            (pages / f"{status}.{name}.{form}").write_text(content, encoding="utf-8")
