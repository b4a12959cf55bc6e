#!/usr/bin/env python3
"""Runs engines over the same cases, interleaved case by case, and prints what each got right and how long it took.

    bench/peers/compare.py run CASES OUT [--programs build/bench] [--engines cadre,llguidance,..] [--seconds 55]
                                         [--every 1] [--first 0]
    bench/peers/compare.py table CASES OUT [--common]
    bench/peers/compare.py micro CASES OUT
    bench/peers/compare.py differences CASES OUT

`run` appends a line per case and engine to OUT and goes on behind what stands there, until --seconds are over: repeat it
until it says "done". CASES comes from bench_peer_prepare. `table --common` counts only cases that every engine compiled
in time. What is measured: bench/peers/driver.h.
SPDX-License-Identifier: Apache-2.0
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys
import time

ENGINES = {
    'cadre': ['bench_peer_cadre'],
    'cadre-ids': ['bench_peer_cadre', 'ids'],
    'llguidance': ['bench_peer_llguidance'],
    'xgrammar-fixed': ['bench_peer_xgrammar', 'fixed'],
    'xgrammar-strict': ['bench_peer_xgrammar', 'strict'],
    'xgrammar-open': ['bench_peer_xgrammar', 'open'],
}
BUCKETS_PER_OCTAVE = 32  # driver.cc


class Driver:
    """A program that stays loaded; started again after a case that ended it."""

    def __init__(self, command):
        self.command = command
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return json.loads(self.process.stdout.readline())

    def run(self, number):
        if self.process is None:
            self.start()
        self.process.stdin.write(f'{number}\n')
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        result = json.loads(line) if line else {'crash': True}
        if not line or result.get('timeout'):
            self.stop()
        return result

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def read_tests(path):
    """Name and what is valid, per case; the vocabulary is skipped."""
    cases = []
    with open(path, 'rb') as file:
        for _ in range(int(file.readline().split()[1])):
            size = b''
            while not size.endswith(b' '):
                size += file.read(1)
            file.read(int(size) + 1)
        while header := file.readline().split():
            file.read(int(header[3]) + 1)
            valid = ''.join('1' if file.readline().startswith(b'1') else '0' for _ in range(int(header[4])))
            cases.append((header[1].decode(), valid))
    return cases


def read_results(path):
    results = collections.defaultdict(dict)  # number -> engine -> result
    if pathlib.Path(path).exists():
        for line in open(path):
            record = json.loads(line)
            results[record['number']][record['engine']] = record
    return results


def run(args):
    engines = args.engines.split(',')
    done = read_results(args.out)
    drivers = {e: Driver([f'{args.programs}/{ENGINES[e][0]}', args.cases, *ENGINES[e][1:]]) for e in engines}
    end = time.time() + args.seconds
    count = len(read_tests(args.cases))
    for engine in engines:
        print(f'{engine}: {drivers[engine].start()}', file=sys.stderr)
    left = [n for n in range(args.first, count, args.every) if any(e not in done[n] for e in engines)]
    with open(args.out, 'a') as out:
        for turn, number in enumerate(left):
            if time.time() > end:
                break
            order = engines[turn % len(engines):] + engines[:turn % len(engines)]
            for engine in order:
                if engine in done[number]:
                    continue
                record = {'number': number, 'engine': engine, **drivers[engine].run(number)}
                out.write(json.dumps(record) + '\n')
                out.flush()
        else:
            print('done', file=sys.stderr)
    for driver in drivers.values():
        driver.stop()


class Times:
    def __init__(self):
        self.buckets = collections.Counter()
        self.count = self.sum = self.max = 0

    def add_ns(self, ns):
        self.add({'count': 1, 'sum': ns, 'max': ns, 'buckets': {}})
        self.buckets[bucket_of(ns)] += 1

    def add(self, times):
        self.count += times['count']
        self.sum += times['sum']
        self.max = max(self.max, times['max'])
        for bucket, count in times['buckets'].items():
            self.buckets[int(bucket)] += count

    def at(self, share):
        left = share * (self.count - 1)
        for bucket, count in sorted(self.buckets.items()):
            left -= count
            if left < 0:
                return 2 ** ((bucket + 0.5) / BUCKETS_PER_OCTAVE) / 1000
        return self.max / 1000

    def us(self):
        if not self.count:
            return []
        points = [self.at(share) for share in (0.5, 0.9, 0.99, 0.999)]
        return [*points, self.max / 1000, self.sum / self.count / 1000]


def bucket_of(ns):
    import math
    return int(BUCKETS_PER_OCTAVE * math.log2(max(ns, 1)))


class Score:
    def __init__(self):
        self.count = collections.Counter()
        self.first, self.cold, self.warm, self.advance = Times(), Times(), Times(), Times()
        self.compiled_bytes, self.walked_bytes, self.forks, self.rollbacks = [], [], [], []

    def add(self, valid, result):
        self.count['schemas'] += 1
        self.count['valid'] += valid.count('1')
        self.count['invalid'] += valid.count('0')
        for reason in ('refused', 'timeout', 'crash', 'unstable'):
            self.count[reason] += reason in result
        if 'accepted' not in result:
            return
        accepted = result['accepted']
        self.count['passing'] += accepted == valid
        self.count['valid accepted'] += sum(a == v == '1' for a, v in zip(accepted, valid))
        self.count['valid refused'] += sum(a == '0' and v == '1' for a, v in zip(accepted, valid))
        self.count['wrong accepts'] += sum(a == '1' and v == '0' for a, v in zip(accepted, valid))
        self.first.add_ns(result['first'])
        self.cold.add(result['cold']['mask'])
        self.warm.add(result['warm']['mask'])
        self.advance.add(result['cold']['advance'])
        self.compiled_bytes.append(result['bytes_compiled'])
        self.walked_bytes.append(result['bytes_walked'])
        if isinstance(result.get('fork'), int):
            self.forks.append(result['fork'])
            self.rollbacks.append(result['rollback'])


def share(values, at):
    return sorted(values)[int(at * (len(values) - 1))] if values else 0


def number(value):
    return f'{value:,.0f}' if value >= 100 else f'{value:.3g}'


def print_rows(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print('| ' + ' | '.join(cell.ljust(width) for cell, width in zip(row, widths)) + ' |')
        if row is rows[0]:
            print('|' + '|'.join('-' * (width + 2) for width in widths) + '|')


def table(args):
    tests, results = read_tests(args.cases), read_results(args.out)
    engines = [e for e in ENGINES if any(e in r for r in results.values())]
    numbers = [n for n in sorted(results) if all(e in results[n] for e in engines)]
    if args.common:
        numbers = [n for n in numbers if all('accepted' in results[n][e] for e in engines)]
    scores = {e: Score() for e in engines}
    for n in numbers:
        for e in engines:
            scores[e].add(tests[n][1], results[n][e])
    rows = [['', *engines]]
    for what in ('schemas', 'refused', 'timeout', 'crash', 'unstable', 'passing', 'valid', 'valid accepted',
                 'valid refused', 'invalid', 'wrong accepts'):
        rows.append([what, *(f"{scores[e].count[what]:,}" for e in engines)])
    rows.append(['masks, cold', *(f'{scores[e].cold.count:,}' for e in engines)])
    for name in ('first', 'cold', 'warm', 'advance'):
        for i, point in enumerate(('p50', 'p90', 'p99', 'p99.9', 'max', 'mean')):
            rows.append([f'{name} {point}, us',
                         *(number(us[i]) if (us := getattr(scores[e], name).us()) else '-' for e in engines)])
    for name in ('compiled_bytes', 'walked_bytes'):
        for point, at in (('p50', 0.5), ('p95', 0.95), ('max', 1)):
            rows.append([f'{name} {point}, kB', *(number(share(getattr(scores[e], name), at) / 1000) for e in engines)])
    for name in ('forks', 'rollbacks'):
        rows.append([f'{name} p50, us', *(number(share(getattr(scores[e], name), 0.5) / 1000) for e in engines)])
    print_rows(rows)


def micro(args):
    tests, results = read_tests(args.cases), read_results(args.out)
    rows = [['case', 'engine', 'first, us', 'cold p50', 'cold max', 'warm p50', 'warm max', 'fork', 'rollback', 'kB']]
    for n in sorted(results):
        for e in ENGINES:
            result = results[n].get(e)
            if result is None:
                continue
            if 'accepted' not in result:
                rows.append([tests[n][0], e, 'over 10 s' if 'timeout' in result else 'refused', *[''] * 7])
                continue
            cold, warm = Times(), Times()
            cold.add(result['cold']['mask'])
            warm.add(result['warm']['mask'])
            values = [result['first'] / 1000, cold.at(0.5), cold.max / 1000, warm.at(0.5), warm.max / 1000]
            for name in ('fork', 'rollback', 'bytes_walked'):
                values.append(value / 1000 if isinstance(value := result.get(name, 0), int) else 0)
            wrong = '' if result['accepted'] == tests[n][1] else ' (wrong)'
            rows.append([tests[n][0], e + wrong, *map(number, values)])
    print_rows(rows)


def differences(args):
    tests, results = read_tests(args.cases), read_results(args.out)
    for n in sorted(results):
        for e, result in results[n].items():
            for i, (accepted, valid) in enumerate(zip(result.get('accepted', ''), tests[n][1])):
                if accepted != valid:
                    print(f"{e}: {tests[n][0]}: test {i}: wrongly {'accepted' if accepted == '1' else 'refused'}")
            for reason in ('refused', 'timeout', 'crash', 'unstable'):
                if reason in result:
                    print(f'{e}: {tests[n][0]}: {reason}: {result[reason]}')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('what', choices=['run', 'table', 'micro', 'differences'])
    parser.add_argument('cases')
    parser.add_argument('out')
    parser.add_argument('--programs', default='build/bench')
    parser.add_argument('--engines', default='cadre,cadre-ids,llguidance,xgrammar-fixed,xgrammar-open')
    parser.add_argument('--seconds', type=float, default=55)
    parser.add_argument('--every', type=int, default=1)
    parser.add_argument('--first', type=int, default=0)
    parser.add_argument('--common', action='store_true')
    args = parser.parse_args()
    globals()[args.what](args)


main()
