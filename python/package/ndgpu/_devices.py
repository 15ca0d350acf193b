"""Which device this process computes on, and arrays of other libraries on it."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np

from ._ndgpu import Device, DeviceArray, Transfers, _after_fork, _Listed

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

_lock = threading.RLock()
_current: Device | None = None
# What computes in float64 for it.
_wide: Device | None = None
_names: dict[str, Device] = {}
# Those that were pickled here, by what they are called there.
_carried: dict[str, Device] = {}


class AvailableDevice(str):
    """A line that :meth:`Device.available` gives, and the device that it is about."""

    __slots__ = ("_listed",)
    _listed: _Listed

    def __new__(cls, line: str, listed: _Listed) -> AvailableDevice:
        made = super().__new__(cls, line)
        made._listed = listed
        return made

    def open(self) -> Device:
        """Opens this device, and no other: of two equal GPUs the one that the line stands for."""
        return self._listed.open()


def get_device() -> Device:
    """The device that the functions of this module compute on.

    It is opened when it is first asked for: the fastest there is, or what the environment variable ``NDGPU_DEVICE``
    names (``cpu``, ``gpu``, ``software``, or part of an adapter's name).

    >>> import ndgpu
    >>> ndgpu.get_device() == ndgpu.get_device()
    True
    """
    # A plain read first: this is part of every call.
    device = _current
    return _opened() if device is None else device


def _opened() -> Device:
    global _current
    with _lock:
        if _current is None:
            device = Device()
            # What was unpickled before is on a device of that name, and goes together with what is made from now on.
            _current = _names.get(_name_of(device), device)
        return _current


def set_device(device: Device | str | None) -> None:
    """Makes another device the one that the functions of this module compute on, in every thread.

    ``None`` goes back to the beginning: the next call opens what :func:`get_device` says.

    >>> import ndgpu
    >>> ndgpu.set_device("cpu")
    >>> ndgpu.get_device().kind
    'native CPU engine'
    """
    global _current, _wide
    opened = Device(device) if isinstance(device, str) else device
    if opened is not None and not isinstance(opened, Device):
        raise TypeError(f"device is a Device, a name or None, not {opened!r}")
    with _lock:
        _current, _wide = opened, None


def transfers() -> Transfers:
    """What was moved to and from the current device since it was opened.

    On the CPU engine arrays are counted too, although host and device are the same memory there and nothing is copied
    but what :meth:`Device.upload` and the making of a table copy.
    """
    return get_device().transfers()


def from_dlpack(x: Any, *, device: Device | str | None = None) -> DeviceArray:
    """An array from any library that speaks DLPack, as PyTorch, JAX and NumPy do, if it is in the host's memory.

    On the CPU engine it lies in that library's own memory, without a copy if it is contiguous: what is written there
    later is seen here. A GPU gets a copy. A :class:`DeviceArray` is taken as it is, and moved if a ``device`` is named
    that it is not on.

    >>> import numpy as np, ndgpu
    >>> ndgpu.from_dlpack(np.array([1.0, 2.0])).sum().numpy()
    array(3.)

    Raises
    ------
    TypeError
        For a dtype that devices do not hold: float32, float64 and uint32.
    BufferError
        If it is not in the host's memory.
    """
    if isinstance(x, DeviceArray):
        return x if device is None else x.to_device(for_call(device, np.float32))
    return for_call(device, np.float32)._lend(_plain(np.from_dlpack(x)))


def _plain(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if array.dtype not in (np.float32, np.float64, np.uint32):
        raise TypeError(f"a device holds float32, float64 and uint32, but the array {array.dtype}; convert it")
    return array


def for_call(device: Device | str | None, dtype: Any) -> Device:
    """The device of a call that computes in a dtype."""
    if device is None:
        if dtype is not np.float64:
            return get_device()
        # A plain read first, again.
        wide = _wide
        return _with_float64() if wide is None else wide
    return device if isinstance(device, Device) else _named(device)


def _with_float64() -> Device:
    """The current device, or the CPU engine: NumPy's dtypes are promised, and many GPUs have no float64."""
    global _wide
    with _lock:
        current = get_device()
        _wide = current if current.supports_float64 else _named("cpu")
        return _wide


def _named(name: str) -> Device:
    if not isinstance(name, str):
        raise TypeError(f"device is a Device, a name or None, not {name!r}")
    with _lock:
        if name not in _names:
            _names[name] = Device(name)
        return _names[name]


def _name_of(device: Device) -> str:
    """What opens the same device elsewhere."""
    return "cpu" if device.backend is None else device.name


def carried(device: Device) -> str:
    """The name of a device for another process; in this one it stands for the very same."""
    name = _name_of(device)
    with _lock:
        _carried[name] = device
    return name


def recalled(name: str) -> Device:
    """The device that a name from :func:`carried` stands for."""
    with _lock:
        if name in _carried:
            return _carried[name]
        if _current is not None and _name_of(_current) == name:
            return _current
        return _named(name)
