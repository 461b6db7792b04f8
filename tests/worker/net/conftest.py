import pytest

from tests.http_server import MediaServer, whole
from tests.worker.net.network import Certificate, World


@pytest.fixture
def world(media_server: MediaServer) -> World:
    media_server.serve("/", whole(b"canary"))
    return World(media_server)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("certificate"))
