from __future__ import annotations

import pytest

from tests.tui.web.test_access import serve


@pytest.fixture
async def served():
    """A server that listens on the loopback interface."""
    async with serve() as served:
        yield served
