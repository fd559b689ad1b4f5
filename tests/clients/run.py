"""Runs curl, lftp and Python's ftplib against the built binary; ends with "N passed, N failed"."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def main() -> int:
    names = [f"{argument}.py" for argument in sys.argv[1:]] or ["a_*.py"]
    suite = unittest.TestSuite()
    for name in names:
        suite.addTests(unittest.defaultTestLoader.discover(str(Path(__file__).parent), name))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    passed = max(0, result.testsRun - failed - len(result.skipped))
    print(f"\n{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
