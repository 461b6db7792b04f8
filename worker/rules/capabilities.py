"""What each provider can do with a cover, and which targets are refused because it cannot."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from worker.contracts.targets import CoverTarget, DryRunTarget, ProviderName
from worker.errors import ProviderError
from worker.rules.cover_urls import MAX_BYTES, MAX_MPS_BYTES, UrlRule, mistake
from worker.rules.visibility import Refusal


class Way(NamedTuple):
    """One way of recording: what it `needs` of the cover, and the vendor's calls it makes.

    `reads_back` where the provider tells, or shows, what its cover is.
    """

    needs: Literal["url", "bytes", "nothing"]
    calls: tuple[str, ...]
    reads_back: bool
    content_types: tuple[str, ...] = ()


class Capability(NamedTuple):
    """The sheet of a provider. `setting` is the field of its profile that chooses among `ways`.

    What is `documented` a page of the vendor says; what is `guessed` no page does, and the code
    has to assume; what is `untried` is so because there was no account to try it with.
    """

    title: str
    ways: Mapping[str, Way]
    url: UrlRule
    setting: str | None = None
    limits: tuple[str, ...] = ()
    documented: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()
    untried: tuple[str, ...] = ()

    @property
    def writes_url(self) -> bool:
        return any(way.needs == "url" for way in self.ways.values())

    @property
    def uploads(self) -> bool:
        return any(way.needs == "bytes" for way in self.ways.values())

    @property
    def reads_back(self) -> bool:
        return any(way.reads_back for way in self.ways.values())

    def way(self, profile: object) -> Way | None:
        """The way that a profile's settings choose; None where they choose none."""
        chosen = str(getattr(profile, self.setting, "")) if self.setting else ""
        return self.ways.get(chosen)


_ANY_URL: Final = UrlRule(
    f"absolute http or https URL of ASCII, at most {MAX_BYTES} bytes, without user information "
    "or fragment",
    ("http", "https"),
)
_MPS_URL: Final = UrlRule(
    f"http URL (never https) by RFC 2396, at most {MAX_MPS_BYTES} bytes of UTF-8, without query, "
    "fragment or user information; other letters escaped, other host names as punycode",
    ("http",),
    max_bytes=MAX_MPS_BYTES,
    allows_query=False,
    by_rfc_2396=True,
)

CAPABILITIES: Final[Mapping[ProviderName, Capability]] = {
    "huawei_vod": Capability(
        title="Huawei VOD",
        setting="mode",
        ways={
            "url": Way("url", ("PUT asset/cover", "GET asset/details"), reads_back=True),
            "upload": Way(
                "bytes",
                ("PUT asset", "PUT cover_upload_url", "GET asset/details", "GET cover_url"),
                reads_back=True,
                content_types=("image/jpeg", "image/png"),
            ),
        },
        url=_ANY_URL,
        limits=(
            "100 calls of asset/cover a minute, 1,500 of asset/details",
            "clocks 15 minutes apart at most; more than 5 wrong signatures in a row lock a key for "
            "5 minutes",
        ),
        documented=(
            "asset/cover takes the URL of a snapshot that asset/details tells, and names no asset",
            "success is 204 without a body; an unknown asset or snapshot is 400 VOD.10062",
            "UpdateAsset with cover_type JPG or PNG answers where to PUT the picture",
        ),
        guessed=(
            "asset/cover refuses URLs that are not the tenant's snapshots: then mode upload is "
            "the way",
            "the cover is shown under the URL that was set, except for its scheme and query",
            "an uploaded cover is shown byte for byte, or encoded again: what is shown since an "
            "answered upload counts as the cover, and as verified only byte for byte",
            "hw_ak_sk takes the token of a temporary key as security_token",
        ),
        untried=(
            "UpdateAsset on an asset that has not failed: its page says both that it updates a "
            "cover and that it is for failed uploads only",
            "how soon its CDN shows a new upload under the old URL",
        ),
    ),
    "alibaba_mps": Capability(
        title="Alibaba Cloud MPS",
        ways={"": Way("url", ("UpdateMediaCover", "QueryMediaList"), reads_back=True)},
        url=_MPS_URL,
        limits=("100 calls a second and account", "clocks 15 minutes apart at most"),
        documented=(
            "CoverURL complies with RFC 2396, is UTF-8 of at most 3,200 bytes, and is http",
            "of the URL of an object in OSS, what is before the question mark is taken",
            "QueryMediaList tells CoverURL, and names media that are not there",
        ),
        guessed=(
            "statuses of its own codes: the code decides, the status where there is none",
            "the cover is shown under the URL that was set, except for its scheme and query",
        ),
        untried=(
            "whether CoverURL has to be an object in OSS, or any http URL will do",
            "whether x-acs-retry-after is ever sent",
        ),
    ),
    "alibaba_vod": Capability(
        title="Alibaba Cloud VOD",
        ways={"": Way("url", ("UpdateVideoInfo", "GetVideoInfo"), reads_back=True)},
        url=_ANY_URL,
        limits=("100 calls a second and account", "clocks 15 minutes apart at most"),
        documented=(
            "UpdateVideoInfo changes only what it is given; CoverURL may be https",
            "GetVideoInfo tells CoverURL",
            "GetImageInfo tells the URL of an uploaded image, GetImageInfos of 20 at most",
        ),
        guessed=("the cover is shown under the URL that was set, except for scheme and query",),
        untried=("whether the vendor copies the picture and shows it under a URL of its own",),
    ),
    "tencent_smh": Capability(
        title="Tencent SMH",
        setting="mode",
        ways={
            "beside": Way(
                "bytes",
                ("GET file?info", "PUT file", "PUT to storage", "POST file?confirm"),
                reads_back=True,
                content_types=("image/jpeg",),
            ),
            "label": Way("url", ("GET directory?info", "POST directory?update"), reads_back=True),
        },
        url=_ANY_URL,
        limits=(
            "beside: the cover is a file of the library, and a medium of its album like any other",
            "label: labels can only be replaced all together, so one set in the same moment by "
            "somebody else may be lost",
        ),
        documented=(
            "SMH makes covers itself and has no call that sets one",
            "metadata can only be given with an upload, so no file can be given a URL that way",
            "an upload with the conflict strategy overwrite takes the place of an earlier one",
            "?info tells CRC-64 and labels",
        ),
        guessed=(
            "the grants upload_file_force and space_admin are enough for these calls",
            "a label may hold a URL: no limit of its length or letters is documented",
        ),
        untried=("whether anything of Tencent's looks at what is left there",),
    ),
    "webhook": Capability(
        title="Webhook",
        ways={"": Way("url", ("POST to the endpoint of the profile",), reads_back=False)},
        url=_ANY_URL,
        limits=("a body under 20 KB", "attempts over three days; 410 ends them"),
        documented=("Standard Webhooks 1.0: webhook-id, webhook-timestamp, webhook-signature",),
    ),
    "firstframe": Capability(
        title="Firstframe",
        ways={"": Way("nothing", ("the medium's cover in our own catalogue",), reads_back=True)},
        url=_ANY_URL,
        documented=("shown by the catalogue and by the vendor APIs that are served",),
    ),
    "dry_run": Capability(
        title="Dry run",
        ways={"": Way("nothing", (), reads_back=False)},
        url=_ANY_URL,
        documented=("nothing is sent: the record says what would be",),
    ),
}
_WITHOUT_PROFILE: Final = frozenset({"firstframe"})


def url_mistake(provider: ProviderName, url: str) -> str | None:
    """What is wrong with a URL as a cover's at `provider`, None where it takes it."""
    return mistake(CAPABILITIES[provider].url, url)


def fitting_url(provider: ProviderName, url: str | None) -> str:
    """The URL of a cover as `provider` takes it. Raises: ProviderError `provider.url_unfit`."""
    title = CAPABILITIES[provider].title
    if url is None:
        raise ProviderError("provider.url_unfit", f"The cover is private: {title} needs a URL.")
    wrong = url_mistake(provider, url)
    if wrong is not None:
        raise ProviderError(
            "provider.url_unfit", f"The cover's URL {wrong}, which {title} refuses."
        )
    return url


def target_refusal(
    target: CoverTarget,
    *,
    profile: object | None,
    sample_url: str | None,
    content_type: str | None = None,
) -> Refusal | None:
    """Why covers cannot be recorded at a target, as far as that is known before there is one.

    `profile` are the settings of the target's profile, None where the caller has none of that
    name. `sample_url` is the URL of a cover as the store would give it, None where it is private.
    `content_type` is that of the cover, where it is settled.
    """
    field = "target"
    if isinstance(target, DryRunTarget):
        target, field = target.of, "target.of"
    provider: ProviderName = getattr(target, "provider")  # noqa: B009 - every target has one
    if profile is None and provider not in _WITHOUT_PROFILE:
        told = "there is no such profile for you"
        return Refusal("provider.not_allowed", f"{field}.profile", told)
    capability = CAPABILITIES[provider]
    way = capability.way(profile)
    if way is None:
        told = f"{capability.title} cannot set covers, and the profile names no other way"
        return Refusal("provider.unsupported", f"{field}.profile", told)
    if way.content_types and content_type not in {None, *way.content_types}:
        told = f"{capability.title} takes {' and '.join(way.content_types)} only"
        return Refusal("provider.unsupported", "format", told)
    return _url_refusal(capability, way, sample_url, field)


def _url_refusal(
    capability: Capability, way: Way, sample_url: str | None, field: str
) -> Refusal | None:
    if way.needs != "url":
        return None
    if sample_url is None:
        told = f"the cover would be private, and {capability.title} needs a public URL of it"
        return Refusal("provider.url_unfit", "visibility", told)
    wrong = mistake(capability.url, sample_url)
    if wrong is None:
        return None
    told = f"the store's URLs do not fit {capability.title}: such a URL {wrong}"
    return Refusal("provider.url_unfit", field, told)
