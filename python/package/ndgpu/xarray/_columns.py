"""Columns of NumPy's arrays, each interpolated between its own levels at its own targets.

A column is a row of what devices compute with, so levels and targets are last here.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._devices import for_call
from .._ndgpu import Device, InterpTable, Located, NotSortedError
from .._operands import On, one_number, period_of

Array: TypeAlias = NDArray[Any]
Float: TypeAlias = "type[np.float32] | type[np.float64]"


@dataclass(frozen=True)
class Rules:
    """What holds for all columns: the keywords of the calls, with NaN where nothing is to be outside of the levels."""

    left: float | None
    right: float | None
    period: float | None
    method: str
    extrapolate: bool
    skip_missing: bool

    @classmethod
    def of(cls, left: Any, right: Any, period: Any, method: str, extrapolate: bool, skip_missing: bool) -> Rules:
        left, right = (
            None if value is None else one_number(value, float, name)
            for value, name in ((left, "left"), (right, "right"))
        )
        if method not in ("linear", "nearest", "previous", "next"):
            raise ValueError(f'method is {method!r}, but it must be "linear", "nearest", "previous" or "next"')
        if extrapolate:
            left, right = (None if value is None or math.isnan(value) else value for value in (left, right))
        if period is not None:
            period = period_of(period)
            if period == 0:
                raise ValueError("period must be a non-zero value")
            left = right = None
            extrapolate = False
        return cls(left, right, period, method, bool(extrapolate), bool(skip_missing))

    def of_table(self) -> dict[str, Any]:
        return {
            "left": self.left,
            "right": self.right,
            "period": self.period,
            "method": self.method,
            "extrapolate": self.extrapolate,
        }


class Columns:
    """The levels and the targets of some columns, and where the ones lie among the others once that is known.

    `levels` is `[n]` for all columns or `[columns, n]`, `targets` likewise `[m]` or `[columns, m]`. `reused` says that
    there will be more values than those of one call, so that places are worth keeping.
    """

    def __init__(self, levels: Array, targets: Array, rules: Rules, device: On, *, reused: bool) -> None:
        self.levels, self.targets, self.rules, self.device, self.reused = levels, targets, rules, device, reused
        self._order = "descending" if _descends(levels) else "check"
        self._located: dict[Float, Located] = {}
        self._singles: list[Columns] | None = None
        self._lock = threading.RLock()

    def __reduce__(self) -> Any:
        # What a device has found stays there; another process finds it again.
        return _columns, (self.levels, self.targets, self.rules, self.device, self.reused)

    def __dask_tokenize__(self) -> Any:
        return self.levels, self.targets, repr(self.rules), repr(self.device), self.reused

    @property
    def alike(self) -> bool:
        """Whether all columns have the same levels and targets, so that they are fields of one operator."""
        return self.levels.ndim == 1 and self.targets.ndim == 1

    def apply(self, values: Array) -> Array:
        """Values of `[fields, columns, n]` become `[fields, columns, m]`, of the same dtype if that is a float."""
        fields, columns, n = values.shape
        m = self.targets.shape[-1]
        dtype = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
        if fields * columns * m == 0:
            return np.empty((fields, columns, m), dtype.newbyteorder("="))
        wide = self._computed_in(dtype)
        if self.alike:
            result = self._rows(np.asarray(values, wide).reshape(-1, n), wide, keep=True).reshape(fields, columns, m)
        elif fields <= columns:
            if fields == 1:
                result = self._rows(np.asarray(values[0], wide), wide, keep=self.reused)[None]
            else:
                result = np.empty((fields, columns, m), wide)
                for field, row in zip(values, result):
                    row[...] = self._rows(np.asarray(field, wide), wide, keep=True)
        else:
            result = np.empty((fields, columns, m), wide)
            for column, single in enumerate(self._apart()):
                result[:, column] = single.apply(values[:, column : column + 1])[:, 0]
        return result.astype(dtype.newbyteorder("="), copy=False)

    def _rows(self, values: Array, wide: Float, *, keep: bool) -> Array:
        """Values of `[rows, n]`, one row a column, or any number of rows if the columns are all alike."""
        device = self._device_for(wide)
        there = device._lend(np.ascontiguousarray(values))
        if self.rules.skip_missing:
            # Here the values decide between which levels a target lies.
            table = self._table(values, wide, device, skip_missing=True)
            return table.interp_rows(device._lend(_as(self.targets, wide)))._take()
        if not keep:
            return self._table(there, wide, device).interp_rows(device._lend(_as(self.targets, wide)))._take()
        with self._lock:
            located = self._located.get(wide)
            if located is None:
                targets = device._lend(_as(self.targets, wide))
                if self.alike:
                    located = self._table(self.levels, wide, device).locate(targets)
                else:
                    # Any values will do, and levels of so many columns are kept anyway.
                    any_values = there if self.levels.ndim == 1 else device._lend(_as(self.levels, wide))
                    located = self._table(any_values, wide, device).locate_rows(targets)
                self._located[wide] = located
        return located.apply(there)._take()

    def _table(self, values: Any, wide: Float, device: Device, **more: Any) -> InterpTable:
        levels = _as(self.levels, wide)
        options: dict[str, Any] = {**self.rules.of_table(), **more, "dtype": wide, "device": device}
        try:
            return InterpTable(levels, values, order=self._order, **options)  # type: ignore[arg-type]
        except NotSortedError:
            # Levels out of order are put in order, as xarray does it; levels that are NaN are no levels.
            self._order = "sort"
            return InterpTable(levels, values, order="sort", **options)

    def _computed_in(self, dtype: np.dtype[Any]) -> Float:
        if dtype.itemsize <= 4 and _fits_float32(self.levels) and _fits_float32(self.targets):
            return np.float32
        return np.float64

    def _device_for(self, wide: Float) -> Device:
        device = for_call(self.device, wide)
        if wide is np.float64 and not device.supports_float64:
            raise TypeError(
                f"{device.name} has no float64, which holds values or levels or targets: convert all three to float32, "
                "or leave device out"
            )
        return device

    def _apart(self) -> list[Columns]:
        """Each column by itself, for fields that are more than the columns."""
        with self._lock:
            if self._singles is None:
                count = (self.levels if self.levels.ndim == 2 else self.targets).shape[0]
                levels = np.broadcast_to(self.levels, (count, self.levels.shape[-1]))
                targets = np.broadcast_to(self.targets, (count, self.targets.shape[-1]))
                self._singles = [
                    Columns(own, at, self.rules, self.device, reused=True) for own, at in zip(levels, targets)
                ]
            return self._singles


def _columns(levels: Array, targets: Array, rules: Rules, device: On, reused: bool) -> Columns:
    return Columns(levels, targets, rules, device, reused=reused)


def _as(array: Array, wide: Float) -> Array:
    return np.ascontiguousarray(array, wide)


def _descends(levels: Array) -> bool:
    ends = levels.reshape(-1, levels.shape[-1])[:1, [0, -1]].ravel()
    return ends.size == 2 and bool(ends[0] > ends[1])


def _fits_float32(array: Array) -> bool:
    """Whether float32 holds these numbers. Of those of many columns only the dtype is looked at."""
    if array.dtype.kind == "f" and array.dtype.itemsize <= 4:
        return True
    return array.ndim == 1 and bool(np.array_equal(array.astype(np.float32), array, equal_nan=array.dtype.kind == "f"))


def as_numbers(levels: Array, targets: Array) -> tuple[Array, Array]:
    """Levels and targets as floats: dates and durations as the time since the first level, as xarray takes them."""
    kinds = levels.dtype.kind + targets.dtype.kind
    if kinds in ("MM", "mm"):
        levels, targets = (time.astype(np.result_type(levels, targets)) for time in (levels, targets))
        known = levels[~np.isnat(levels)]
        start = known.min() if known.size else np.zeros(1, levels.dtype)[0]
        return _elapsed(levels - start), _elapsed(targets - start)
    return _floats(levels), _floats(targets)


def _floats(array: Array) -> Array:
    return array.astype(np.float32 if array.dtype.kind == "f" and array.dtype.itemsize <= 4 else np.float64, copy=False)


def _elapsed(time: Array) -> Array:
    numbers = time.astype(np.int64).astype(np.float64)
    numbers[np.isnat(time)] = np.nan
    return numbers
