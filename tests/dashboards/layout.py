"""Whether a panel has room for what it shows, by the arithmetic of Grafana's grid, tables and legends.

In: a panel of a committed dashboard and the width of the page. Out: sentences about what the eye would see cut or crushed.
Knows pixels of Grafana 10 to 13: a row of the grid is 30 high, gaps are 8, a table gives equal parts to columns without a width.
"""

PAGE_MARGINS, GAP, ROW_HEIGHT, COLUMNS = 32, 8, 30, 24
PANEL_PADDING, HEADER_HEIGHT, AXIS_WIDTH, AXIS_HEIGHT = 18, 40, 60, 24
CELL_PADDING, SORT_ARROW = 14, 18
# Inter at 14 pixels, for cells, headers and titles: hundredths of that of characters. From the font's own advance widths.
FONT = 14
ADVANCES = {
    **dict.fromkeys("ijlI !,.:;'|`", 28), **dict.fromkeys("t()/[]frf1{}-_", 38), **dict.fromkeys("skxzavy7JLc^*?", 55),
    **dict.fromkeys("e5FhnuEo2bdgpq", 60), **dict.fromkeys("36890#Z$&PRS4BT", 63), **dict.fromkeys("+<=>~KXYAVDC", 69),
    **dict.fromkeys("HUGNOQ", 76), **dict.fromkeys("wmM@%W…", 90),
}
SMALLEST_PLOT_WIDTH, SMALLEST_PLOT_HEIGHT = 200, 130
# Longest values of labels: names are shortened, the others are closed sets or known.
SHORTENED = "team-of-the…-name-2093"
LONGEST = {
    **dict.fromkeys(("Model", "Service", "Code", "By", "Instrumentation"), SHORTENED),
    **{"Provider": "azure.ai.openai", "Environment": "production", "Class": "quota_exhausted", "Status": "429", "Advice": "stream_without_usage", "$ / 1k": "$0.665", "$ / 1M": "$0.665", "Resource": "output_tokens", "Window": "minute"},
}
# A long one of each unit.
SAMPLES = {"dateTimeFromNow": "a few seconds ago", "currencyUSD": "$0.000665", "locale": "961,975", "percentunit": "0.707%", "s": "223.6 ms", "×": "12.75 ×"}


def text_width(text: str) -> float:
    """Pixels of a text in a cell, header or title."""
    return FONT / 100 * sum(ADVANCES.get(character, 60) for character in text)


def width(panel: dict, page: int) -> float:
    """Pixels from edge to edge."""
    column = (page - PAGE_MARGINS - GAP * (COLUMNS - 1)) / COLUMNS
    return panel["gridPos"]["w"] * (column + GAP) - GAP


def height(panel: dict) -> float:
    return panel["gridPos"]["h"] * (ROW_HEIGHT + GAP) - GAP


def problems(panel: dict, page: int) -> list[str]:
    """What does not fit."""
    kinds = {"table": table_problems, "timeseries": plot_problems, "heatmap": plot_problems}
    found = kinds[panel["type"]](panel, page) if panel["type"] in kinds else []
    # Beside a title stands the sign of the description.
    longest = panel["title"].replace("$source", "counters since 2026-11-26").replace("$split", "service_name")
    if text_width(longest) + 60 > width(panel, page) and panel["type"] != "row":
        found.append("title is cut off")
    return found


def overrides(panel: dict) -> dict[str, dict]:
    """Properties by the name of the column that they change."""
    return {each["matcher"]["options"]: {one["id"]: one["value"] for one in each["properties"]} for each in panel["fieldConfig"]["overrides"] if each["matcher"]["id"] == "byName"}


def column_widths(panel: dict, page: int) -> dict[str, float]:
    """Pixels of each column that is shown."""
    shown = {name: own for name, own in overrides(panel).items() if not own.get("custom.hidden")}
    room = width(panel, page) - PANEL_PADDING
    fixed = {name: own["custom.width"] for name, own in shown.items() if own.get("custom.width")}
    others = [name for name in shown if name not in fixed]
    share = (room - sum(fixed.values())) / len(others) if others else 0
    least = panel["fieldConfig"]["defaults"]["custom"].get("minWidth", 150)
    return {name: fixed.get(name, max(share, least)) for name in shown}


def table_problems(panel: dict, page: int) -> list[str]:
    sorted_by = {each["displayName"] for each in panel["options"].get("sortBy", [])}
    widths, found = column_widths(panel, page), []
    for name, pixels in widths.items():
        header = text_width(name) + CELL_PADDING + (SORT_ARROW if name in sorted_by else 0)
        sample = LONGEST.get(name) or SAMPLES.get(overrides(panel)[name].get("unit"), "")
        if max(header, text_width(sample) + CELL_PADDING) > pixels:
            found.append(f"column {name} is cut at {pixels:.0f} px")
    room = width(panel, page) - PANEL_PADDING
    if sum(widths.values()) > room + 1:
        found.append(f"columns need {sum(widths.values()):.0f} of {room:.0f} px")
    return found


def plot_problems(panel: dict, page: int) -> list[str]:
    legend = panel["options"].get("legend", {})
    inside = width(panel, page) - PANEL_PADDING
    # A legend beside the plot takes what it needs; one below takes up to 35 % of the height.
    beside = 260 if legend.get("placement") == "right" and legend.get("showLegend") else 0
    below = 0.35 * (height(panel) - HEADER_HEIGHT) if legend.get("placement") == "bottom" and legend.get("showLegend") else 0
    plot = inside - AXIS_WIDTH - beside, height(panel) - HEADER_HEIGHT - AXIS_HEIGHT - below
    found = []
    if plot[0] < max(SMALLEST_PLOT_WIDTH, width(panel, page) / 2):
        found.append(f"the plot is {plot[0]:.0f} px wide")
    if plot[1] < SMALLEST_PLOT_HEIGHT:
        found.append(f"the plot is {plot[1]:.0f} px high")
    return found
