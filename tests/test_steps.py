#!/usr/bin/env python3
"""What was not run is never "0 skipped": the last lines of the suite name it and count it.

    python3 tests/test_steps.py
"""

import subprocess
import tempfile
import unittest
from pathlib import Path

STEPS = Path(__file__).resolve().parent / "steps.sh"


def said(script: str) -> tuple[int, list[str]]:
    """The exit code and the last lines of steps."""
    with tempfile.TemporaryDirectory() as logs:
        text = f"set -uo pipefail; logs={logs}; source {STEPS}; {script}; verdict"
        done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


class Steps(unittest.TestCase):
    def test_a_missing_tool_is_named_and_counted(self) -> None:
        code, lines = said('step_with "no-such-tool" "pictures" true; step "sums" true')
        self.assertIn("left out: pictures: needs no-such-tool", lines)
        self.assertEqual((code, lines[-1]), (0, "1 passed, 0 failed, 1 skipped"))

    def test_what_a_step_left_out_by_itself_is_counted_too(self) -> None:
        _, lines = said('step "receivers" echo "left out: Teams: needs alertmanager 0.28.1"')
        self.assertIn("left out: receivers: Teams: needs alertmanager 0.28.1", lines)
        self.assertEqual(lines[-1], "1 passed, 0 failed, 1 skipped")

    def test_a_failure_is_one_and_the_others_still_run(self) -> None:
        code, lines = said('step "wrong" false; step "right" true')
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"))

    def test_chosen_steps_run_alone_and_the_others_are_known_by_name(self) -> None:
        code, lines = said('only=("week"); step "wrong" false; step_with "no-such-tool" "pictures" true; step "healthy weeks" true; echo "${named[@]}"')
        self.assertEqual((code, lines[-1]), (0, "1 passed, 0 failed, 0 skipped"))
        self.assertIn("wrong pictures healthy weeks", lines)

    def test_every_tool_that_a_step_needs_is_asked_for(self) -> None:
        """A step that would skip by itself, in silence, is found here."""
        suite = (STEPS.parent / "run.sh").read_text()
        for part in ("real exporters", "first hour", "real prometheus", "dashboards and alerts", "collector connector"):
            self.assertRegex(suite, rf'step_with "[^"]+"(?: \\\n)? *"{part}"', part)


if __name__ == "__main__":
    unittest.main(verbosity=2)
