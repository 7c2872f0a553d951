"""The weights of one network among the named tensors of a file: which names are whose."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown

Tensors = Mapping[str, torch.Tensor]
Shapes = Mapping[str, torch.Size]

# What wrappers put into names: DataParallel and its like, torch.compile, sharding, checkpoints of activations.
WRAPPERS = frozenset({"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"})
# First words of tensors beside a network that are not its weights: those of losses, metrics, counters and draws.
BOOKKEEPING = re.compile(
    r"n_averaged|.*(criterion|loss|metric|accuracy|auroc|confusion|rng|random).*|(train|val|valid|test)_.*|.*acc|"
    r"(pos|class)_weights?|(global_)?step|epoch",
    re.IGNORECASE,
)
MOST = 12  # exchanges of prefixes that are looked at


@dataclass(frozen=True)
class Found:
    """A network in a file.

    Attributes
    ----------
    tensors
        By the network's names; also those that stand beside its own and that it does not know.
    left_out
        Names in the file of everything else.
    part
        What its names in the file begin with.
    """

    tensors: dict[str, torch.Tensor]
    left_out: Sequence[str]
    part: str


def find_network(
    own: Shapes, required: Collection[str], tensors: Tensors, source: str, part: str | None = None
) -> Found:
    """Find the weights of a network in a file whose names may begin otherwise than the network's.

    A name in the file and one of the network can be a pair if they end alike, from a dot on, and the shapes are the
    same. What stands before that is a prefix. The exchange of prefixes that gives every required tensor is taken;
    where none does, several prefixes may together (``backbone.`` and ``head.``), each tensor from one. Where nothing
    gives all, the best exchange is returned, and the caller says what does not fit.

    Parameters
    ----------
    own
        The shape of each tensor of the network.
    required
        Names of those that the file must hold.
    tensors
        Those of the file, by their places in it.
    source
        The file, for messages.
    part
        The prefix to take where several give a network, such as ``state_dict.model``.

    Raises
    ------
    InputError
        If different networks in the file fit and `part` does not choose, or if `part` is none of them.
    """
    candidates = [found for spelling in _spellings(own, tensors) for found in _candidates(own, required, spelling)]
    full = [found for found in candidates if fits(own, required, found)]
    if part is not None:
        chosen = [found for found in full or candidates if found.part == part.rstrip(".")]
        if not chosen:
            raise InputError(f"weights {source}: {unknown('part', part, sorted({f.part for f in full or candidates}))}")
        return chosen[0]
    different: list[Found] = []
    for found in full:
        if not any(_same(found, other, required) for other in different):
            different.append(found)
    if len(different) > 1:
        names = " and ".join(f"'{found.part}'" for found in different)
        raise InputError(
            f"weights {source} hold {len(different)} networks that fit: {names}; name the one you want by weights_part"
        )
    if different:
        return different[0]
    return max(
        candidates, key=lambda found: (sum(name in found.tensors for name in required), _count(own, required, found))
    )


def fits(own: Shapes, required: Collection[str], found: Found) -> bool:
    """Tell whether a network has all that it must have, each tensor in its shape."""
    return _count(own, required, found) == len(required)


def _count(own: Shapes, required: Collection[str], found: Found) -> int:
    return sum(name in found.tensors and found.tensors[name].shape == own[name] for name in required)


def _same(one: Found, two: Found, names: Collection[str]) -> bool:
    pairs = [(one.tensors[name], two.tensors[name]) for name in names]
    return all(first is second or torch.equal(first, second) for first, second in pairs)


def _spellings(own: Shapes, tensors: Tensors) -> Iterator[Tensors]:
    """Yield the tensors by their names, and without the words of wrappers where no two become one by that."""
    yield tensors
    words = WRAPPERS - {word for name in own for word in name.split(".")}
    plain = {name: ".".join(word for word in name.split(".") if word not in words) for name in tensors}
    if set(plain.values()) != set(tensors) and len(set(plain.values())) == len(tensors):
        yield {plain[name]: value for name, value in tensors.items()}


def _candidates(own: Shapes, required: Collection[str], tensors: Tensors) -> list[Found]:
    """Give the networks that prefixes make of the tensors, and last all tensors as they are."""
    votes = _votes(own, tensors)
    exchanges = [_renamed(own, tensors, [exchange]) for exchange, _ in votes.most_common(MOST)]
    several = _several(own, required, tensors, votes)
    joined = [_renamed(own, tensors, several)] if len(several) > 1 else []
    return [*exchanges, *joined, Found(dict(tensors), (), "")]


def _votes(own: Shapes, tensors: Tensors) -> Counter[tuple[str, str]]:
    """Count how many tensors of the network each exchange of prefixes gives: the file's for the network's."""
    ends: dict[str, list[str]] = {}
    for name in own:
        for end in _ends(name):
            ends.setdefault(end, []).append(name)
    votes: Counter[tuple[str, str]] = Counter()
    for name, value in tensors.items():
        for end in _ends(name):
            for match in ends.get(end, ()):
                if own[match] == value.shape and (name != match or end == name):  # a name has itself in one way
                    votes[name.removesuffix(end), match.removesuffix(end)] += 1
    return votes


def _ends(name: str) -> Iterator[str]:
    """Yield the name, and what is left of it behind each dot."""
    yield name
    while "." in name:
        name = name.partition(".")[2]
        yield name


def _several(
    own: Shapes, required: Collection[str], tensors: Tensors, votes: Counter[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return prefixes that give all required tensors together; none if a tensor would stand under two new ones."""
    prefixes = [old for (old, new), _ in votes.most_common() if not new]
    used: list[str] = []
    for name in required:
        giving = [old for old in prefixes if old + name in tensors and tensors[old + name].shape == own[name]]
        if any(old in used for old in giving):
            continue
        if len(giving) != 1 and not (used == [] and giving):
            return []
        used.append(giving[0])
    return [(old, "") for old in used]


def _renamed(own: Shapes, tensors: Tensors, exchanges: Sequence[tuple[str, str]]) -> Found:
    """Exchange prefixes, the first that leads to a name; what has none of them, or is no weight, is left out."""
    kept: dict[str, torch.Tensor] = {}
    left_out = []
    for name, value in tensors.items():
        new = [after + name.removeprefix(before) for before, after in exchanges if name.startswith(before)]
        names = [each for each in new if each in own] or new[-1:]
        if not names or names[0] in kept or (names[0] not in own and _is_beside(names[0], value)):
            left_out.append(name)
        else:
            kept[names[0]] = value
    return Found(kept, left_out, " and ".join(before.rstrip(".") for before, _ in exchanges))


def _is_beside(name: str, value: torch.Tensor) -> bool:
    return value.ndim <= 1 and BOOKKEEPING.fullmatch(name.partition(".")[0]) is not None
