"""A week of the past for a Prometheus, made of one scrape of the present.

In: the text of a scrape. Out: OpenMetrics for `promtool tsdb create-blocks-from openmetrics`. The past has the series and
the proportions of the scrape, more by day than by night, and is dense where comparisons look: at this hour of yesterday
and of last week. Elsewhere a sample an hour is enough.
"""

import math
import re
import subprocess
from pathlib import Path

SAMPLE = re.compile(r"^([a-z_0-9]+)(?:\{(.*)\})? (\S+)")
HOUR, DAY = 3600, 86400
# What dashboards and alerts compare with earlier.
COMPARED = re.compile(r"llm_(requests_total|cost_usd_total|errors_total|tokens_total|time_to_first_token_seconds_\w+|request_input_tokens_\w+)$")
DENSE = 30


def moments(now: int) -> list[int]:
    """When samples are: every hour of eight days, every half minute around the hours that are compared with."""
    dense = {now - day * DAY + offset for day in (1, 7) for offset in range(-2 * HOUR, HOUR // 2, DENSE)}
    hourly = set(range(now - 8 * DAY, now - 4 * HOUR, HOUR))
    return sorted(each - each % DENSE for each in dense | hourly)


def growth(now: int) -> list[tuple[int, float]]:
    """Each moment, and the seconds of full traffic that have passed until then."""
    passed, before, made = 0.0, None, []
    for moment in moments(now):
        busy = 1 + 0.5 * math.sin((moment % DAY) / DAY * 2 * math.pi - math.pi / 2)
        passed += busy * (moment - before) if before else 0
        made.append((moment, passed))
        before = moment
    return made


def open_metrics(scrape: str, now: int, uptime: float, target: str) -> str:
    """The past of a scrape of a process that has run for `uptime` seconds."""
    pattern, lines, announced = growth(now), [], set()
    for name, labels, value in filter(None, map(parse, scrape.splitlines())):
        if not COMPARED.match(name) or value == 0:
            continue
        if name not in announced:
            announced.add(name)
            lines.append(f"# TYPE {name} unknown")
        series = f'{name}{{{labels},job="tollgate",instance="{target}"}}'
        lines += [f"{series} {value / uptime * passed:.6f} {moment}" for moment, passed in pattern]
    return "\n".join(lines) + "\n# EOF\n"


def parse(line: str) -> tuple[str, str, float] | None:
    found = SAMPLE.match(line)
    return (found[1], found[2] or "", float(found[3])) if found else None


def backfill(scrape: str, now: int, uptime: float, target: str, folder: Path) -> Path:
    """Writes the past as blocks; the folder is a Prometheus' data."""
    text, data = folder / "history.txt", folder / "prometheus"
    text.write_text(open_metrics(scrape, now, uptime, target))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=256h", text, data]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    text.unlink()
    return data
