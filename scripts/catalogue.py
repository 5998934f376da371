#!/usr/bin/env python3
"""Convert the published price data of genai-prices into data/catalogue.json.

    pip install genai-prices
    scripts/catalogue.py --write --date 2026-11-21   replace the committed catalogue
    scripts/catalogue.py --diff                      what the newly published data would change
    scripts/catalogue.py --check                     the same, and exit 1 when anything differs

In: the Python package `genai-prices` (MIT), as installed. Out: one JSON file, one model a line, so
that a refresh reads as a diff of prices. Only facts are carried over: ids, matching rules, prices,
dates, tiers, variants, units and the pages they come from; no prose.
"""

from __future__ import annotations

import argparse
import datetime
import decimal
import importlib.metadata
import json
import pathlib
import re
import sys

from genai_prices import types
from genai_prices.data import providers
from genai_prices.data_units import unit_data

CATALOGUE = pathlib.Path(__file__).resolve().parent.parent / 'data' / 'catalogue.json'
SOURCE = 'https://github.com/pydantic/genai-prices'

# Groq bills at least ten seconds for each transcription (https://groq.com/pricing); the package has
# this as code, not as data.
MINIMUM_SECONDS = {('groq', 'whisper-large-v3'): 10, ('groq', 'whisper-large-v3-turbo'): 10}

LOOKAHEAD = re.compile(r'^\^\(\?!((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)(.*)$')


def number(value: decimal.Decimal) -> str:
    return format(value.normalize() if value else decimal.Decimal(0), 'f')


def regex(pattern: str) -> dict:
    """A negative lookahead at the start, which linear-time engines lack, becomes a `not`."""
    ahead = LOOKAHEAD.match(pattern)
    if not ahead:
        if '(?' in pattern.replace('(?:', ''):
            raise SystemExit(f'regex needs translation by hand: {pattern}')
        return {'regex': [pattern]}
    clauses = [{'not': regex('^' + ahead[1])}]
    if ahead[2]:
        clauses.append(regex('^' + ahead[2]))
    return clauses[0] if len(clauses) == 1 else {'all': clauses}


def clause(match) -> dict:
    """A matching rule: an object whose members are alternatives, each a list of texts."""
    for kind in ('equals', 'starts_with', 'ends_with', 'contains'):
        if hasattr(match, kind):
            return {kind: [getattr(match, kind).lower()]}
    if hasattr(match, 'regex'):
        return regex(match.regex)
    if hasattr(match, 'and_'):
        return {'all': [clause(inner) for inner in match.and_]}
    merged: dict = {}
    for inner in map(clause, match.or_):
        for kind, values in inner.items():
            if kind in ('all', 'not'):
                merged.setdefault('any', []).append({kind: values})
            else:
                known = merged.setdefault(kind, [])
                known.extend(value for value in values if value not in known)
    return merged


def rates(prices: types.ModelPrice) -> dict:
    result = {}
    for key, value in prices.__dict__.items():
        if key.startswith('_') or value is None:
            continue
        if isinstance(value, types.TieredPrices):
            result[key] = {'base': number(value.base), 'above': [[tier.start, number(tier.price)] for tier in value.tiers]}
        else:
            result[key] = number(value)
    return result


def utc(time: datetime.time) -> str:
    if time.tzinfo is not None:
        time = datetime.datetime.combine(datetime.date(1970, 1, 1), time).astimezone(datetime.timezone.utc).time()
    if time.microsecond:
        raise SystemExit(f'a time of day finer than a second: {time}')
    return time.isoformat()


def conditions(constraint) -> dict:
    match constraint:
        case None:
            return {}
        case types.StartDateConstraint(start_date=date):
            return {'from': date.isoformat()}
        case types.TimeOfDateConstraint(start_time=start, end_time=end):
            return {'daily': [utc(start), utc(end)]}
    raise SystemExit(f'unknown constraint: {constraint!r}')


def model(provider_id: str, info: types.ModelInfo) -> dict:
    schedule = info.prices if isinstance(info.prices, list) else [types.ConditionalPrice(prices=info.prices)]
    result = {
        'id': info.id,
        'match': clause(info.match),
        'prices': [{**conditions(entry.constraint), 'rates': rates(entry.prices)} for entry in schedule],
    }
    if info.price_variants:
        result['variants'] = [
            {'when': entry.when, **conditions(entry.constraint), 'rates': rates(entry.prices)}
            for entry in info.price_variants
        ]
    if minimum := MINIMUM_SECONDS.get((provider_id, info.id)):
        result['minimum_seconds'] = minimum
    return result


def provider(info: types.Provider) -> dict:
    result = {'id': info.id, 'name': info.name}
    if info.pricing_urls:
        result['urls'] = info.pricing_urls
    if info.provider_match:
        result['match'] = clause(info.provider_match)
    if info.model_match:
        result['model_match'] = clause(info.model_match)
    if info.fallback_model_providers:
        result['fallback'] = info.fallback_model_providers
    result['models'] = [model(info.id, entry) for entry in info.models]
    return result


def unit(usage_key: str, raw: dict) -> dict:
    dimensions = dict(raw['dimensions'])
    return {'usage': usage_key, 'price': raw['price_key'], 'per': raw['per'], 'family': dimensions.pop('family'), 'dimensions': dimensions}


def convert(date: str) -> dict:
    return {
        'format': 1,
        'source': f'genai-prices {importlib.metadata.version("genai-prices")}',
        'url': SOURCE,
        'licence': 'MIT, see data/LICENSE-genai-prices',
        'date': date,
        'units': [unit(key, raw) for key, raw in unit_data.items()],
        'providers': [provider(entry) for entry in providers],
    }


def dump(value) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(',', ':'))


def render(catalogue: dict) -> str:
    lines = ['{']
    for key in ('format', 'source', 'url', 'licence', 'date'):
        lines.append(f' {dump(key)}:{dump(catalogue[key])},')
    lines.append(' "units":[')
    lines.append(',\n'.join(f'  {dump(entry)}' for entry in catalogue['units']))
    lines.append(' ],\n "providers":[')
    blocks = []
    for entry in catalogue['providers']:
        head = dump({key: value for key, value in entry.items() if key != 'models'})[:-1]
        models = ',\n'.join(f'   {dump(row)}' for row in entry['models'])
        blocks.append(f'  {head},"models":[\n{models}\n  ]}}')
    lines.append(',\n'.join(blocks))
    lines.append(' ]\n}\n')
    return '\n'.join(lines)


def differences(old: dict, new: dict):
    if old.get('source') != new['source']:
        yield f'source: {old.get("source")} -> {new["source"]}'
    if old.get('units') != new['units']:
        yield 'units changed'
    before = {entry['id']: entry for entry in old.get('providers', [])}
    after = {entry['id']: entry for entry in new['providers']}
    for name in sorted(before.keys() - after.keys()):
        yield f'provider removed: {name}'
    for name in sorted(after.keys() - before.keys()):
        yield f'provider added: {name} ({len(after[name]["models"])} models)'
    for name in sorted(before.keys() & after.keys()):
        yield from provider_differences(name, before[name], after[name])


def provider_differences(name: str, old: dict, new: dict):
    for key in ('name', 'urls', 'match', 'model_match', 'fallback'):
        if old.get(key) != new.get(key):
            yield f'{name}: {key}: {dump(old.get(key))} -> {dump(new.get(key))}'
    before = {row['id']: row for row in old['models']}
    after = {row['id']: row for row in new['models']}
    for model_id in sorted(before.keys() - after.keys()):
        yield f'{name}: model removed: {model_id}'
    for model_id in sorted(after.keys() - before.keys()):
        yield f'{name}: model added: {model_id} {dump(after[model_id]["prices"])}'
    for model_id in sorted(before.keys() & after.keys()):
        for key in ('match', 'prices', 'variants', 'minimum_seconds'):
            if before[model_id].get(key) != after[model_id].get(key):
                yield f'{name}: {model_id}: {key}: {dump(before[model_id].get(key))} -> {dump(after[model_id].get(key))}'


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = arguments.add_mutually_exclusive_group(required=True)
    mode.add_argument('--write', action='store_true', help='replace data/catalogue.json')
    mode.add_argument('--diff', action='store_true', help='show what would change')
    mode.add_argument('--check', action='store_true', help='show what would change; exit 1 if anything')
    arguments.add_argument('--date', help='day on which the data was taken, YYYY-MM-DD (with --write)')
    options = arguments.parse_args()
    old = json.loads(CATALOGUE.read_text()) if CATALOGUE.exists() else {}
    if options.write and not options.date:
        arguments.error('--write needs --date')
    new = convert(options.date or old.get('date', ''))
    changes = list(differences(old, new))
    print('\n'.join(changes) or 'no change')
    if options.write:
        CATALOGUE.write_text(render(new))
        print(f'wrote {CATALOGUE.name}: {len(new["providers"])} providers, {sum(len(entry["models"]) for entry in new["providers"])} models')
    return 1 if options.check and changes else 0


if __name__ == '__main__':
    sys.exit(main())
