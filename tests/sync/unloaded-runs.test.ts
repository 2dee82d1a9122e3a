import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UnloadedRuns } from '../../src/sync/unloaded-runs.ts';
import { exampleManifest } from '../checkpoint/manifest-example.ts';
import { planned } from '../ingest/load-example.ts';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'unloaded-'));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const TARGET = 'postgres://dw/shop';
const load = planned();
const later = planned({ ...exampleManifest(), run: 'later' });

function open(target = TARGET): UnloadedRuns {
  return new UnloadedRuns(stateDir, target);
}

describe('runs that were begun and not loaded', () => {
  test('are there for the next call, until they are loaded', () => {
    expect(open().runs().size).toBe(0);
    expect(open().begin(load)).toBeNull();
    const again = open();
    expect([...again.runs()]).toEqual([load.source.run]);
    again.end(load.source.job);
    expect(open().runs().size).toBe(0);
    expect(readdirSync(join(stateDir, 'sync'))).toEqual([]);
  });

  test('are of one target each', () => {
    open().begin(load);
    expect(open('mysql://dw/shop').runs().size).toBe(0);
    open('mysql://dw/shop').begin(load);
    open().end(load.source.job);
    expect(open('mysql://dw/shop').runs().size).toBe(1);
  });

  test('give way to the next run of their job, and what they left is named', () => {
    open().begin(load);
    expect(open().begin(load)).toBeNull();
    const left = open().begin(later);
    expect(left?.source.run).toBe(load.source.run);
    expect([...open().runs()]).toEqual(['later']);
  });

  test('into another schema are another load, with other staging tables', () => {
    open().begin(load);
    expect(open().begin(planned(exampleManifest(), { schema: 'raw' }))?.tag).toBe(load.tag);
  });

  test('that cannot be read count as none, and files of others stay', () => {
    open().begin(load);
    const [name = ''] = readdirSync(join(stateDir, 'sync'));
    const path = join(stateDir, 'sync', name);
    expect(readFileSync(path, 'utf8')).not.toContain('part-000001');
    writeFileSync(path, '{"version": 1, "tar');
    writeFileSync(join(stateDir, 'sync', 'notes.txt'), 'theirs');
    expect(open().runs().size).toBe(0);
    open().begin(load);
    expect(readdirSync(join(stateDir, 'sync')).toSorted()).toEqual([name, 'notes.txt'].toSorted());
  });
});
