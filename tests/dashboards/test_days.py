#!/usr/bin/env python3
"""Bill from counters: the days add up to the month, and whoever began today is a column of his own.

    python3 tests/dashboards/test_days.py

A real Prometheus with eight days behind it, a sample a minute: with samples an hour apart `increase()` guesses at both ends of
each day, and days differ from their month by as much.
"""

import math
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from panels import EVERYTHING, Query, boards  # noqa: E402
from stack import ROOT, Prometheus  # noqa: E402

MINUTE, DAY = 60, 86400
BOARD = next(board for board in boards(ROOT / "dashboards/provisioning") if board["uid"] == "tollgate-bill")
LABELS = 'environment="prod",service_name="shop",model="m",job="tollgate",instance="a"'


def busy(moment: int) -> float:
    """Dollars of a minute: more by day than by night."""
    return 0.01 * (1 + 0.9 * math.sin(moment % DAY / DAY * 2 * math.pi - math.pi / 2))


class Days(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.now = int(time.time()) // MINUTE * MINUTE
        cls.midnight = cls.now - cls.now % DAY
        cls.month = cls.midnight - (time.gmtime(cls.now).tm_mday - 1) * DAY
        (folder / "history.txt").write_text(cls.history())
        command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=256h"]
        subprocess.run([*command, folder / "history.txt", folder / "prometheus"], check=True, stdout=subprocess.DEVNULL)
        cls.prometheus = cls.enterClassContext(Prometheus(folder, [], []))

    @classmethod
    def history(cls) -> str:
        """`old` has spent for eight days, `new` only today."""
        begins = {"old": cls.now - 8 * DAY, "new": cls.midnight + MINUTE}
        lines = ["# TYPE llm_cost_usd_total unknown"]
        for provider, first in begins.items():
            spent = 0.0
            for moment in range(first, cls.now + 1, MINUTE):
                lines.append(f'llm_cost_usd_total{{provider="{provider}",type="output",{LABELS}}} {spent:.6f} {moment}')
                spent += busy(moment)
        for family, labels in (("llm_priced_requests_total", f'provider="old",price_source="catalogue",{LABELS}'), ("tollgate_build_info", LABELS)):
            lines.append(f"# TYPE {family} unknown")
            first = cls.now - 8 * DAY
            lines += [f"{family}{{{labels}}} {(moment - first) // MINUTE} {moment}" for moment in range(first, cls.now + 1, MINUTE)]
        return "\n".join(lines) + "\n# EOF\n"

    def filled(self, title: str, reference: str = "A") -> str:
        panel = next(each for each in BOARD["panels"] if each["title"].startswith(title))
        expr = next(each["expr"] for each in panel["targets"] if each["refId"] == reference)
        return Query("", "", "", expr, True, {"split": "provider"}).filled(EVERYTHING, "1m", f"{max(self.now - self.month, 1)}s")

    def days(self, reference: str) -> dict[str, float]:
        """As Grafana asks for them: the last point is the last midnight."""
        rows = self.prometheus.query_range(self.filled("To lay beside", reference), self.month, self.midnight, DAY)
        return {row["metric"].get("provider", "others"): sum(float(value) for _, value in row["values"]) for row in rows}

    def test_the_days_add_up_to_the_month(self) -> None:
        month = float(self.prometheus.query(self.filled("Month to date"), self.now)[0]["value"][1])
        self.assertAlmostEqual(sum((self.days("A") | self.days("B")).values()), month, delta=0.001 * month)

    def test_who_began_today_is_a_column_of_his_own(self) -> None:
        if self.now - self.midnight < 10 * MINUTE:
            self.skipTest("today is too young")
        self.assertEqual((self.days("A").keys(), self.days("B").keys()), ({"old", "new"}, set()))


if __name__ == "__main__":
    unittest.main(verbosity=2)
