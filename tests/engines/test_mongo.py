"""What is asked of MongoDB with every write and read: its own defaults promise less."""

import pytest
from pymongo import ReadPreference

from engines.mongo import open_database


async def test_writes_are_on_the_disks_of_a_majority_and_reads_are_never_rolled_back() -> None:
    async with open_database("mongodb://127.0.0.1:9/imi-requests?w=1&journal=false") as database:
        assert database.name == "imi-requests"
        assert database.write_concern.document == {"w": "majority", "j": True}
        assert database.read_concern.document == {"level": "majority"}
        assert database.read_preference == ReadPreference.PRIMARY


async def test_a_url_names_its_database() -> None:
    with pytest.raises(ValueError, match="name the database"):
        async with open_database("mongodb://127.0.0.1:9"):
            pass
