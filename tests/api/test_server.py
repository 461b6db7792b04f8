"""How connections are kept between calls."""

import pytest

from api.app import make_app
from api.server import make_server
from worker.settings import Settings


@pytest.mark.parametrize(
    "client_gives_up_s",
    [
        pytest.param(5, id="node"),
        pytest.param(60, id="java-client-of-tencent-smh"),
    ],
)
def test_idle_connections_are_closed_by_their_clients(
    settings: Settings, client_gives_up_s: int
) -> None:
    """Where both close after the same time, calls that are sent just then fail (RFC 9112 §9.5)."""
    server = make_server(make_app(settings), host="127.0.0.1", port=0, serving=print)

    assert server.config.timeout_keep_alive > client_gives_up_s
