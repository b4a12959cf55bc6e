#!/usr/bin/env python3
"""Writes the small cases of docs/comparison.md as MaskBench files: one thing each, so that a figure has a cause.

    bench/peers/micro_cases.py OUT        then bench_peer_prepare OUT VOCABULARY CASES

SPDX-License-Identifier: Apache-2.0
"""
import json
import pathlib
import sys

WORDS = ('The ferry left at nine, and the harbour was quiet again. Two men were mending nets beside the wall, a third '
         'was counting crates. ').strip()


def text_of(size):
    return (WORDS + ' ' + WORDS)[:size]


def with_text(schema, text):
    properties = {'text': schema}
    return {'type': 'object', 'properties': properties, 'required': ['text'], 'additionalProperties': False}, {'text': text}


def parameters(index):
    properties = {
        f'subject_{index}': {'type': 'string'},
        'count': {'type': 'integer'},
        'unit': {'type': 'string', 'enum': ['metric', 'imperial', f'special_{index % 7}']},
        'exact': {'type': 'boolean'},
        'tags': {'type': 'array', 'items': {'type': 'string'}},
    }
    return {'type': 'object', 'properties': properties, 'required': list(properties)[:4], 'additionalProperties': False}


def answer(count):
    index = count // 2
    arguments = {f'subject_{index}': text_of(60), 'count': 12, 'unit': 'metric', 'exact': True, 'tags': ['a', 'quick']}
    return {'name': f'tool_{index}_of_the_set', 'parameters': arguments}


def tools_as_any_of(count):
    def one(index):
        properties = {'name': {'const': f'tool_{index}_of_the_set'}, 'parameters': parameters(index)}
        return {'type': 'object', 'properties': properties, 'required': ['name', 'parameters'], 'additionalProperties': False}
    return {'anyOf': [one(index) for index in range(count)]}


def tools_as_set(count):
    return [{'type': 'function', 'function': {'name': f'tool_{index}_of_the_set', 'parameters': parameters(index)}}
            for index in range(count)]


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    cases = {
        '1_plain_string': with_text({'type': 'string'}, text_of(190)),
        '2_max_length_200': with_text({'type': 'string', 'maxLength': 200}, text_of(190)),
        '3_max_length_100000': with_text({'type': 'string', 'maxLength': 100_000}, text_of(190)),
        '4_pattern_1_to_80': with_text({'type': 'string', 'pattern': '^[A-Za-z0-9 ,.]{1,80}$'}, text_of(76)),
    }
    for count in (10, 100, 1000):
        cases[f'5_{count:04}_tools_any_of'] = (tools_as_any_of(count), answer(count))
        cases[f'6_{count:04}_tools_as_set'] = (tools_as_set(count), answer(count))
    for name, (schema, instance) in cases.items():
        kind = 'tools' if name.endswith('as_set') else 'schema'
        text = json.dumps({kind: schema, 'tests': [{'valid': True, 'data': instance}]})
        (out / f'{name}.json').write_text(text)


main()
