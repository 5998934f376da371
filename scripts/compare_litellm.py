#!/usr/bin/env python3
"""Where LiteLLM's published price map disagrees with our catalogue, for models of first-party vendors.

    pip install genai-prices; pip download --no-deps litellm
    scripts/compare_litellm.py litellm-*.whl            list every disagreement
    scripts/compare_litellm.py litellm-*.whl --write    replace the table in docs/prices.md

Both are asked for the price at noon UTC of the catalogue's day, for each model that LiteLLM's map has under
the vendor's plain name.
"""

from __future__ import annotations

import argparse
import collections
import datetime
import json
import pathlib
import re
import sys
import zipfile
from decimal import Decimal

from genai_prices import types
from genai_prices.data_snapshot import get_snapshot

DOCUMENT = pathlib.Path(__file__).resolve().parent.parent / 'docs' / 'prices.md'
CATALOGUE = DOCUMENT.parent.parent / 'data' / 'catalogue.json'
MAP = 'litellm/model_prices_and_context_window_backup.json'
VENDORS = {'openai': 'openai', 'anthropic': 'anthropic', 'gemini': 'google', 'mistral': 'mistral', 'xai': 'x-ai', 'deepseek': 'deepseek', 'cohere_chat': 'cohere', 'groq': 'groq'}
# What is compared: LiteLLM's field, our price, the request's context.
FIELDS = [
    ('input', 'input_cost_per_token', 'input_mtok', {}),
    ('output', 'output_cost_per_token', 'output_mtok', {}),
    ('cache read', 'cache_read_input_token_cost', 'cache_read_mtok', {}),
    ('cache write', 'cache_creation_input_token_cost', 'cache_write_mtok', {}),
    ('cache write 1h', 'cache_creation_input_token_cost_above_1hr', 'cache_write_1h_mtok', {}),
    ('batch input', 'input_cost_per_token_batches', 'input_mtok', {'processing': 'batch'}),
    ('batch output', 'output_cost_per_token_batches', 'output_mtok', {'processing': 'batch'}),
    ('flex input', 'input_cost_per_token_flex', 'input_mtok', {'service_tier': 'flex'}),
    ('priority input', 'input_cost_per_token_priority', 'input_mtok', {'service_tier': 'priority'}),
    ('priority output', 'output_cost_per_token_priority', 'output_mtok', {'service_tier': 'priority'}),
]
BEGIN, END = '<!-- begin: scripts/compare_litellm.py -->', '<!-- end -->'

snapshot = get_snapshot()


def ours(model, key: str, context: dict, now) -> Decimal | None:
    if context and not any(variant.when == context for variant in model.price_variants or ()):
        return None
    price = getattr(model.get_prices(now, context or None), key)
    return price.base if isinstance(price, types.TieredPrices) else price


def theirs(entry: dict, field: str) -> Decimal | None:
    value = entry.get(field)
    return None if value is None else (Decimal(repr(value)) * 1_000_000).normalize()


def money(value: Decimal | None) -> str:
    return 'none' if value is None else '$' + format(value.normalize() if value else Decimal(0), 'f')


def noon() -> datetime.datetime:
    day = json.loads(CATALOGUE.read_text())['date']
    return datetime.datetime.fromisoformat(f'{day}T12:00:00+00:00')


def compare(entries: dict, counts: collections.Counter):
    now = noon()
    seen = set()
    for name, entry in sorted(entries.items()):
        vendor = VENDORS.get(entry.get('litellm_provider'))
        if not vendor or entry.get('mode') not in ('chat', 'responses', 'embedding', 'completion'):
            continue
        plain = name.removeprefix(f'{entry["litellm_provider"]}/')
        if '/' in plain:
            continue
        if (vendor, plain) in seen:
            continue
        seen.add((vendor, plain))
        counts['models'] += 1
        try:
            model = snapshot.find_provider_model(plain, None, vendor, None)[1]
        except LookupError:
            counts['models that we do not know'] += 1
            continue
        for label, field, key, context in FIELDS:
            left, right = ours(model, key, context, now), theirs(entry, field)
            if left is None and right is None:
                continue
            counts['prices'] += 1
            if left == right:
                counts['equal'] += 1
            elif left is None or right is None:
                counts[f'only {"theirs" if left is None else "ours"}'] += 1
            else:
                counts['different'] += 1
                yield vendor, model.id, plain, label, left, right


def table(rows) -> str:
    lines = ['| provider | model | price per million | ours | LiteLLM | ratio |', '|---|---|---|---|---|---|']
    for vendor, _, name, label, left, right in rows:
        ratio = f'{right / left:.2f}' if left else '-'
        lines.append(f'| {vendor} | `{name}` | {label} | {money(left)} | {money(right)} | {ratio} |')
    return '\n'.join(lines)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument('wheel', help='a wheel of litellm')
    arguments.add_argument('--write', action='store_true', help='replace the table in docs/prices.md')
    options = arguments.parse_args()
    entries = json.loads(zipfile.ZipFile(options.wheel).read(MAP))
    counts: collections.Counter = collections.Counter()
    rows = list(compare(entries, counts))
    version = re.search(r'litellm-([\d.]+)', options.wheel)[1]
    summary = f'LiteLLM {version}: ' + ', '.join(f'{count} {name}' for name, count in sorted(counts.items(), key=lambda pair: -pair[1])) + '.'
    text = f'{BEGIN}\n{summary}\n\n{table(rows)}\n{END}'
    if not options.write:
        print(text)
        return 0
    document = DOCUMENT.read_text()
    head, rest = document.split(BEGIN)
    DOCUMENT.write_text(head + text + rest.split(END)[1])
    print(summary)
    return 0


if __name__ == '__main__':
    sys.exit(main())
