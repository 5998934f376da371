"""What can be said of dashboards, rules and runbooks without running anything but small tools."""

import json
import re
import subprocess
import sys
import unittest
from functools import cache
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))

from layout import problems  # noqa: E402
from names import Catalogue, faults  # noqa: E402
from panels import boards, queries  # noqa: E402
from reach import reach  # noqa: E402
from stack import ROOT  # noqa: E402

BINARY = Path(sys.argv.pop(1)).resolve() if __name__ == "__main__" and len(sys.argv) > 1 else ROOT / "target/debug/tollgate"
EXCEPTIONS = yaml.safe_load((Path(__file__).parent / "exceptions.yaml").read_text())
PROVISIONING, IMPORT = ROOT / "dashboards/provisioning", ROOT / "dashboards/import"
RULE_FILES = sorted((ROOT / "alerts/prometheus").glob("*.yml"))
RUNBOOKS = ROOT / "docs/runbooks"
FENCE = re.compile(r"```promql\n(.*?)```", re.S)


@cache
def built() -> dict[str, dict]:
    """The families of the binary, by name."""
    printed = subprocess.run([BINARY, "metrics", "--format", "json"], check=True, capture_output=True, text=True).stdout
    return {family["name"]: family for family in json.loads(printed)}


@cache
def catalogue() -> Catalogue:
    """What dashboards and alerts may name: what is built, and what is agreed on."""
    return Catalogue(EXCEPTIONS["not_built"] | built(), frozenset(EXCEPTIONS["dimensions"]))


@cache
def rules() -> list[dict]:
    return [rule for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def recorded() -> frozenset[str]:
    return frozenset(rule["record"] for rule in rules() if "record" in rule)


def alerts() -> list[dict]:
    return [rule for rule in rules() if "alert" in rule]


def run(*command: object) -> subprocess.CompletedProcess:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, cwd=ROOT)


class NotBuilt(unittest.TestCase):
    def test_what_is_built_has_left_the_list(self) -> None:
        self.assertEqual(sorted(EXCEPTIONS["not_built"].keys() & built().keys()), [], "take these out of not_built in exceptions.yaml")


class Generated(unittest.TestCase):
    def test_committed_files_are_what_the_sources_say(self) -> None:
        for script in ("alerts/generate.py", "dashboards/generate.py"):
            done = run(sys.executable, script, "--check")
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_both_forms_of_a_dashboard_differ_only_in_the_data_source(self) -> None:
        for board in boards(PROVISIONING):
            text = (IMPORT / f"{board['uid']}.json").read_text()
            imported = json.loads(text.replace("${DS_PROMETHEUS}", "${datasource}"))
            self.assertEqual([each["name"] for each in imported.pop("__inputs")], ["DS_PROMETHEUS"])
            del imported["__requires"], imported["__elements"]
            variables = board["templating"]["list"]
            board["templating"]["list"] = [each for each in variables if each["name"] != "datasource"]
            self.assertEqual(imported, board)
            self.assertNotIn("${datasource}", text)

    def test_an_override_changes_dashboards_and_alerts_alike_and_a_typing_error_is_refused(self) -> None:
        changed = ROOT / "target/test-thresholds.yaml"
        changed.parent.mkdir(exist_ok=True)
        for text, code in (("latency_p95_seconds: 12.5\n", 0), ("latency_p95_secnods: 12\n", 1), ("latency_p95_seconds: slow\n", 1)):
            changed.write_text(text)
            for name, sought in (("alerts", "> 12.5"), ("dashboards", '"value": 12.5')):
                done = run(sys.executable, f"{name}/generate.py", "--thresholds", changed, "--out", ROOT / "target/test-thresholds" / name)
                self.assertEqual(done.returncode, code, done.stderr)
                if not code:
                    written = (ROOT / "target/test-thresholds" / name).rglob("*.*")
                    self.assertTrue(any(sought in path.read_text() for path in written), f"{name} does not know {sought}")


class Dashboards(unittest.TestCase):
    def test_every_panel_has_title_description_unit_and_place(self) -> None:
        for board in boards(PROVISIONING):
            taken: dict[tuple[int, int], str] = {}
            for panel in board["panels"]:
                with self.subTest(f"{board['title']} | {panel['title']}"):
                    self.assertTrue(panel["title"])
                    place = panel["gridPos"]
                    cells = [(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])]
                    self.assertTrue(all(x < 24 and (x, y) not in taken for x, y in cells), "overlaps or leaves the grid")
                    taken |= dict.fromkeys(cells, panel["title"])
                    if panel["type"] != "row":
                        self.assertGreater(len(panel["description"]), 10)
                        self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
                        self.assertEqual(panel["datasource"]["uid"], "${datasource}")

    def test_ids_are_unique(self) -> None:
        for board in boards(PROVISIONING):
            ids = [panel["id"] for panel in board["panels"]]
            self.assertEqual(len(ids), len(set(ids)))

    def test_schema_and_variables(self) -> None:
        for board in boards(PROVISIONING):
            self.assertEqual(board["schemaVersion"], 39)
            for each in board["templating"]["list"]:
                if each["type"] == "query" and each.get("hide") != 2:
                    self.assertTrue(each["includeAll"] and each["multi"] and each["allValue"] == ".*", each["name"])

    def test_links_lead_to_dashboards_that_exist(self) -> None:
        uids = {board["uid"] for board in boards(PROVISIONING)}
        for path in [*PROVISIONING.glob("*.json"), *RULE_FILES]:
            for uid in re.findall(r"/d/([\w-]+)", path.read_text()):
                self.assertIn(uid, uids, path.name)

    def test_rates_use_the_rate_interval_or_the_range(self) -> None:
        fixed = {"1h", "1d", "10m", "5m", "2m", "1m", "7d", "23h59m"}
        for query in queries(PROVISIONING):
            for window in re.findall(r"[})]\[([^\]:]+)", query.expr):
                self.assertIn(window, {"$__rate_interval", "$__range"} | fixed, query.name)

    def test_nothing_is_cut_off_and_no_plot_is_crushed(self) -> None:
        found = [
            f"{board['title']} | {panel['title']} at {page} px: {problem}"
            for board in boards(PROVISIONING)
            for page in (1100, 1600)
            for panel in board["panels"]
            for problem in problems(panel, page)
        ]
        self.assertEqual(found, [], "\n".join(found))

    def test_a_cut_column_and_a_crushed_plot_are_found(self) -> None:
        board = next(each for each in boards(PROVISIONING) if each["uid"] == "tollgate-cost")
        narrow = [panel | {"gridPos": panel["gridPos"] | {"w": 5, "h": 5}} for panel in board["panels"] if panel["type"] in ("table", "timeseries")]
        for panel in narrow:
            self.assertTrue(problems(panel, 1100), panel["title"])

    def test_an_empty_panel_says_which_nothing_it_is(self) -> None:
        """Calls that fail or have no price have no dollars: where dollars are missing, calls need not be."""
        for board in boards(PROVISIONING):
            for panel in board["panels"]:
                with self.subTest(f"{board['title']} | {panel['title']}"):
                    if panel["type"] == "row":
                        continue
                    defaults = panel["fieldConfig"]["defaults"]
                    words = defaults.get("noValue", "")
                    self.assertTrue("no data from Tollgate" in words or panel["title"] == "Instances", words)
                    unit = panel["options"]["yAxis"]["unit"] if panel["type"] == "heatmap" else defaults["unit"]
                    if unit in ("currencyUSD", "$/h") and panel["type"] != "stat":
                        self.assertRegex(words, "dollars|saved|spent|fees")

    def test_every_board_says_when_tollgate_is_dead(self) -> None:
        for board in boards(PROVISIONING):
            dead = [panel["title"] for panel in board["panels"] if panel["type"] == "stat" and "vector(-3)" in json.dumps(panel["targets"])]
            self.assertTrue(dead, board["title"])

    def test_a_single_bar_has_its_name(self) -> None:
        for board in boards(PROVISIONING):
            for panel in board["panels"]:
                if panel["type"] == "bargauge":
                    self.assertIn("${__field.labels.", panel["fieldConfig"]["defaults"].get("displayName", ""), panel["title"])

    def test_no_axis_has_a_unit_that_rounds_little_money_away(self) -> None:
        for board in boards(PROVISIONING):
            for panel in board["panels"]:
                if panel["type"] == "timeseries":
                    self.assertNotEqual(panel["fieldConfig"]["defaults"]["unit"], "$/h", panel["title"])

    def test_no_colour_is_there_twice(self) -> None:
        """Of the palette six series are told apart by eye; more than these are drawn only where each has a colour of its own."""
        for board in boards(PROVISIONING):
            for panel in board["panels"]:
                own = [one["value"]["fixedColor"] for each in panel.get("fieldConfig", {}).get("overrides", []) if each["matcher"]["id"] == "byName" for one in each["properties"] if one["id"] == "color"]
                self.assertEqual(len(own), len(set(own)), f"{board['title']} | {panel['title']}")
                drawn = {int(count) for target in panel.get("targets", []) for count in re.findall(r"topk\((\d+)", target["expr"])}
                # Fifteen are the classes of errors, which have colours; twenty the kinds of tokens, of which few are billed at once.
                if panel["type"] == "timeseries":
                    self.assertLessEqual(drawn - {15, 20}, {1, 6}, f"{board['title']} | {panel['title']}")

    def test_every_metric_label_and_edge_exists(self) -> None:
        for query in queries(PROVISIONING):
            self.assertEqual(faults(query.expr, catalogue()), [], query.name)
        for board in boards(PROVISIONING):
            for each in board["templating"]["list"]:
                text = each["query"]["query"] if isinstance(each.get("query"), dict) else ""
                self.assertEqual(faults(text, catalogue()), [], each["name"])


def severity(rule: dict) -> str:
    """The severity where it wakes somebody."""
    written = rule["labels"]["severity"]
    return "page" if "}}page{{" in written else written


class Alerts(unittest.TestCase):
    def test_promtool_and_amtool_accept_them(self) -> None:
        done = run("promtool", "check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for name in ("alertmanager.yml", "pagerduty-only.yml"):
            done = run("amtool", "check-config", f"alerts/alertmanager/{name}")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_custom_resource_carries_a_rule_file(self) -> None:
        resource = yaml.safe_load((ROOT / "alerts/kubernetes/prometheusrule.yaml").read_text())
        carried = ROOT / "target/test-thresholds/carried.yml"
        carried.parent.mkdir(parents=True, exist_ok=True)
        carried.write_text(yaml.safe_dump(resource["spec"]))
        done = run("promtool", "check", "rules", carried)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_every_metric_label_and_edge_exists(self) -> None:
        for rule in rules():
            self.assertEqual(faults(rule["expr"], catalogue(), recorded()), [], rule.get("alert") or rule["record"])

    def test_every_alert_tells_what_where_and_what_to_do(self) -> None:
        for alert in alerts():
            with self.subTest(alert["alert"]):
                self.assertIn(severity(alert), ("page", "ticket", "info"))
                self.assertEqual(set(alert["annotations"]) - {"causes"}, {"summary", "description", "dashboard_url", "runbook_url"})
                self.assertTrue(alert["annotations"]["runbook_url"].endswith(f"/{alert['alert']}.md"))

    def test_where_a_page_wakes_somebody_is_one_list(self) -> None:
        """`unknown` is where nobody set an environment: it must wake somebody."""
        wakes = yaml.safe_load((ROOT / "alerts/thresholds.yaml").read_text())["page_environments"]
        self.assertIn("unknown", wakes)
        written = {alert["labels"]["severity"] for alert in alerts() if "{{" in alert["labels"]["severity"]}
        self.assertEqual(written, {f'{{{{ if match "^({"|".join(wakes)})$" $labels.environment }}}}page{{{{ else }}}}ticket{{{{ end }}}}'})

    def test_fifteen_days_of_memory_are_enough(self) -> None:
        """Prometheus' default. In Grafana's form nothing is recorded, so all that a rule looks back on is in its expression."""
        rules = [rule for group in yaml.safe_load((ROOT / "alerts/grafana/rules.yaml").read_text())["groups"] for rule in group["rules"]]
        back = {rule["title"]: reach(rule["data"][0]["model"]["expr"]) / 86400 for rule in rules}
        self.assertEqual({title: days for title, days in back.items() if days > 15}, {})
        longest = f"{max(back.values()):.1f}"
        self.assertIn(f"back {longest} days", " ".join((ROOT / "docs/dashboards.md").read_text().split()), "docs/dashboards.md says how far")

    def test_how_far_back_an_expression_looks(self) -> None:
        for expr, hours in (
            ("up", 0),
            ('rate(x{a="[9d]"}[1h])', 1),
            ("rate(x[1h] offset 1d) + y offset 2h", 25),
            ("max_over_time((sum by (a) (rate(x[1h] offset 1h)))[2h:10m] offset 167h)", 171),
            ("x[1d] or sum(y offset -1d)", 24),
        ):
            self.assertEqual(reach(expr) / 3600, hours, expr)

    def test_every_title_of_calls_begins_with_the_environment(self) -> None:
        for alert in alerts():
            if not alert["alert"].startswith(("Tollgate", "LLMBudget")):
                self.assertTrue(alert["annotations"]["summary"].startswith("{{ $labels.environment }}: "), alert["alert"])

    def test_the_three_formats_have_the_same_alerts(self) -> None:
        named = sorted((alert["alert"], severity(alert)) for alert in alerts())
        resource = yaml.safe_load((ROOT / "alerts/kubernetes/prometheusrule.yaml").read_text())
        kubernetes = [rule for group in resource["spec"]["groups"] for rule in group["rules"] if "alert" in rule]
        self.assertEqual(sorted((rule["alert"], severity(rule)) for rule in kubernetes), named)
        grafana = [rule for group in yaml.safe_load((ROOT / "alerts/grafana/rules.yaml").read_text())["groups"] for rule in group["rules"]]
        self.assertEqual(sorted((rule["title"].split(" ")[0], severity(rule)) for rule in grafana), named)
        self.assertEqual(len({rule["uid"] for rule in grafana}), len(grafana))

    def test_grafanas_alerts_name_no_recorded_series(self) -> None:
        text = (ROOT / "alerts/grafana/rules.yaml").read_text()
        self.assertEqual([name for name in recorded() if name in text], [])

    def test_routes(self) -> None:
        for labels, receiver in (
            ("severity=page alertname=LLMQuotaExhausted provider=openai", "pages"),
            ("severity=page alertname=LLMErrorRateHigh provider=openai model=gpt-5", "pages"),
            ("severity=ticket alertname=LLMLatencyHigh", "tickets"),
            ("severity=info alertname=LLMContextGrowing", "informed"),
            ("alertname=SomebodyElses", "tickets"),
        ):
            done = run("amtool", "config", "routes", "test", "--config.file=alerts/alertmanager/alertmanager.yml", *labels.split())
            self.assertEqual(done.stdout.strip(), receiver, labels)

    def test_inhibitions_name_alerts_that_exist(self) -> None:
        names = {alert["alert"] for alert in alerts()}
        text = (ROOT / "alerts/alertmanager/alertmanager.yml").read_text()
        for name in set(re.findall(r"\b((?:LLM|Tollgate)[A-Z]\w+)(?!\.\+|\w)", text)):
            self.assertIn(name, names)

    def test_nothing_inhibits_what_is_more_severe(self) -> None:
        """Every pair of alerts, in every severity that they can have, against every row of every configuration."""
        order = ("info", "ticket", "page")
        forms = {(alert["alert"], each) for alert in alerts() for each in severities(alert)}
        for path in (ROOT / "alerts/alertmanager").glob("*.yml"):
            for rule in yaml.safe_load(path.read_text())["inhibit_rules"]:
                sources, targets = ([form for form in forms if matches(rule[side], form)] for side in ("source_matchers", "target_matchers"))
                for source, target in ((source, target) for source in sources for target in targets):
                    self.assertGreaterEqual(order.index(source[1]), order.index(target[1]), f"{path.name}: {source} silences {target}")


def severities(alert: dict) -> tuple[str, ...]:
    """A page by environment is a ticket elsewhere."""
    written = alert["labels"]["severity"]
    return ("page", "ticket") if "{{" in written else (written,)


def matches(matchers: list[str], form: tuple[str, str]) -> bool:
    """Whether Alertmanager's matchers take an alert, by name and severity alone."""
    labels = dict(zip(("alertname", "severity"), form, strict=True))
    parsed = (re.fullmatch(r'(\w+) (=~?) "?([^"]*)"?', each).groups() for each in matchers)
    return all(re.fullmatch(value if kind == "=~" else re.escape(value), labels[name]) for name, kind, value in parsed)


class Runbooks(unittest.TestCase):
    def test_there_is_one_for_each_alert_and_none_for_others(self) -> None:
        written = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
        self.assertEqual(written, {alert["alert"] for alert in alerts()})

    def test_each_answers_the_same_questions(self) -> None:
        for path in RUNBOOKS.glob("[LT]*.md"):
            headings = re.findall(r"^## (.+)$", path.read_text(), re.M)
            self.assertEqual(headings, ["What it means", "Look here first", "Likely causes", "When to call the provider", "False alarm when"], path.name)

    def test_their_queries_name_what_exists(self) -> None:
        for path in RUNBOOKS.glob("[LT]*.md"):
            found = FENCE.findall(path.read_text())
            self.assertTrue(found, f"{path.name} has no query")
            for expr in found:
                self.assertEqual(faults(expr, catalogue(), recorded()), [], path.name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
