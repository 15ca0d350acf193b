"""Dates and durations as the numbers that are interpolated between."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class _Times(NamedTuple):
    array: NDArray[Any]
    has_zone: bool

    @property
    def kind(self) -> str:
        zone = " with a time zone" if self.has_zone else ""
        return f"dates{zone}" if self.array.dtype.kind == "M" else "durations"


def as_numbers(x: Any, xp: Any, period: Any) -> tuple[Any, Any, Any]:
    """Queries, knots and period as they are, or as float64 if they are dates or durations: as many of the smallest of
    their units as since 1970, or as they last. NaT is NaN.
    """
    times, knots = _times(x), _times(xp)
    if times is None and knots is None:
        return x, xp, period
    if times is None or knots is None or times.kind != knots.kind:
        kinds = ["numbers" if each is None else each.kind for each in (times, knots)]
        raise TypeError(
            f"x holds {kinds[0]}, but xp {kinds[1]}: give both as dates, both as durations, or both as numbers"
        )
    turn = None if period is None else _times(period)
    if period is not None and (turn is None or turn.kind != "durations" or turn.array.ndim):
        raise TypeError(f"the period of {times.kind} is a duration, such as numpy.timedelta64(1, 'D'), not {period!r}")
    dtypes = [each.array.dtype for each in (times, knots, turn) if each is not None]
    unit = np.datetime_data(np.result_type(*dtypes))
    return (
        _counted(times.array, unit, "x"),
        _counted(knots.array, unit, "xp"),
        None if turn is None else float(_counted(turn.array, unit, "period")),
    )


def _times(a: Any) -> _Times | None:
    """An operand that holds dates or durations: of NumPy's or of pandas'."""
    if isinstance(a, (int, float, complex)):
        return None
    dtype = getattr(a, "dtype", None)
    if isinstance(dtype, np.dtype):
        return _Times(np.asarray(a), False) if dtype.kind in "mM" else None
    if dtype is None and hasattr(a, "to_datetime64"):  # pandas.Timestamp and pandas.NaT
        return _Times(np.asarray(a.to_datetime64()), getattr(a, "tzinfo", None) is not None)
    if dtype is None and hasattr(a, "to_timedelta64"):
        return _Times(np.asarray(a.to_timedelta64()), False)
    if dtype is not None and getattr(dtype, "tz", None) is not None and hasattr(dtype, "unit"):
        return _Times(np.asarray(a, f"M8[{dtype.unit}]"), True)
    if isinstance(a, (list, tuple)) or getattr(dtype, "kind", "") in ("m", "M"):
        array = np.asanyarray(a)
        return _Times(np.asarray(array), False) if array.dtype.kind in "mM" else None
    return None


def _counted(times: NDArray[Any], unit: tuple[str, int], name: str) -> NDArray[np.float64]:
    dtype = np.dtype(f"{times.dtype.kind}8[{unit[1]}{unit[0]}]" if unit[0] != "generic" else f"{times.dtype.kind}8")
    converted, missing = times.astype(dtype), np.isnat(times)
    if np.any((converted.astype(times.dtype) != times) & ~missing):
        # NumPy's conversion goes round at the end of 64 bits.
        raise OverflowError(
            f"{name} is out of range of {dtype}, which is the smallest of the units of x, xp and period"
        )
    return np.where(missing, np.nan, converted.astype(np.int64).astype(np.float64))
