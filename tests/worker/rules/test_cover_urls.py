import pytest

from worker.rules.capabilities import CAPABILITIES, url_mistake
from worker.rules.cover_urls import is_shown, without_query

PREFIX = "http://bucket.oss-cn-hangzhou.aliyuncs.com/"


@pytest.mark.parametrize(
    "url",
    [
        "http://example-bucket.oss-cn-hangzhou.aliyuncs.com//example.jpg",
        "http://minio.example:9000/covers/ab/cd.jpg",
        "http://minio.example:80/covers/cd.jpg",
        "http://10.1.2.3:9000/covers/cd.jpg",
        "http://localhost/covers/cd.jpg",
        "http://xn--fiqs8s.example/%E5%B0%81.jpg",
        "http://covers.example/a(1)~*'!$&,;=:@+-_.jpg",
        "HTTP://covers.example/a.jpg",
        PREFIX + "a" * (3200 - len(PREFIX)),
    ],
)
def test_alibaba_mps_takes_plain_http_urls(url: str) -> None:
    assert url_mistake("alibaba_mps", url) is None


@pytest.mark.parametrize(
    ("url", "mistake"),
    [
        ("https://covers.example/a.jpg", "must begin with http://"),
        ("ftp://covers.example/a.jpg", "must begin with http://"),
        ("//covers.example/a.jpg", "must begin with http://"),
        ("covers/a.jpg", "is not an absolute URL"),
        ("http:///a.jpg", "is not an absolute URL"),
        ("http://covers.example:0/a.jpg", "is not an absolute URL"),
        ("http://covers.example:99999/a.jpg", "is not an absolute URL"),
        ("http://covers.example/a.jpg?x=1", "has a query"),
        ("http://covers.example/a.jpg?", "has a query"),
        ("http://covers.example/a.jpg#x", "has a fragment"),
        ("http://covers.example/a.jpg#", "has a fragment"),
        ("http://user@covers.example/a.jpg", "has user information"),
        ("http://covers.example/a b.jpg", "has spaces"),
        (" http://covers.example/a.jpg", "has spaces"),
        ("http://covers.example/a.jpg\n", "has spaces"),
        ("http://covers.example/a\x00.jpg", "has spaces"),
        ("http://covers.example/封面.jpg", "has spaces"),
        ("http://中国.example/a.jpg", "has spaces"),
        ("http://covers.example/100%.jpg", "RFC 2396"),
        ("http://covers.example/a|b.jpg", "RFC 2396"),
        ('http://covers.example/a"b.jpg', "RFC 2396"),
        ("http://covers.example/a##b", "RFC 2396"),
        ("http://[2606:2800:21f::1]/a.jpg", "RFC 2396"),
        ("http://my_minio/a.jpg", "host that RFC 2396"),
        ("http://-covers.example/a.jpg", "host that RFC 2396"),
        (PREFIX + "a" * (3201 - len(PREFIX)), "longer than 3200 bytes"),
        ("", "has spaces"),
    ],
)
def test_alibaba_mps_is_spared_others(url: str, mistake: str) -> None:
    assert mistake in str(url_mistake("alibaba_mps", url))


@pytest.mark.parametrize("provider", ["huawei_vod", "alibaba_vod", "tencent_smh", "webhook"])
def test_other_providers_take_https_and_queries(provider: str) -> None:
    assert provider in CAPABILITIES
    assert url_mistake(provider, "https://covers.example:8443/a.jpg?v=2") is None  # type: ignore[arg-type]
    assert url_mistake(provider, "https://user@covers.example/a.jpg") is not None  # type: ignore[arg-type]
    assert url_mistake(provider, "file:///etc/passwd") is not None  # type: ignore[arg-type]


WRITTEN = "http://covers.example:9000//a%20b/%E5%B0%81(1).jpg"


@pytest.mark.parametrize(
    ("shown", "same"),
    [
        (WRITTEN, True),
        (WRITTEN.replace("http:", "https:"), True),
        (WRITTEN.replace("covers", "COVERS"), True),
        (WRITTEN.replace("(1)", "%281%29"), True),
        (f"{WRITTEN}?auth_key=1-0-0-ab", True),
        (WRITTEN.replace(":9000", ""), False),
        (WRITTEN.replace("//a", "/a"), False),
        (WRITTEN.replace(".jpg", ".JPG"), False),
        ("http://other.example:9000//a%20b/%E5%B0%81(1).jpg", False),
        ("http://covers.example:x/", False),
        ("", False),
    ],
)
def test_a_vendor_may_show_a_url_in_other_clothes(shown: str, same: bool) -> None:
    assert is_shown(WRITTEN, shown) is same


def test_default_ports_of_both_schemes_are_one_place() -> None:
    assert is_shown("http://c.example/a", "https://c.example:443/a")
    assert is_shown("http://c.example", "https://c.example/")


def test_what_may_sign_a_url_is_left_out() -> None:
    assert without_query("https://c.example/a.jpg?auth_key=canary#x") == "https://c.example/a.jpg"
