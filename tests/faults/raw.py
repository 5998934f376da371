"""What the raw samples of a Prometheus add up to."""


def increases(server, selector):
    """[(labels, increase)] as increase() adds, but nothing is extrapolated; and every fall of a series."""
    rows, falls = [], []
    for row in server.ask("query", query=f"{selector}[2h]")["result"]:
        values, total = [float(value) for _, value in row["values"]], 0
        for before, after in zip(values, values[1:]):
            total += after if after < before else after - before
            if after < before:
                falls.append((row["metric"], before, after))
        rows.append((row["metric"], total))
    return rows, falls
