"""The concepts that units are compared with: from a file, from the most common words, from names of classes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import nearest
from lucidag.units.names import NONE, check_names, read_alike


def read_concepts(path: str | Path) -> tuple[str, ...]:
    """Read a text file (UTF-8) of one concept per line; spaces around it are dropped.

    Raises
    ------
    InputError
        If the file is missing, is not UTF-8 or has no line, or a line is blank or doubles another one. Lines that
        differ only in spaces or in capitals are doubles, as CLIP's tokenizer reads them alike. Empty lines at the
        very end are no lines.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"concepts {path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        place = 1 + error.object[: error.start].count(b"\n")
        raise InputError(f"concepts {path}, line {place}: is not UTF-8") from error
    lines = [line.strip() for line in text.rstrip().split("\n")]
    first: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line:
            raise InputError(f"concepts {path}, line {number}: is blank; each line must name a concept")
        if read_alike(line) in first:
            raise InputError(
                f"concepts {path}, line {number}: '{line}' is listed in line {first[read_alike(line)]} already"
            )
        first[read_alike(line)] = number
    return tuple(lines)


def common_words(count: int, language: str = "en") -> tuple[str, ...]:
    """Give the `count` most common words of a language by the package wordfreq, the most common first.

    Its tokens without any letter (digits, emoji, signs) are left out: 37 of the first 20,000 English ones. CLIP-Dissect
    itself took another list of 20,000 common words.

    Raises
    ------
    InputError
        If the package has no list of the language, or not so many words.
    """
    from wordfreq import available_languages, top_n_list  # reads its lists: only for those who want them

    known = available_languages("best")
    if language not in known:
        raise InputError(
            f"common words: there is no list of '{language}'{nearest(language, known)}; there are: {known}"
        )
    if count < 1:
        raise InputError(f"common words: the number is {count}; it must be at least 1")
    words = [word for word in top_n_list(language, 2 * count + 100) if any(letter.isalpha() for letter in word)]
    if len(words) < count:
        raise InputError(f"common words: the list of '{language}' has {len(words)} words, not {count}")
    return tuple(words[:count])


def class_names(classes: Sequence[str]) -> tuple[str, ...]:
    """Give the names of classes as words: underscores are spaces.

    Raises
    ------
    InputError
        If two classes read alike.
    """
    words = tuple(" ".join(name.replace("_", " ").split()) for name in classes)
    read: dict[str, str] = {}
    for name, word in zip(classes, words, strict=True):
        if read_alike(word) in read:
            raise InputError(f"concepts: the classes '{read[read_alike(word)]}' and '{name}' read alike")
        read[read_alike(word)] = name
    return words


def chosen_concepts(
    which: int | str, classes: Sequence[str], annotated: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Give the concepts that a configuration asks for.

    Parameters
    ----------
    which
        A number: so many of the most common English words. ``classes``; ``annotations``; else a text file.
    classes
        The classes of the probe set.
    annotated
        The names in its label maps, by category. A name that two categories share is taken once.

    Raises
    ------
    InputError
        See `common_words`, `class_names` and `read_concepts`; or if there are no annotations, or a concept is
        called as units without a label are.
    """
    if isinstance(which, int):
        # One more, as the word that means "no label" is left out.
        return tuple(word for word in common_words(which + 1) if word != NONE)[:which]
    if which == "classes":
        concepts = class_names(classes)
    elif which == "annotations":
        if not annotated:
            raise InputError("concepts: the probe set has no label maps, so there are no annotations")
        concepts = tuple(dict.fromkeys(name for names in annotated.values() for name in names))
    else:
        concepts = read_concepts(which)
    check_names(f"concepts {which}", concepts)
    return concepts


def categories_of(concepts: Sequence[str], known: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Give the category of each concept: the first of `known` that has it, or an empty text."""
    found = {read_alike(name): category for category, names in reversed(list(known.items())) for name in names}
    return tuple(found.get(read_alike(concept), "") for concept in concepts)
