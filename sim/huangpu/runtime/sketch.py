"""Quantiles of any number of members in memory that does not grow with it, the same bits in whatever order they come.

Members are counted in buckets: a bucket is a sign, an exponent and the first 9 bits of the significand of a double, so
its edges are 2^-9 of its value apart and its middle is within 2^-10 of every value in it. Counts are whole numbers, so
sketches may be joined in any order. Why not a t-digest or KLL: their answers depend on the order of what comes.
A page holds the 512 buckets of one sign and exponent of one (name, slot); only pages that are hit exist.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from huangpu.runtime.reduce import Reducer
from huangpu.runtime.reducers import Arrays, Values, sound

ERROR = 2.0**-10  # relative, of a value that is at least 2^-1022 in size
_BITS = 9  # of the significand
_PAGE = 1 << _BITS  # buckets
_PAGES = 1 << 12  # of a cell: sign and exponent
_CUT = 52 - _BITS


@dataclass(frozen=True)
class Sketch:
    """count, broken (name,): members taken and left out; shape of the cells (name, ...).

    pages (P,): cell * 4096 + sign and exponent, rising; buckets (P, 512): how many members.
    """

    count: np.ndarray
    broken: np.ndarray
    shape: tuple[int, ...]
    pages: np.ndarray
    buckets: np.ndarray


def sketch(of: Values) -> Reducer:
    """-> Sketch, to be read with `quantiles`."""

    def leaf(arrays: Arrays, first: int) -> Sketch:
        values = of(arrays)
        fine = sound(values)
        count = fine.sum(axis=-1)
        shape, members = values.shape[:-1], values.shape[-1]
        cells = int(np.prod(shape))
        bits = (values + 0.0).view(np.int64).reshape(cells, members)  # -0 becomes 0
        hit = ((bits >> 52) & (_PAGES - 1)) + _PAGES * np.arange(cells)[:, None]
        bucket = (bits >> _CUT) & (_PAGE - 1)
        if not fine.all():
            taken = np.repeat(fine, cells // len(fine), axis=0)
            hit, bucket = hit[taken], bucket[taken]
        pages, place = _numbered(hit, cells * _PAGES)
        place <<= _BITS
        place += bucket
        buckets = np.bincount(place.ravel(), minlength=len(pages) * _PAGE).reshape(-1, _PAGE)
        return Sketch(count, members - count, shape, pages, buckets)

    return Reducer(leaf, join, lambda whole: whole)


def _numbered(hit: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """The different numbers below `limit` in `hit`, rising, and the place of each hit among them."""
    places = np.zeros(limit, dtype=np.int32)
    places[hit.ravel()] = 1
    different = np.flatnonzero(places)
    places[different] = np.arange(len(different))
    return different, places[hit].astype(np.int64)


def join(a: Sketch, b: Sketch) -> Sketch:
    """The sketch of both their members."""
    count, broken = a.count + b.count, a.broken + b.broken
    if np.array_equal(a.pages, b.pages):
        return Sketch(count, broken, a.shape, a.pages, a.buckets + b.buckets)
    pages = np.union1d(a.pages, b.pages)
    buckets = np.zeros((len(pages), _PAGE), dtype=np.int64)
    for part in (a, b):
        buckets[np.searchsorted(pages, part.pages)] += part.buckets
    return Sketch(count, broken, a.shape, pages, buckets)


def quantiles(found: Sketch, of: list[float]) -> np.ndarray:
    """(quantile, name, ...), each within `ERROR` of the ceil(q * count)-th smallest value; nan without members."""
    result = np.full((len(of), int(np.prod(found.shape))), np.nan)
    ends = np.searchsorted(found.pages, _PAGES * np.arange(result.shape[1] + 1))
    for cell, (start, end) in enumerate(itertools.pairwise(ends)):
        if start == end:
            continue
        values = _middles(found.pages[start:end] % _PAGES).ravel()
        order = np.argsort(values, kind="stable")
        sums = np.cumsum(found.buckets[start:end].ravel()[order])
        ranks = np.clip(np.ceil(np.asarray(of) * sums[-1]), 1, sums[-1])
        result[:, cell] = values[order][np.searchsorted(sums, ranks)]
    return result.reshape(len(of), *found.shape)


def _middles(pages: np.ndarray) -> np.ndarray:
    """(pages, 512): the middle of each bucket; 0 for the one that begins with 0."""
    keys = (pages[:, None] << _BITS) + np.arange(_PAGE)
    bits = (keys.astype(np.uint64) << np.uint64(_CUT)) + np.uint64(1 << (_CUT - 1))
    return np.where(keys % (1 << (_BITS + 11)) == 0, 0.0, bits.view(np.float64))
