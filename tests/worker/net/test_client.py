import pytest

from tests.http_server import redirect, status, whole
from tests.worker.net.network import Certificate, World, reason_of_failure
from worker.net.failures import RequestFailedError


def test_three_redirects_are_followed_and_a_fourth_is_not(world: World) -> None:
    for step in range(4):
        world.canary.serve(f"/{step}", redirect(f"/{step + 1}"))
    world.canary.serve("/4", whole(b"end"))

    assert world.fetch("http://public.test/1").requests == 4
    assert reason_of_failure(world, "http://public.test/0") == "redirects"


def test_an_encrypted_source_does_not_redirect_to_a_plain_one(
    world: World, certificate: Certificate
) -> None:
    world.canary.encrypt(certificate.server)
    world.canary.serve("/", redirect("http://public.test/"))

    with pytest.raises(RequestFailedError) as caught:
        world.fetch("https://public.test/", ssl_context=certificate.client)

    assert caught.value.reason == "url_not_allowed"


def test_no_log_line_carries_a_query(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.canary.serve("/signed", status(200))
    caplog.set_level("DEBUG")

    world.fetch("http://public.test/signed?X-Amz-Signature=canary-secret")

    assert "canary-secret" not in caplog.text
