"""Who may do what: the vendor's order of checks, over one look into the records."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from fastapi import Request

from api.access import NOTED
from api.browsers import is_named, names_of
from api.dialects.tencent_smh.errors import RefusalError
from api.dialects.tencent_smh.grants import allows, require
from api.dialects.tencent_smh.parts import Parts, parts_of
from api.dialects.tencent_smh.paths import names
from api.dialects.tencent_smh.queries import Queries
from worker.contracts.libraries import (
    ANY_ID,
    Entry,
    First,
    Grant,
    GrantName,
    LibraryInfo,
    Place,
    SpaceInfo,
)
from worker.state.sights import Sight

MAX_NOTED_CHARACTERS: Final = 100

_ID: Final = re.compile(ANY_ID)
# What can be no id leads here, where nothing is, and stays out of the keys of records.
_NOWHERE: Final = "."


class Call(NamedTuple):
    """What a request names: a place, a path in it, and who asks.

    `is_trusted`: whether it may read what is public without a token. What is `noted` is told in
    the access log.
    """

    library_id: str
    space_id: str
    path: tuple[str, ...]
    queries: Queries
    token: str | None
    is_trusted: bool
    noted: dict[str, str]

    def __repr__(self) -> str:
        return f"Call({self.library_id}/{self.space_id})"  # its token is a secret


class Seen(NamedTuple):
    """What a call that is allowed finds. `entry` is what the path leads to."""

    library: LibraryInfo
    space: SpaceInfo
    grant: Grant | None
    user_id: str | None
    entry: Entry | None
    first: Entry | None

    @property
    def place(self) -> Place:
        return Place(self.library.id, self.space.id)


def call_of(request: Request) -> Call:
    """What can be told of a call before anything is looked up.

    Raises: RefusalError `ParamInvalid` for a path that no entry has, a query that cannot be read,
    and a repeated token; all other parameters are checked after who asks.
    """
    told = request.path_params
    queries = Queries(request.scope["query_string"])
    space_id = told.get("space_id", "")
    return Call(
        library_id=told["library_id"],
        space_id=space_id if not space_id or _ID.fullmatch(space_id) else _NOWHERE,
        path=names(told.get("path", "")),
        queries=queries,
        token=token_of(request, queries),
        is_trusted=_is_trusted(request),
        noted=request.scope[NOTED],
    )


def token_of(request: Request, queries: Queries) -> str | None:
    """The access token: of the query, else of `Authorization: Bearer`; None for none."""
    told = queries.one("access_token")
    if told:
        return told
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    return (bearer.strip() or None) if scheme.lower() == "bearer" else None


def _is_trusted(request: Request) -> bool:
    """Whether public reading may be trusted to come from somebody who knows this server.

    A page whose name was pointed at 127.0.0.1 has no token, but it could read what is public on a
    machine that serves itself only. An open API is meant for names that it may not know. A script
    of another site, which a browser marks so, is no better; a picture or a link in it shows, but
    gives it nothing.
    """
    mode = tuple(request.headers.get(f"sec-fetch-{name}", "") for name in ("site", "mode"))
    if mode == ("cross-site", "cors") and not parts_of(request).settings.api.open:
        return False
    names = names_of(parts_of(request).settings.api)
    return is_named(request.headers.getlist("host"), names)


async def reading(
    parts: Parts,
    call: Call,
    *,
    path: Sequence[str] | None = None,
    first: First | None = None,
    public: bool = True,
) -> Seen:
    """Look once and check in the vendor's order; public read needs no token, where it counts.

    Library, token missing, token wrong, space, token of another space; the rest is the route's.
    Raises: RefusalError.
    """
    _check_id(call)
    sight = await parts.sights.look(
        call.library_id, call.space_id, token=call.token, path=path, first=first
    )
    return _checked(call, sight, may_be_public=public and call.is_trusted)


async def writing(
    parts: Parts, call: Call, *wanted: GrantName, path: Sequence[str] | None = None
) -> Seen:
    """As `reading`, with a token in any case and one of the grants `wanted` (or `admin`) in it.

    Raises: RefusalError, `NoPermission` after all other checks of the token.
    """
    seen = await reading(parts, call, path=path, public=False)
    require(seen.grant, *wanted)
    return seen


async def of_library(parts: Parts, call: Call) -> tuple[LibraryInfo, Grant]:
    """The library and what its token grants, for calls that are in no space.

    Raises: RefusalError.
    """
    _check_id(call)
    library, _, grant, *_ = await parts.sights.look(
        call.library_id, call.space_id, token=call.token
    )
    if library is None:
        raise RefusalError("LibraryNotFound")
    if call.token is None:
        raise RefusalError("EmptyAccessToken")
    if grant is None:
        raise RefusalError("InvalidAccessToken")
    return library, grant


def _check_id(call: Call) -> None:
    if not _ID.fullmatch(call.library_id):
        raise RefusalError("LibraryNotFound")


def _checked(call: Call, sight: Sight, *, may_be_public: bool) -> Seen:
    library, space, grant = sight.library, sight.space, sight.grant
    if library is None:
        raise RefusalError("LibraryNotFound")
    if call.token is None and not (may_be_public and is_public(library, space)):
        raise RefusalError("EmptyAccessToken")
    if call.token is not None and grant is None:
        raise RefusalError("InvalidAccessToken")
    if space is None:
        raise RefusalError("SpaceNotFound")
    if grant and not sight.opens:
        raise RefusalError("AccessTokenNotMatchSpace")
    user_id = acting_user(grant, call.queries)
    if user_id is not None:
        call.noted["user"] = user_id[:MAX_NOTED_CHARACTERS]
    return Seen(library, space, grant, user_id, sight.entry, sight.first)


def is_public(library: LibraryInfo, space: SpaceInfo | None) -> bool:
    """Whether anyone may read. An unknown space is not public, so nobody can probe for spaces."""
    if space is None:
        return False
    return space.public_read if library.multi_tenant else library.public_read


def acting_user(grant: Grant | None, queries: Queries) -> str | None:
    """The token's user; an admin's token without one may name any. It never widens access."""
    if grant is None:
        return None
    if grant.user_id is None and allows(grant):
        return queries.one("user_id") or None
    return grant.user_id
