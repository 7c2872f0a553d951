"""What the columns of the tables hold: words, numbers, or whole numbers with gaps."""

# A class may be called nan, an image 007, a concept 1e5 and a model null: in these columns they stay words, and an
# empty cell is the empty text. Every other column holds numbers, or True and False, and an empty cell is a missing one.
WORDS = (
    *("image", "model", "family", "split", "ranked_on", "method", "method_a", "method_b", "measure", "metric"),
    *("threshold", "layer", "concept", "category", "description", "role", "role_accuracy", "role_loss", "flags"),
    *("artefact", "curve", "step", "settings", "better", "note", "better_than", "not_told_apart", "prediction"),
    *("library", "version", "no_class", "reason", "kind", "name", "set", "members", "text", "side", "column"),
    *("baseline", "warnings", "top_images", "reference_images", "role_supported", "zero_confirmed", "mean_confirmed"),
    *("words_category", "words_verdict", "words_why", "words_judged_by"),
    *("pixels_category", "pixels_verdict", "pixels_why", "pixels_judged_by"),
    *("second", "second_category", "second_verdict", "second_why", "second_judged_by"),
    *("words_second", "words_second_category", "words_second_verdict", "words_second_why", "words_second_judged_by"),
    *("pixels_second", "pixels_second_category", "pixels_second_verdict", "pixels_second_why"),
    *("pixels_second_judged_by", "labelled_second"),
    *("zero_first_class", "zero_second_class", "zero_third_class"),
    *("mean_first_class", "mean_second_class", "mean_third_class"),
    *("block", "status", "ended", "data", "code", "architecture", "worst_group", "device"),
    *("factor", "level", "against", "outcome"),
    *("part", "verdict", "why", "judged_by", "floor", "true", "predicted"),
    *("id", "project", "claimed", "differs", "file", "link", "configuration", "values"),
    *("proposer", "edit"),
)
WORDS_END = "_concept"
# Whole numbers of which some may be missing.
WHOLE = ("seed", "kept_epoch", "clusters", "alike", "nearest_unit", "nearest_by_images")
WHOLE_END = "_rank"


def holds_words(column: str) -> bool:
    """Tell whether a column holds words; behind a colon stands a name of the user's, such as that of a class."""
    return column in WORDS or (column.endswith(WORDS_END) and ":" not in column)


def holds_whole_numbers(column: str) -> bool:
    """Tell whether a column holds whole numbers of which some may be missing."""
    return column in WHOLE or (column.endswith(WHOLE_END) and ":" not in column)
