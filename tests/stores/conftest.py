"""The index in memory and in the real Redis: what one does, the other does."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
import redis

from workers.dedup.index import Index
from workers.stores.memory_index import MemoryIndex
from workers.stores.redis_index import RedisIndex

MakeIndex = Callable[..., Index]


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.integration)])
def make_index(request: pytest.FixtureRequest) -> MakeIndex:
    """make_index(window=1000) is an empty index."""

    def make(window: int = 1000, **options: Any) -> Index:
        if request.param == "memory":
            return MemoryIndex(window=window, **options)
        client: redis.Redis = request.getfixturevalue("redis_client")
        return RedisIndex(client, window=window, prefix=f"test-{uuid.uuid4().hex[:8]}", **options)

    return make
