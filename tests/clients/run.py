"""Runs real clients against the built binary; ends with "N passed, N failed, N skipped".

    python3 -B tests/clients/run.py [client…]
"""

import importlib
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

SUBJECTS = [
    "curl",
    "lftp",
    "python",
    "asyncio_ftp",
    "perl",
    "php",
    "node",
    "rclone",
    "small",
    "quota",
]


class Sentences(unittest.TestResult):
    """Prints every check as a sentence, with the time it took."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0
        self.began = 0.0

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.began = time.monotonic()

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self.passed += 1
        self.say("ok", test)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        print(f"skipped {sentence(test)}: {reason}", flush=True)

    def addFailure(self, test: unittest.TestCase, error: tuple) -> None:
        super().addFailure(test, error)
        self.say("FAILED", test)
        print(self.failures[-1][1], flush=True)

    def addError(self, test: unittest.TestCase, error: tuple) -> None:
        super().addError(test, error)
        self.say("FAILED", test)
        print(self.errors[-1][1], flush=True)

    def say(self, outcome: str, test: unittest.TestCase) -> None:
        took = int((time.monotonic() - (self.began or time.monotonic())) * 1_000)
        print(f"{outcome:7} {sentence(test)} ({took} ms)", flush=True)


def sentence(test: object) -> str:
    """What a check claims, from the names of its class and its method."""
    if not hasattr(test, "_testMethodName"):
        return str(test)
    subject = type(test).__name__.replace("_", " ")
    claim = test._testMethodName.removeprefix("test_").replace("_", " ")
    return f"{subject} {claim}"


def main() -> int:
    suite = unittest.TestSuite()
    for name in sys.argv[1:] or SUBJECTS:
        suite.addTests(unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(name)))
    result = Sentences()
    try:
        suite.run(result)
    finally:
        case = importlib.import_module("case")
        if case.shared_server.cache_info().currsize:
            case.shared_server().__exit__()
    failed = len(result.failures) + len(result.errors)
    print(f"\n{result.passed} passed, {failed} failed, {len(result.skipped)} skipped")
    return 0 if failed == 0 and result.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
