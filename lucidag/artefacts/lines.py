"""Thin dark structures: rulers (a straight scale, or a row of ticks) and hairs."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lucidag.artefacts.vision import KERNEL, SIDE, Finding, View, components

FLOOR = 8.0  # of 255: contrast below this is texture
LENGTH = round(0.4 * SIDE)  # pixels: the least length of a scale
TILT, STEP = 60, 3  # degrees
EDGE = 3  # pixels: an edge of the image is no line
FULL_COMB = 5  # ticks in an even row that are as good as an unbroken line
MOST_TICKS = 400
STROKE, TURNS = 15, 12  # pixels, and directions in half a turn: how hairs are told from texture
MOST_WINDOWS = 4096
DIRECTED = 0.34  # of the mean along a hair: what it stands out by


def ruler(seen: View) -> Finding:
    """Find a ruler: a long straight dark line, or evenly spaced parallel ticks.

    The line: of the thin dark structures (black-hat transform), each pixel counted up to the contrast of its own
    image's texture, the mean along a straight line of 0.4 of the longer side, in directions up to 60° from the
    horizontal. The ticks: short thin marks side by side, of like length and direction, at gaps that differ by less than
    a quarter.

    Returns
    -------
    Finding
        ``score`` the larger of the line's mean (0 to 1) and a fifth of the number of ticks; ``mask`` the line's or the
        ticks' pixels. Hairs that are straight by chance score as lines.
    """
    hat, texture = seen.thin, seen.texture
    line = _line(hat, texture + FLOOR)
    comb = _comb(hat, 2.5 * texture + 0.75 * FLOOR)
    return max(line, comb, key=lambda one: one.score)


def hair(seen: View) -> Finding:
    """Find hairs: thin dark structures that are long, connected, and run in one direction at each place.

    A mask of them as in DullRazor (Lee et al. 1997, Computers in Biology and Medicine), by one round black-hat
    transform instead of closings in three directions. Texture has thin dark structures too: of those that are kept
    the mean along the best direction stands out from the mean along most, and they are longer than six pixels of the
    image, since no direction can be told in less.

    Returns
    -------
    Finding
        ``score`` the share of the image they cover; ``mask`` their pixels.
    """
    numbers, boxes = components(seen.thin > seen.texture + 0.5 * FLOOR, 8)
    diagonal = np.hypot(boxes[:, 2], boxes[:, 3])
    compact = (boxes[:, 4] > 0.25 * boxes[:, 2] * boxes[:, 3]) & (boxes[:, 4] > 4 * diagonal)
    long = (diagonal > max(0.06 * SIDE, 6 * seen.blur)) & ~compact
    long[0] = False
    if long.any():
        candidates = long[numbers]
        directed = np.bincount(numbers[candidates], _directed(seen.thin, candidates), len(boxes)) / boxes[:, 4]
        long &= directed > DIRECTED
    return Finding(float(long[numbers].mean()), long[numbers])


def _directed(hat: NDArray[np.float32], where: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Give of some pixels how far the mean along the best of twelve directions stands out from their median: 0 to 1."""
    middle = STROKE // 2
    framed = cv2.copyMakeBorder(hat, middle, middle, middle, middle, cv2.BORDER_REFLECT)
    windows = np.lib.stride_tricks.sliding_window_view(framed, (STROKE, STROKE))
    rows, columns = np.nonzero(where)
    strokes = _strokes().reshape(TURNS, -1).T
    # Of the few pixels that are asked for, and so many at a time that their surroundings stay small.
    parts = [slice(start, start + MOST_WINDOWS) for start in range(0, len(rows), MOST_WINDOWS)]
    surroundings = (windows[rows[part], columns[part]].reshape(-1, STROKE**2) for part in parts)
    means = np.concatenate([each @ strokes for each in surroundings]).T
    best = np.max(means, axis=0)
    found: NDArray[np.float32] = (best - np.median(means, axis=0)) / (best + 0.5 * FLOOR)
    return found


def _strokes() -> NDArray[np.float32]:
    """Give lines through the middle of a square in twelve directions: 12 x 15 x 15, each with the sum 1."""
    middle = STROKE // 2
    drawn = np.zeros((TURNS, STROKE, STROKE), np.float32)
    for place, angle in enumerate(np.arange(TURNS) * (np.pi / TURNS)):
        stroke = np.zeros((STROKE, STROKE), np.uint8)
        reach = middle * np.array([np.cos(angle), np.sin(angle)])
        start, end = (np.rint(16 * (middle + side * reach)).astype(int).tolist() for side in (-1, 1))
        cv2.line(stroke, start, end, 255, 1, cv2.LINE_AA, 4)
        drawn[place] = stroke.astype(np.float32) / stroke.sum()
    return drawn


def _line(hat: NDArray[np.float32], full: float) -> Finding:
    """Find the straight line with the highest mean, where `full` contrast counts as 1."""
    height, width = hat.shape
    share = np.zeros(hat.shape, np.uint8)  # of 255: turned twice as fast as float32
    within = np.s_[EDGE:-EDGE, EDGE:-EDGE]
    share[within] = np.rint(np.minimum(hat[within] / np.float32(full), 1) * 255)
    side = int(np.ceil(np.hypot(height, width)))
    best, turn, place = 0.0, None, (0, 0)
    for angle in range(-TILT, TILT + 1, STEP):
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
        matrix[:, 2] += side / 2 - np.array([width / 2, height / 2])
        turned = cv2.warpAffine(share, matrix, (side, side), flags=cv2.INTER_LINEAR)
        _, value, _, (column, row) = cv2.minMaxLoc(
            cv2.boxFilter(turned, cv2.CV_32F, (LENGTH, 1), borderType=cv2.BORDER_CONSTANT)
        )
        if value > best:
            best, turn, place = value, matrix, (column, row)
    mask = np.zeros(hat.shape, np.uint8)
    if turn is not None:
        ends = np.array([[place[0] - LENGTH / 2, place[0] + LENGTH / 2], [place[1], place[1]], [1, 1]])
        back = cv2.invertAffineTransform(turn) @ ends
        start, end = (tuple(np.rint(point).astype(int).tolist()) for point in back.T)
        cv2.line(mask, start, end, 1, KERNEL)
    return Finding(float(best) / 255, mask > 0)


def _comb(hat: NDArray[np.float32], level: float) -> Finding:
    """Find the longest even row of parallel ticks."""
    numbers, boxes = components(hat > level, 8)
    ticks = _ticks(numbers, boxes)
    best: list[int] = []
    if len(ticks) >= 3:
        centre, along, length = ticks[:, 1:3], ticks[:, 3:5], ticks[:, 5]
        across = np.column_stack([-along[:, 1], along[:, 0]])
        for one in range(len(ticks)):
            offset = centre - centre[one]
            aside, ahead = offset @ along[one], offset @ across[one]
            like = (np.abs(along @ along[one]) > 0.93) & (np.abs(aside) < 2 + 0.12 * np.abs(ahead))
            like &= (length < 2.5 * length[one]) & (length > 0.4 * length[one])
            rows = np.flatnonzero(like)
            best = max(best, _even(rows[np.argsort(ahead[rows], kind="stable")], ahead), key=len)
    if len(best) < 3:  # two marks are no row
        return Finding(0.0, np.zeros(hat.shape, dtype=np.bool_))
    return Finding(len(best) / FULL_COMB, np.isin(numbers, ticks[best, 0]))


def _ticks(numbers: NDArray[np.int32], boxes: NDArray[np.int32]) -> NDArray[np.float64]:
    """Give number, x, y, direction (2) and length of each short, thin mark."""
    size = (boxes[:, 4] >= 4) & (boxes[:, 4] <= 90) & (boxes[:, 2:4].max(axis=1) <= 0.09 * SIDE)
    marks = np.flatnonzero(size)[:MOST_TICKS]
    places = np.full(len(boxes), -1)
    places[marks] = np.arange(len(marks))
    rows, columns = np.nonzero(places[numbers] >= 0)
    mark = places[numbers[rows, columns]]
    counts = boxes[marks, 4]
    x, y = (np.bincount(mark, part, len(marks)) / counts for part in (columns, rows))
    across, down = columns - x[mark], rows - y[mark]
    pairs = ((across, across), (across, down), (down, across), (down, down))
    spread = np.stack([np.bincount(mark, a * b, len(marks)) / (counts - 1) for a, b in pairs], axis=1)
    values, vectors = np.linalg.eigh(spread.reshape(-1, 2, 2) + np.eye(2) / 12)
    lengths = np.sqrt(12 * values[:, 1])
    table = np.column_stack([marks, x, y, vectors[:, :, 1], lengths])
    return table[values[:, 1] >= 4 * values[:, 0]]


def _even(rows: NDArray[np.intp], ahead: NDArray[np.float64]) -> list[int]:
    """Give the longest run of `rows`, which are in order, whose gaps differ by less than a quarter of the first."""
    gaps = np.diff(ahead[rows])
    best: list[int] = []
    for start in np.flatnonzero((gaps > 0.012 * SIDE) & (gaps < 0.09 * SIDE)):
        uneven = np.flatnonzero(np.abs(gaps[start:] - gaps[start]) >= 0.25 * gaps[start])
        end = start + (uneven[0] if len(uneven) else len(gaps) - start)
        if end + 1 - start > len(best):
            best = rows[start : end + 1].tolist()
    return best
