import inspect
from types import ModuleType

import pytest
from minio import error as minio_errors
from urllib3 import exceptions as http_errors

from worker.errors import CODES
from worker.stores.minio_errors import CODE_OF_EXCEPTION, CODE_OF_S3

# These two say what they mean by their code and their HTTP status.
BY_STATUS = {minio_errors.S3Error, minio_errors.ServerError}


@pytest.mark.parametrize("module", [minio_errors, http_errors], ids=["minio", "urllib3"])
def test_every_exception_of_the_client_has_a_row(module: ModuleType) -> None:
    raised = {
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and not issubclass(kind, Warning)
        if kind.__module__ == module.__name__
    }

    assert raised - BY_STATUS - set(CODE_OF_EXCEPTION) == set()


def test_every_row_names_a_code_of_ours() -> None:
    assert {*CODE_OF_EXCEPTION.values(), *CODE_OF_S3.values()} <= set(CODES)
