import pytest

from lucidag.ground.errors import InputError
from lucidag.ground.shards import WHOLE, Shard, cut, shard_names


@pytest.mark.parametrize("count", [0, 1, 7, 64, 65, 100])
@pytest.mark.parametrize("batch_size", [1, 4, 64])
@pytest.mark.parametrize("of", [1, 2, 3, 7, 200])
def test_shards_hold_the_batches_of_the_whole_each_once(count, batch_size, of):
    def batches(items):
        return [items[start : start + batch_size] for start in range(0, len(items), batch_size)]

    items = list(range(count))
    shards = [items[Shard.parse(name).of_batches(count, batch_size)] for name in shard_names(of)]
    assert [batch for shard in shards for batch in batches(shard)] == batches(items)
    sizes = [len(batches(shard)) for shard in shards]
    assert max(sizes) - min(sizes) <= 1
    assert items[WHOLE.of_batches(count, batch_size)] == items


@pytest.mark.parametrize("name", ["", "2", "0-of-3", "4-of-3", "-1-of-3", "a-of-3", "1-of-3-of-3", "1-of-"])
def test_what_is_no_shard_is_refused(name):
    with pytest.raises(InputError, match="a shard is named like 2-of-3"):
        Shard.parse(name)


@pytest.mark.parametrize("count", range(9))
@pytest.mark.parametrize("parts", [1, 3, 7])
def test_items_are_cut_in_order_into_parts_that_hold_something(count, parts):
    items = list("abcdefghi"[:count])
    found = cut(items, parts)
    assert [item for part in found for item in part] == items
    assert len(found) == min(count, parts)
    assert all(found)
    assert not found or max(map(len, found)) - min(map(len, found)) <= 1
