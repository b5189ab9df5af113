import pytest

from kinora.models.text import TextEncoder


@pytest.fixture(scope="session")
def encoder():
    return TextEncoder.load()
