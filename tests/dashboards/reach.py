"""How far back an expression of PromQL looks.

In: PromQL. Out: seconds. Ranges and offsets of what is nested add up: `max_over_time(rate(x[1h])[2h:] offset 1d)` looks back 27
hours. Knows brackets, ranges and offsets, and nothing of functions.
"""

import re

SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
PART = re.compile(r"""(?P<string>"(?:[^"\\]|\\.)*"|'[^']*')|(?P<braces>\{)|(?P<open>\()|(?P<close>\))|\[(?P<range>[^\]:]+)(?::[^\]]*)?\]|\boffset\s+(?P<offset>-?[0-9a-z]+)|(?P<name>[a-zA-Z_:][\w:]*)""")


def seconds(duration: str) -> float:
    """`1h30m` as a number."""
    total = sum(float(count) * SECONDS[unit] for count, unit in re.findall(r"(\d+)(ms|[smhdwy])", duration))
    return -total if duration.startswith("-") else total


def reach(expr: str) -> float:
    """Of the furthest sample that the expression may use."""
    # Of each open bracket: the furthest that has ended in it, and what ends now and may be moved back by a range or an offset.
    ended, now = [0.0], [0.0]
    for part in PART.finditer(expr):
        if part["open"]:
            ended.append(0.0)
            now.append(0.0)
        elif part["close"]:
            inner = max(ended.pop(), now.pop())
            ended[-1], now[-1] = max(ended[-1], now[-1]), inner
        elif part["name"]:
            ended[-1], now[-1] = max(ended[-1], now[-1]), 0.0
        elif part["range"] or part["offset"]:
            now[-1] += seconds(part["range"] or part["offset"])
    return max(*ended, *now)
