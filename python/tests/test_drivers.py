"""Graphics drivers and what else is in a process: none where there is no GPU, none that another library dies of."""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

linux = pytest.mark.skipif(platform.system() != "Linux", reason="elsewhere drivers are the system's own")

# What libraries with a compiler of their own do to use it.
COMPILES = {
    "tensorflow": "float(tensorflow.function(lambda x: x * 2, jit_compile=True)(tensorflow.constant(3.0)))",
    "jax": "float(jax.jit(lambda x: x * 2)(3.0))",
    "numba": "float(numba.njit(lambda x: x * 2)(3.0))",
    "torch": "float(torch.jit.script(torch.nn.Linear(1, 1))(torch.ones(1))) * 0 + 6",
}
COMPUTE = """
a = ndgpu.Device.available() and device.upload(np.ones((30, 30), np.float32))
table = ndgpu.InterpTable(np.float32([0, 1]), np.float32([0, 10]), device=device)
assert table.interp(a).mean().numpy() == 10, device
"""


def run(program, **environment):
    """What a program of its own says; the environment it gets names no driver but those given."""
    unset = {"NDGPU_DEVICE", "WGPU_BACKEND", "VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES"}
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    environment = inherited | {"XDG_RUNTIME_DIR": "/tmp", "TF_CPP_MIN_LOG_LEVEL": "3"} | environment
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=600, check=False
    )


@linux
def test_a_machine_without_a_gpu_loads_no_driver():
    traces = ["/dev/dri", "/dev/kfd", "/dev/dxg", "/dev/nvidiactl", "/proc/driver/nvidia", "/usr/bin/nvidia-modprobe"]
    if any(map(os.path.exists, traces)):
        pytest.skip("this machine may have a GPU")
    done = run("""if True:
        import ndgpu
        assert ndgpu.get_device().kind == "native CPU engine"
        assert [line.open().kind for line in ndgpu.Device.available()] == ["native CPU engine"]
        maps = open("/proc/self/maps").read()
        print([name for name in ("LLVM", "vulkan", "EGL", "libGL", "_dri.so", "gallium") if name in maps])
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


@linux
@pytest.mark.parametrize("peer", COMPILES)
@pytest.mark.parametrize("chosen", ["", "software"])
@pytest.mark.parametrize("order", ["peer ndgpu device", "ndgpu peer device", "ndgpu device peer"])
def test_beside_other_compilers(peer, chosen, order):
    if importlib.util.find_spec(peer) is None:
        pytest.skip(f"{peer} is not installed")
    steps = {"peer": f"import {peer}", "ndgpu": "import ndgpu, numpy as np", "device": "device = ndgpu.get_device()"}
    compiles = f"assert {COMPILES[peer]} == 6"
    for again in ([compiles, COMPUTE, compiles], [COMPUTE, compiles, COMPUTE]):
        program = "\n".join([*(steps[step] for step in order.split()), *again, "print(device.kind)"])
        done = run(program, **({"NDGPU_DEVICE": chosen} if chosen else {}))
        assert done.returncode == 0, done.stderr
        assert not chosen or done.stdout.strip().endswith("software rasteriser")


@linux
@pytest.mark.parametrize("peer", COMPILES)
def test_a_process_with_an_idle_device_ends(peer):
    """What a driver calls for the first time as it is closed is its own, whatever came after it."""
    if importlib.util.find_spec(peer) is None:
        pytest.skip(f"{peer} is not installed")
    done = run(f"import ndgpu\ndevice = ndgpu.Device('llvmpipe')\nimport {peer}\nprint('the end')")
    assert (done.returncode, done.stdout) == (0, "the end\n"), done.stderr


@linux
def test_opengl_and_tensorflow(tmp_path):
    """In the order that works it works, in the other one it is an ImportError, also of what only bears the name."""
    opens = "import ndgpu, numpy as np; device = ndgpu.Device('llvmpipe')" + COMPUTE
    refused = "\ntry:\n    import tensorflow\nexcept ImportError as error:\n    print(error)"
    (tmp_path / "tensorflow.py").touch()
    found = "\nimport importlib.util; assert importlib.util.find_spec('tensorflow')"
    done = run(opens + found + refused, WGPU_BACKEND="gl", PYTHONPATH=str(tmp_path))
    if "no adapter at all" in done.stderr:
        pytest.skip("there is no OpenGL driver")
    assert done.returncode == 0, done.stderr
    assert "OpenGL" in done.stdout and "WGPU_BACKEND=vulkan" in done.stdout
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("tensorflow is not installed")
    compiles = f"assert {COMPILES['tensorflow']} == 6"
    done = run(f"import tensorflow; {opens}\n{compiles}", WGPU_BACKEND="gl")
    assert done.returncode == 0, done.stderr


@linux
def test_room_is_made_for_tensorflow(tmp_path):
    """By a library of TensorFlow's name, which is what is looked for."""
    import _ctypes

    standin = tmp_path / "libtensorflow_framework.so.2"
    shutil.copy(Path(_ctypes.__file__), standin)
    loads = f"import ctypes, os, ndgpu, ndgpu._drivers as drivers; ctypes.CDLL({str(standin)!r})\n"
    watch = """if True:
        opened, original = [], ctypes.CDLL
        def watched(name, mode=0):
            opened.append((name, bool(mode & os.RTLD_DEEPBIND)))
            return original(name, mode=mode)
        ctypes.CDLL = watched
        print(ndgpu.Device("cpu").kind, opened)
        print(ndgpu.Device("llvmpipe").kind, {apart for name, apart in opened if name and "libc." not in name}, opened)
    """
    done = run(loads + watch)
    assert done.returncode == 0, done.stderr
    assert "native CPU engine []" in done.stdout
    assert "software rasteriser {True}" in done.stdout and "lvp" in done.stdout
    # Before it is loaded, too, as it may be later.
    done = run("import ctypes, os, ndgpu\n" + watch)
    assert done.returncode == 0, done.stderr
    assert "software rasteriser {True}" in done.stdout and "lvp" in done.stdout

    replaced = "drivers._malloc_is_replaced = lambda: True\nprint(ndgpu.Device('cpu').kind)\nndgpu.Device('llvmpipe')"
    done = run(loads + replaced)
    assert "native CPU engine" in done.stdout
    assert "DeviceError: TensorFlow is loaded, and malloc is not the C library's" in done.stderr


@linux
def test_malloc_that_is_not_the_c_librarys_is_seen(tmp_path):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    source = tmp_path / "malloc.c"
    source.write_text(
        "void *__libc_malloc(unsigned long);\nvoid *malloc(unsigned long size) { return __libc_malloc(size); }"
    )
    library = tmp_path / "malloc.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    look = "import ndgpu._drivers as drivers; print(drivers._malloc_is_replaced())"
    assert run(look).stdout == "False\n"
    assert run(look, LD_PRELOAD=str(library)).stdout == "True\n"
