#!/usr/bin/env python3
"""Write the vectors of tests/price_oracle.rs: questions, and the answers of the Python package genai-prices.

    pip install genai-prices zstandard
    scripts/price_oracle.py --write     replace tests/price/oracle.tsv.zst
    scripts/price_oracle.py --check     exit 1 when the committed vectors are not what this writes

Every model of the package's data is asked for, by a name that its own rules accept: at three dates or
more (each price change a second before and at its midnight, each time of day at its edges), in ten shapes
of usage or more (every variant of its prices has one). Then names and providers at random, most of which
match nothing. Our counts are a partition; the package takes counts that include their parts: `usage`
converts. All numbers are pseudo-random from a fixed seed.

A line: provider, model, at, context, tokens, units (as JSON, empty when none), then what the package
answers: provider, model, total; empty when it finds none, and a total of `-` when it refuses the counts.
"""

from __future__ import annotations

import argparse
import collections
import datetime
import json
import pathlib
import random
import re
import sys
import warnings

import zstandard
from genai_prices import Usage, types
from genai_prices.data_snapshot import get_snapshot
from genai_prices.data_units import unit_data

VECTORS = pathlib.Path(__file__).resolve().parent.parent / 'tests' / 'price' / 'oracle.tsv.zst'
UTC = datetime.timezone.utc
DATES = ['2024-07-01T00:30:00Z', '2025-09-15T23:59:59.5Z', '2026-11-21T04:00:00+02:00']
KEYS = {entry['price_key']: key for key, entry in unit_data.items()}
FEES = [key for key, entry in unit_data.items() if entry['dimensions']['family'] not in ('tokens', 'requests')]
SEED = 20261121

snapshot = get_snapshot()


def usage(tokens: dict, units: dict) -> Usage:
    """Counts of a partition as counts that include their parts."""
    def total(*kinds):
        return sum(tokens.get(kind, 0) for kind in kinds)
    inclusive = {
        'input_tokens': total(*(kind for kind in tokens if kind.startswith(('input', 'cache')))),
        'input_audio_tokens': total('input_audio', 'cache_read_audio'),
        'input_image_tokens': total('input_image', 'cache_read_image'),
        'input_video_tokens': total('input_video'),
        'cache_read_tokens': total('cache_read', 'cache_read_audio', 'cache_read_image'),
        'cache_audio_read_tokens': total('cache_read_audio'),
        'cache_image_read_tokens': total('cache_read_image'),
        'cache_write_tokens': total('cache_write', 'cache_write_1h'),
        'cache_write_1h_tokens': total('cache_write_1h'),
        'output_tokens': total('output', 'output_audio', 'output_image', 'output_video', 'reasoning'),
        'output_audio_tokens': total('output_audio'),
        'output_image_tokens': total('output_image'),
        'output_video_tokens': total('output_video'),
        'output_reasoning_tokens': total('reasoning'),
    }
    return Usage(**inclusive, **{key: value for key, value in units.items() if key != 'requests'})


# === what to ask for ===


def leaves(match):
    for kind in ('equals', 'starts_with', 'ends_with', 'contains'):
        if hasattr(match, kind):
            yield getattr(match, kind)
    if hasattr(match, 'regex'):
        text = re.sub(r'\\d\{(\d)\}', lambda digits: '20260101'[: int(digits[1])], match.regex)
        text = re.sub(r'\(\?!.*?\)\)|\(\?:[^)]*\)|\([^)]*\)\?|[\^$]', '', text).replace('[-@]', '-').replace('\\d', '1')
        yield text.replace('\\', '')
    for inner in (*getattr(match, 'or_', ()), *getattr(match, 'and_', ())):
        yield from leaves(inner)


def name_of(provider, model) -> str | None:
    """A name by which the package finds this very model."""
    for name in (model.id, *leaves(model.match)):
        for candidate in (name, name + '-x', 'x-' + name):
            try:
                if snapshot.find_provider_model(candidate, None, provider.id, None)[1] is model:
                    return candidate
            except LookupError:
                pass
    return None


def prices_of(model):
    entries = model.prices if isinstance(model.prices, list) else [types.ConditionalPrice(prices=model.prices)]
    return [*entries, *(model.price_variants or ())]


def dates_of(model) -> list[str]:
    dates = list(DATES)
    for entry in prices_of(model):
        if isinstance(entry.constraint, types.StartDateConstraint):
            midnight = datetime.datetime.combine(entry.constraint.start_date, datetime.time(), UTC)
            dates += [str(midnight - datetime.timedelta(seconds=1)), str(midnight)]
        if isinstance(entry.constraint, types.TimeOfDateConstraint):
            for time in (entry.constraint.start_time, entry.constraint.end_time):
                edge = datetime.datetime.combine(datetime.date(2026, 11, 20), time)
                dates += [str(edge - datetime.timedelta(seconds=1)), str(edge)]
    return list(dict.fromkeys(date.replace(' ', 'T') for date in dates))


def starts_of(model) -> list[int]:
    values = [value for entry in prices_of(model) for value in entry.prices.__dict__.values()]
    starts = {tier.start for value in values if isinstance(value, types.TieredPrices) for tier in value.tiers}
    return sorted(starts) or [200_000]


def fees_of(model, rng) -> dict:
    keys = {KEYS[key] for entry in prices_of(model) for key in entry.prices.__dict__ if key in KEYS}
    fees = sorted(key for key in keys if key in FEES) or ['web_searches', 'storage_searches']
    fees = [key for key in FEES if key in fees or any(part in fees for part in (key.replace('input_', ''),))]
    units = {}
    for key in fees:
        units[key] = round(rng.uniform(0.5, 4000), 2) if key.endswith('seconds') else rng.randint(1, 40)
    if 'audio_seconds' in units:
        units['audio_seconds'] = units['audio_seconds'] + units.get('input_audio_seconds', 0) + units.get('output_audio_seconds', 0)
    if 'input_annotated_document_pages' in units:
        units['input_document_pages'] = units.get('input_document_pages', 0) + units['input_annotated_document_pages']
    return units


def prompt(total: int, rng) -> dict:
    """A prompt of exactly so many tokens, part of it cached."""
    read, write = rng.randint(0, total // 2), rng.randint(0, total // 4)
    return {'input': total - read - write, 'cache_read': read, 'cache_write': write, 'output': rng.randint(1, 9999)}


def shapes(model, rng):
    number = rng.randint
    starts = starts_of(model)
    yield {}, {'input': number(1, 99_999), 'output': number(1, 9999)}, {}
    yield {}, {kind: number(1, 9999) for kind in ('input', 'cache_read', 'cache_write', 'cache_write_1h', 'output')}, {}
    for start in starts:
        yield {}, prompt(start, rng), {}
        yield {}, prompt(start + 1, rng), {}
    yield {}, prompt(starts[-1] * 3, rng), {}
    yield {}, {'input': number(1, 999), 'output': number(1, 999), 'reasoning': number(1, 99_999)}, {}
    yield {}, {kind: number(0, 9999) for kind in KINDS}, {}
    yield {}, {'input': number(1, 999), 'output': number(1, 999)}, fees_of(model, rng)
    yield {}, {'input': number(10**8, 10**9), 'cache_read': number(10**8, 10**9), 'output': number(10**8, 10**9)}, {}
    whens = [variant.when for variant in model.price_variants or ()] or [{'service_tier': rng.choice(['flex', 'priority', 'default'])}]
    for when in {json.dumps(when, sort_keys=True): when for when in whens}.values():
        yield dict(when), {kind: number(1, 9999) for kind in ('input', 'cache_read', 'cache_write', 'cache_write_1h', 'output', 'reasoning')}, fees_of(model, rng)
        yield dict(when), prompt(starts[0] + 1, rng), {}
    if len(whens) > 1:
        yield {key: value for when in whens for key, value in when.items()}, {'input': number(1, 9999), 'output': number(1, 9999)}, {}


KINDS = [
    'input', 'input_audio', 'input_image', 'input_video', 'cache_read', 'cache_read_audio', 'cache_read_image', 'cache_write',
    'cache_write_1h', 'output', 'output_audio', 'output_image', 'output_video', 'reasoning',
]


# === questions and answers ===


def answer(provider: str, model: str, at: str, context: dict, tokens: dict, units: dict) -> tuple[str, str, str]:
    try:
        found_provider, found = snapshot.find_provider_model(model, None, provider or None, None)
    except LookupError:
        return '', '', ''
    when = datetime.datetime.fromisoformat(at)
    try:
        price = snapshot.calc(usage(tokens, units), model, provider or None, None, when, context or None)
    except ValueError:
        return found_provider.id, found.id, '-'
    return found_provider.id, found.id, format(price.total_price.normalize(), 'f') if price.total_price else '0'


def compact(value: dict) -> str:
    return json.dumps(value, separators=(',', ':')) if value else ''


def row(provider, model, at, context, tokens, units) -> str:
    fields = (provider, model, at, compact(context), compact(tokens), compact(units), *answer(provider, model, at, context, tokens, units))
    return '\t'.join(fields)


def every_model(counts):
    for provider in snapshot.providers:
        for model in provider.models:
            name = name_of(provider, model)
            if name is None:
                counts['models that no name reaches'] += 1
                print(f'unreachable: {provider.id} {model.id}', file=sys.stderr)
                continue
            counts['models'] += 1
            for date in dates_of(model):
                rng = random.Random(f'{SEED} {provider.id} {model.id} {date}')
                for context, tokens, units in shapes(model, rng):
                    counts['prices'] += 1
                    yield row(provider.id, name, date, context, tokens, units)


def random_names(counts):
    rng = random.Random(SEED)
    pairs = [(provider.id, name) for provider in snapshot.providers for model in provider.models for name in (model.id, *leaves(model.match))]
    providers = [provider.id for provider in snapshot.providers]
    others = ['', '', '', 'litellm', 'LiteLLM', 'Amazon Bedrock', 'google-vertex', 'xai', 'together_ai', 'Meta', 'nobody', 'mistralai', ' OpenAI ']
    changes = [
        lambda name: name, lambda name: name.upper(), lambda name: name + '-20251211', lambda name: name + '-2025-12-11',
        lambda name: name + '-latest', lambda name: 'openai/' + name, lambda name: 'us.' + name, lambda name: 'bedrock/' + name,
        lambda name: name.rpartition('/')[2], lambda name: name + ':free', lambda name: name[:-1], lambda name: 'ft:' + name,
    ]
    for _ in range(13_000):
        own, name = rng.choice(pairs)
        provider = rng.choice([own, own, own, rng.choice(providers), rng.choice(others), rng.choice(others)])
        name = rng.choice(changes)(name)
        if not name or '\t' in name:
            continue
        counts['names at random'] += 1
        yield row(provider, name, DATES[2], {}, {'input': 1000, 'output': 100}, {})


def render() -> tuple[bytes, collections.Counter]:
    counts: collections.Counter = collections.Counter()
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        lines = [*every_model(counts), *random_names(counts)]
    counts['lines'] = len(lines)
    counts['refused'] = sum(line.endswith('\t-') for line in lines)
    counts['not found'] = sum(line.endswith('\t\t\t') for line in lines)
    return ('\n'.join(lines) + '\n').encode(), counts


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = arguments.add_mutually_exclusive_group(required=True)
    mode.add_argument('--write', action='store_true', help='replace the committed vectors')
    mode.add_argument('--check', action='store_true', help='compare with the committed vectors')
    options = arguments.parse_args()
    text, counts = render()
    print(', '.join(f'{name}: {count}' for name, count in counts.items()))
    if options.write:
        VECTORS.parent.mkdir(exist_ok=True)
        VECTORS.write_bytes(zstandard.ZstdCompressor(level=22).compress(text))
        print(f'{len(text)} bytes, {VECTORS.stat().st_size} compressed')
        return 0
    same = VECTORS.exists() and zstandard.ZstdDecompressor().decompress(VECTORS.read_bytes()) == text
    print('the committed vectors are the same' if same else 'the committed vectors differ: run --write and look at the difference')
    return 0 if same else 1


if __name__ == '__main__':
    sys.exit(main())
