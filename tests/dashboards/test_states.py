#!/usr/bin/env python3
"""Each board in each state in which it could mislead: words for nothing, never green without data, sums that agree.

    python3 tests/dashboards/test_states.py BINARY

About a minute and a half. What panels show is held against `tollgate explain` of the same bytes.
"""

import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from panels import EVERYTHING, Query, boards, of_panel  # noqa: E402
from stack import ROOT  # noqa: E402
from states import BATCHES, MODELS, Stage, stage  # noqa: E402
from tiles import AMBER, GREEN, GREY, RED, Shown, shown  # noqa: E402

BINARY = Path(sys.argv.pop(1)).resolve() if __name__ == "__main__" and len(sys.argv) > 1 else ROOT / "target/debug/tollgate"
BOARDS = {board["title"].removeprefix("LLM / "): board for board in boards(ROOT / "dashboards/provisioning")}
NO_DATA = "no data from Tollgate"
# What is true of Tollgate or of its configuration, whether or not there are calls.
WITHOUT_CALLS = {
    *(f"{board} | {name}" for board in ("Overview", "Models compared") for name in ("Tollgate", "Unread, 1 h")),
    *(f"Tollgate itself | {name}" for name in ("Instances", "Spans, 5 min", "Refused, 5 min", "Series in use", "Overflow", "Age of prices")),
}


REACHED: dict[str, Stage] = {}


def setUpModule() -> None:
    """Reaches all states side by side: they wait more than they work."""

    def reach(name: str) -> None:
        folder = Path(unittest.enterModuleContext(tempfile.TemporaryDirectory()))
        REACHED[name] = unittest.enterModuleContext(stage(name, BINARY, folder))

    with ThreadPoolExecutor(len(BATCHES)) as pool:
        list(pool.map(reach, BATCHES))


class State:
    """One state; `name` is a key of states.BATCHES.

    `exact`: by how much a sum may differ. States live for ten seconds, of which increase() adds up to one at the end;
    where 1 % counts the state is held for a minute.
    """

    name: str
    exact = 0.12
    reached: Stage

    @classmethod
    def setUpClass(cls) -> None:
        cls.reached = REACHED[cls.name]

    def answers(self, expr: str, later: float = 0) -> list[dict]:
        query = Query("", "", "", expr, True, {"split": "provider"})
        return self.reached.prometheus.query(query.filled(EVERYTHING, "1m", "1h"), self.reached.at + later)

    def tile(self, name: str, later: float = 0) -> Shown:
        board, title = name.split(" | ")
        panel = next(each for each in BOARDS[board]["panels"] if each["title"] == title)
        return shown(panel, lambda expr: self.answers(expr, later))

    def tiles(self, later: float = 0) -> dict[str, Shown]:
        names = [f"{title} | {panel['title']}" for title, board in BOARDS.items() for panel in board["panels"] if panel["type"] == "stat"]
        return {name: self.tile(name, later) for name in names}

    def rows(self, board: str, title: str, reference: str = "A") -> list[dict]:
        panel = next(each for each in BOARDS[board]["panels"] if each["title"] == title)
        target = next(each for each in panel["targets"] if each["refId"] == reference)
        return self.answers(target["expr"])

    def total(self, board: str, title: str, reference: str = "A") -> float:
        return sum(float(row["value"][1]) for row in self.rows(board, title, reference))

    def assert_near(self, number: float | None, true: float, what: str) -> None:
        """Counts under 20 within 1."""
        self.assertIsNotNone(number, what)
        allowed = 1 if true < 20 and what == "count" else self.exact * true
        self.assertLessEqual(abs(number - true), allowed, f"{what}: {number}, not {true}")

    def assert_word(self, tile: Shown, word: str, color: str) -> None:
        self.assertEqual((tile.word, tile.color), (word, color), str(tile))


class Empty(State, unittest.TestCase):
    name = "empty"

    def test_what_needs_calls_says_that_there_are_none(self) -> None:
        for name in ("Calls, 5 min", "Spend, 5 min", "Spend today", "Budget today", "Errors, 5 min", "Slowest, 10 min", "Unpriced, 1 h", "No usage, 1 h", "Last call seen"):
            with self.subTest(name):
                self.assert_word(self.tile(f"Overview | {name}"), "no calls", GREY)

    def test_nothing_that_needs_calls_is_green(self) -> None:
        green = {name for name, tile in self.tiles().items() if tile.color == GREEN}
        self.assertLessEqual(green, WITHOUT_CALLS)

    def test_tollgate_is_up(self) -> None:
        self.assert_word(self.tile("Overview | Tollgate"), "up", GREEN)


class Dead(State, unittest.TestCase):
    name = "dead"

    def test_in_the_first_minute_it_is_grey(self) -> None:
        self.assert_word(self.tile("Overview | Tollgate", 20), NO_DATA, GREY)

    def test_then_every_tile_says_so_in_red(self) -> None:
        for name, tile in self.tiles(90).items():
            with self.subTest(name):
                self.assert_word(tile, NO_DATA, RED)


class OneCall(State, unittest.TestCase):
    name = "one call"

    def test_it_is_counted_and_has_its_price(self) -> None:
        self.assert_near(self.tile("Overview | Calls, 5 min").number, 1, "count")
        self.assert_near(self.tile("Overview | Spend today").number, float(self.reached.told.dollars), "dollars")

    def test_one_call_is_too_few_for_a_percentile(self) -> None:
        self.assert_word(self.tile("Overview | Slowest, 10 min"), "too few calls", GREY)

    def test_seconds_ago(self) -> None:
        self.assertLess(self.tile("Overview | Last call seen").number, 180)


class FirstMinute(State, unittest.TestCase):
    name = "first minute"

    def test_nothing_is_red(self) -> None:
        for name, tile in self.tiles().items():
            self.assertNotEqual(tile.color, RED, f"{name}: {tile}")


class Amber(State):
    """Calls of which no dollars are known: their number, and why."""

    why: str

    def test_the_tiles_of_money_count_them_in_amber(self) -> None:
        for name in ("Overview | Spend, 5 min", "Overview | Spend today", "Overview | Budget today", "Cost | Pace, 5 min", "Cost | Spend shown", "Cost | Per 1k calls", "Bill | Today, UTC"):
            with self.subTest(name):
                tile = self.tile(name)
                self.assert_word(tile, f"calls, {self.why}", AMBER)
                self.assert_near(tile.number, self.reached.told.calls, "count")

    def test_no_tile_says_that_there_are_no_calls(self) -> None:
        self.assertEqual([name for name, tile in self.tiles().items() if tile.word == "no calls"], [])

    def test_no_tile_of_money_is_green(self) -> None:
        for name, tile in self.tiles().items():
            if any(word in name for word in ("Spend", "Budget", "Pace", "Per 1k")):
                self.assertNotEqual(tile.color, GREEN, f"{name}: {tile}")


class AllFailing(Amber, unittest.TestCase):
    name, why = "all failing", "all failed"

    def test_errors_are_red(self) -> None:
        tile = self.tile("Overview | Errors, 5 min")
        self.assertEqual((tile.number, tile.color), (1, RED))
        self.assert_near(self.tile("Errors | Failed calls").number, self.reached.told.failed, "count")


class Unpriced(Amber, unittest.TestCase):
    name, why = "unpriced", "no price"

    def test_all_of_it_is_unpriced(self) -> None:
        tile = self.tile("Overview | Unpriced, 1 h")
        self.assertEqual((tile.number, tile.color), (1, RED))
        self.assert_near(self.total("Bill", "Successful calls without dollars · counters"), self.reached.told.calls, "count")


class NoUsage(Amber, unittest.TestCase):
    name, why = "no usage", "no usage"

    def test_none_tells_its_tokens(self) -> None:
        self.assertEqual(self.tile("Overview | No usage, 1 h").color, RED)


class Tiny(State, unittest.TestCase):
    name = "tiny"

    def test_no_unit_rounds_small_money_away(self) -> None:
        self.assertLess(self.reached.told.dollars, 0.005)
        self.assert_near(self.tile("Cost | Spend shown").number, float(self.reached.told.dollars), "dollars")
        for board in BOARDS.values():
            for panel in board["panels"]:
                defaults = panel.get("fieldConfig", {}).get("defaults", {})
                if defaults.get("unit") == "currencyUSD":
                    self.assertIn(defaults.get("decimals"), (None, 4), panel["title"])


class ManyModels(State, unittest.TestCase):
    name = "300 models"

    def test_the_largest_and_the_others_add_up_to_the_tile(self) -> None:
        parts = self.total("Models compared", "Calls by model") + self.total("Models compared", "Calls by model", "B")
        whole = float(self.answers("sum(rate(llm_requests_total[1m]))")[0]["value"][1])
        self.assertAlmostEqual(parts, whole, delta=0.01 * whole)
        self.assertEqual(len(self.rows("Models compared", "Calls by model")), 6)
        spent = self.total("Overview", "Spend by model, $/h") + self.total("Overview", "Spend by model, $/h", "B")
        whole = 3600 * float(self.answers("sum(rate(llm_cost_usd_total[1m]))")[0]["value"][1])
        self.assertAlmostEqual(spent, whole, delta=0.01 * whole)

    def test_the_table_has_every_model_and_their_sum(self) -> None:
        self.assertEqual(len(self.rows("Cost", "Models in the time that is shown")), MODELS)
        self.assert_near(self.total("Cost", "Models in the time that is shown"), float(self.reached.told.dollars), "dollars")
        self.assert_near(self.tile("Cost | Spend shown").number, float(self.reached.told.dollars), "dollars")

    def test_long_names_lose_their_middle(self) -> None:
        for row in self.rows("Cost", "Models in the time that is shown"):
            self.assertLessEqual(len(row["metric"]["short_model"]), 22)
            self.assertIn("…", row["metric"]["short_model"])
            self.assertTrue(row["metric"]["model"].endswith(row["metric"]["short_model"][-3:]))


class TwoReplicas(State, unittest.TestCase):
    name, exact = "two replicas", 0.01

    def test_they_are_added_up(self) -> None:
        told = self.reached.told
        self.assert_near(self.tile("Overview | Calls, 5 min").number, told.calls, "calls")
        self.assert_near(self.tile("Errors | Failed calls").number, told.failed, "count")
        self.assert_near(self.tile("Cost | Spend shown").number, float(told.dollars), "dollars")
        self.assert_near(self.total("Bill", "By $split, in the time shown · counters", "A"), float(told.dollars), "dollars")
        self.assert_near(self.total("Bill", "By $split, in the time shown · counters", "C"), told.calls, "calls")
        self.assert_near(self.tile("Bill | Month to date · $source").number, float(told.dollars), "dollars")


class OneDown(State, unittest.TestCase):
    name = "one down"

    def test_it_is_said(self) -> None:
        tile = self.tile("Overview | Tollgate")
        self.assertEqual((tile.number, tile.color), (1, RED))


class AfterARestart(State, unittest.TestCase):
    name = "after a restart"

    def test_nothing_is_lost_or_counted_twice(self) -> None:
        told = self.reached.told
        self.assert_near(self.tile("Overview | Calls, 5 min").number, told.calls, "calls")
        self.assert_near(self.tile("Overview | Spend today").number, float(told.dollars), "dollars")
        self.assert_word(self.tile("Overview | Tollgate"), "up", GREEN)


if __name__ == "__main__":
    unittest.main(verbosity=2)
