#!/usr/bin/env python3
"""Runs every scene through promtool, in Prometheus' and in Grafana's form: whom it wakes, how soon, what is written down.

    python3 tests/pager/run_scenes.py            all
    python3 tests/pager/run_scenes.py six loop   those with one of these words in their name
    FORMS=Prometheus python3 …                    one form only
"""

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from replay import grafana_rules, incidents, timeline  # noqa: E402
from scenes import SCENES, Scene  # noqa: E402


# Tollgate answers, unless a scene says otherwise.
ANSWERS = {'tollgate_build_info{job="tollgate",instance="tollgate-0:9464",version="1"}': "1+0x20000"}


def faults(scene: Scene, rules: list[Path] | None) -> list[str]:
    """What went otherwise than the scene says."""
    found = timeline(ANSWERS | scene.series, scene.step, list(range(scene.look_from, scene.length, scene.every)), rules)
    begun = incidents(found)
    expected = [*scene.pages]
    # Tollgate without an answer has no job to group by.
    groups = [group for _, group in begun if group != ("",)] or [("tollgate",) for _, group in begun][:1]
    wrong = [] if groups == expected else [f"incidents {begun}, not {expected}"]
    if scene.within is not None and begun and not scene.begins <= begun[0][0] <= scene.begins + scene.within:
        wrong.append(f"the first page after {begun[0][0] - scene.begins} minutes, not within {scene.within}")
    written = {dict(labels)["alertname"] for alerts in found.values() for labels in alerts if ("severity", "ticket") in labels}
    wrong += [f"no ticket {name}" for name in scene.tickets if name not in written]
    return wrong


def main() -> int:
    scenes = [scene for scene in SCENES if not sys.argv[1:] or any(word in scene.name for word in sys.argv[1:])]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        known = {"Prometheus": None, "Grafana": [grafana_rules(Path(folder))]}
        forms = [(form, known[form]) for form in os.environ.get("FORMS", "Prometheus,Grafana").split(",")]
        work = [(form, scene, pool.submit(faults, scene, rules)) for scene in scenes for form, rules in forms]
        results = [(form, scene, each.result()) for form, scene, each in work]
    for form, scene, wrong in results:
        for sentence in wrong:
            print(f"{form}: {scene.name}: {sentence}")
    failed = sum(bool(wrong) for _, _, wrong in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
