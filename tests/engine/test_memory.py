import subprocess
import sys

from kinora.engine.memory import peak_memory, total_memory


def test_the_peak_stays_after_memory_is_freed():
    code = (
        "from kinora.engine.memory import peak_memory; before = peak_memory(); held = bytearray(200_000_000);"
        "del held; print(before, peak_memory())"
    )
    before, after = map(
        int, subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split()
    )
    assert 150e6 < after - before < 300e6


def test_a_process_uses_less_than_there_is():
    assert 1e6 < peak_memory() < total_memory()
