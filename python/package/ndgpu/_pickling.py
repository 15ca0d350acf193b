"""Pickling and copying: devices by their names, arrays by way of the host, tables as what they were made of.

What is unpickled in the process that pickled it is on the same device. Elsewhere it is on the device of that name,
which is opened if it has to be, and which :func:`~ndgpu.get_device` then gives too if it would choose that one.
"""

from __future__ import annotations

import copyreg
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._devices import carried, recalled
from ._ndgpu import Device, DeviceArray, InterpTable, Knots


def _reduced_device(device: Device) -> tuple[Any, ...]:
    return recalled, (carried(device),)


def _reduced_array(array: DeviceArray) -> tuple[Any, ...]:
    return _array, (array.numpy(), array.device)


def _reduced_table(table: InterpTable) -> tuple[Any, ...]:
    return _table, (*table._made(), table.device)


def _reduced_knots(knots: Knots) -> tuple[Any, ...]:
    return _knots, (*knots._made(), knots.device)


def _array(values: NDArray[Any], device: Device) -> DeviceArray:
    return device.upload(np.asarray(values))


def _table(arrays: list[Any], keywords: dict[str, Any], device: Device) -> InterpTable:
    xp, fp = arrays
    return InterpTable(xp, fp, **keywords, device=device)


def _knots(arrays: list[Any], keywords: dict[str, Any], device: Device) -> Knots:
    (xp,) = arrays
    return Knots(xp, **keywords, device=device)


copyreg.pickle(Device, _reduced_device)
copyreg.pickle(DeviceArray, _reduced_array)
copyreg.pickle(InterpTable, _reduced_table)
copyreg.pickle(Knots, _reduced_knots)
