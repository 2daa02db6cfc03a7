"""What Kubernetes' own API server answered to some hundreds of requests, replayed against ours: what passed once goes on passing."""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from picok8s.testing.serve import serving

HERE = Path(__file__).parent
FILES = sorted((HERE / "cases").glob("*.json"))
PASSING = (
    HERE / "passing.txt"
)  # FILE: NAME of each case that passes. Made anew by `python tests/golden/test_golden.py`.


async def replay() -> dict[str, bool]:
    """Case -> whether it passed."""
    with tempfile.TemporaryDirectory() as folder:
        async with serving(Path(folder)) as place:
            command = [sys.executable, str(HERE / "replay.py"), "check", *map(str, FILES), "--verdicts", "--server", place.url,
                       "--cert", str(place.cert), "--key", str(place.key)]  # fmt: skip
            process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
            said, _ = await process.communicate()
    rows = [line.split("\t") for line in said.decode().splitlines() if "\t" in line]
    return {f"{file}: {name}": verdict == "pass" for verdict, file, name in rows}


def test_what_passed_passes() -> None:
    verdicts = asyncio.run(replay())
    print(f"\ngolden: {sum(verdicts.values())} of {len(verdicts)} cases pass")
    lost = [name for name in PASSING.read_text().splitlines() if not verdicts.get(name)]
    if lost:
        pytest.fail("these passed before:\n" + "\n".join(lost))


if __name__ == "__main__":
    found = asyncio.run(replay())
    PASSING.write_text("".join(f"{name}\n" for name, good in sorted(found.items()) if good))
    print(f"{sum(found.values())} of {len(found)} cases pass")
