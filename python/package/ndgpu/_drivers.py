"""Graphics drivers beside TensorFlow.

TensorFlow exports the LLVM inside it to the whole process. Drivers of Mesa's bring an LLVM of another version, which
would be bound to that one, and the process would end in ``free(): invalid pointer`` or worse. Opened by
``RTLD_DEEPBIND`` before anybody else opens them they are bound to their own. Before TensorFlow, too, they are opened so
and bound at once: what they call for the first time as the process ends would be TensorFlow's, and it would never end.
For OpenGL they are opened for the whole process, and then it is TensorFlow that must not be loaded any more.
"""

from __future__ import annotations

import ctypes
import glob
import json
import os
import re
import sys
from collections.abc import Iterator
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

from ._ndgpu import DeviceError

_EXPORTS_LLVM = re.compile(r"/libtensorflow_(?:framework|cc)\.so")
_DEEPBIND: int = getattr(os, "RTLD_DEEPBIND", 0)
# Whether somebody else had opened an LLVM for the whole process.
_exposed_before = False


def make_room() -> None:
    """Called before graphics drivers are loaded."""
    global _exposed_before
    _exposed_before = _llvm_is_exposed()
    if not _DEEPBIND:
        return
    is_beside = bool(_EXPORTS_LLVM.search(_maps()))
    drivers = [*_vulkan(), *(_gl() if is_beside else ())]
    if drivers and _malloc_is_replaced():
        if not is_beside:
            return
        raise DeviceError(
            "TensorFlow is loaded, and malloc is not the C library's (LD_PRELOAD?): graphics drivers of Mesa's cannot "
            "be kept apart from TensorFlow's LLVM then, and the process would crash. Open the device before TensorFlow "
            'is imported, leave malloc alone, or compute on the CPU: Device("cpu")'
        )
    for driver in drivers:
        try:
            ctypes.CDLL(driver, mode=os.RTLD_NOW | os.RTLD_LOCAL | _DEEPBIND)
        except OSError:
            continue  # One that cannot be loaded is no driver of this machine's.


def loaded() -> None:
    """Called when graphics drivers have been loaded."""
    if _exposed_before or not _llvm_is_exposed() or _EXPORTS_LLVM.search(_maps()):
        return
    if not any(isinstance(finder, _Refusal) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Refusal())


class _Refusal(MetaPathFinder, Loader):
    """TensorFlow would be bound to the LLVM of an OpenGL driver, and the process would end in a segmentation fault.

    It is still found, as programs look whether it is installed, but not loaded.
    """

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != "tensorflow":
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        found = (finder.find_spec(name, path, target) for finder in others)
        return next((ModuleSpec(name, self, origin=spec.origin) for spec in found if spec is not None), None)

    def create_module(self, spec: ModuleSpec) -> NoReturn:
        raise ImportError(
            "TensorFlow cannot be loaded into this process any more: ndgpu has opened an OpenGL driver, whose LLVM "
            "TensorFlow would take for its own and crash. Import tensorflow before the first device is opened, or "
            "leave OpenGL out (WGPU_BACKEND=vulkan)",
            name=spec.name,
        )

    def exec_module(self, module: ModuleType) -> None:
        """Never called: there is no module."""


def _llvm_is_exposed() -> bool:
    return bool(_DEEPBIND) and hasattr(ctypes.CDLL(None), "LLVMContextCreate")


def _maps() -> str:
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
            return maps.read()
    except OSError:
        return ""


def _malloc_is_replaced() -> bool:
    """Whether what the C library allocates for a driver could not be freed by it."""

    def malloc(library: str | None) -> int | None:
        return ctypes.cast(ctypes.CDLL(library).malloc, ctypes.c_void_p).value

    try:
        return malloc(None) != malloc("libc.so.6")
    except (OSError, AttributeError):
        return True


def _vulkan() -> Iterator[str]:
    """The libraries that Vulkan's loader will load; NVIDIA's has no LLVM that anyone could mistake for another."""
    for manifest in _manifests():
        try:
            with open(manifest, encoding="utf-8") as file:
                library = json.load(file)["ICD"]["library_path"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if "nvidia" not in library:
            # A path is the manifest's, a name the linker's.
            yield os.path.join(os.path.dirname(manifest), library) if "/" in library else library


def _manifests() -> Iterator[str]:
    def listed(name: str, default: str = "") -> list[str]:
        return [each for each in (os.environ.get(name) or default).split(os.pathsep) if each]

    places = listed("VK_DRIVER_FILES") or listed("VK_ICD_FILENAMES")
    if not places:
        home = os.path.expanduser("~")
        roots = [
            *listed("XDG_CONFIG_HOME", f"{home}/.config"),
            *listed("XDG_CONFIG_DIRS", "/etc/xdg"),
            "/etc",
            *listed("XDG_DATA_HOME", f"{home}/.local/share"),
            *listed("XDG_DATA_DIRS", "/usr/local/share:/usr/share"),
        ]
        places = [*listed("VK_ADD_DRIVER_FILES"), *(f"{root}/vulkan/icd.d" for root in roots)]
    for place in places:
        yield from sorted(glob.glob(f"{glob.escape(place)}/*.json")) if os.path.isdir(place) else [place]


def _gl() -> Iterator[str]:
    """Mesa's part of EGL, and the drivers beside it: many names, few files."""
    try:
        egl = ctypes.CDLL("libEGL_mesa.so.0", mode=os.RTLD_NOW | os.RTLD_LOCAL | _DEEPBIND)
    except OSError:
        return
    found = re.search(r"(/\S*)/libEGL_mesa\.so", _maps())
    places = os.environ.get("LIBGL_DRIVERS_PATH") or (f"{found[1]}/dri" if found and egl else "")
    files: dict[tuple[int, int], str] = {}
    for place in places.split(os.pathsep):
        for driver in sorted(glob.glob(f"{glob.escape(place)}/*_dri.so")) if place else []:
            try:
                status = os.stat(driver)
            except OSError:
                continue
            files.setdefault((status.st_dev, status.st_ino), driver)
    yield from files.values()
