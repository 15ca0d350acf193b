"""What is copied between ndgpu and other libraries: the example measures it, and compares with the README."""

import pathlib
import subprocess
import sys

EXAMPLE = pathlib.Path(__file__).parent.parent / "examples" / "interop.py"


def run(*arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=300)


def test_what_is_copied_is_what_the_readme_says():
    done = run(EXAMPLE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ndgpu.from_dlpack(x)" in done.stdout
    assert "As the README says of" in done.stdout


def test_a_difference_from_the_readme_is_an_error(tmp_path):
    text = (EXAMPLE.parent.parent / "README.md").read_text(encoding="utf-8")
    wrong = tmp_path / "README.md"
    wrong.write_text(text.replace("| shared, read-only |", "| copied |"), encoding="utf-8")
    done = run(EXAMPLE, "--readme", wrong, "--libraries")
    assert done.returncode != 0
    assert "the README says otherwise of" in done.stderr
