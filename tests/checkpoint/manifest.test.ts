import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { misfit, type Shape } from '../../src/checkpoint/check-shape.ts';
import { readLatest, readManifest, writeLatest, writeManifest } from '../../src/checkpoint/manifest.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { exampleManifest, exampleWindow } from './manifest-example.ts';

const root = mkdtempSync(join(tmpdir(), 'sqlextract-manifest-'));
const schema = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../schema/manifest.schema.json'), 'utf8'),
) as Shape;
const ajv = new Ajv({ allowUnionTypes: true }).compile(schema);

afterAll(() => rmSync(root, { recursive: true, force: true }));

function newFolder(name: string): string {
  const folder = join(root, name);
  mkdirSync(folder);
  return folder;
}

function incremental(): Manifest {
  return { ...exampleManifest(), incremental: exampleWindow() };
}

describe('the manifest', () => {
  it('comes back as it was written, private, with nothing left beside it', () => {
    const folder = newFolder('roundtrip');
    const path = writeManifest(folder, exampleManifest());
    expect(path).toBe(join(folder, 'manifest.json'));
    expect(readManifest(path)).toEqual(exampleManifest());
    expect(readdirSync(folder)).toEqual(['manifest.json']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writeManifest(folder, { ...exampleManifest(), job: 'again' });
    expect(readManifest(path).job).toBe('again');
  });

  it('is of its published schema', () => {
    expect(ajv(exampleManifest())).toBe(true);
    expect(ajv({ ...exampleManifest(), consistency: { level: 'perhaps' } })).toBe(false);
    expect(ajv(incremental())).toBe(true);
    expect(ajv({ ...incremental(), incremental: { ...exampleWindow(), previous: '../elsewhere' } })).toBe(false);
  });

  it('is checked by the program exactly as by a JSON Schema validator', () => {
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(0, -1, 1.5, '', null, [], {}, true, 'csv', '../x', 2, 'a'.repeat(64)),
    );
    const places = placesIn(incremental(), []);
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.option(anything, { nil: undefined }), (path, value) => {
        const changed = withChange(incremental(), path, value);
        const ours = misfit(changed, schema) === null;
        if (!ours) refused += 1;
        expect([path, value, ours]).toEqual([path, value, ajv(changed)]);
      }),
      { numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  it('refuses to be written or read when it contradicts itself', () => {
    const folder = newFolder('contradictions');
    const good = exampleManifest();
    const [first, second] = good.files;
    if (first === undefined || second === undefined) throw new Error('two files');
    const wrong: Record<string, Manifest> = {
      'totals/rows': { ...good, totals: { ...good.totals, rows: 1 } },
      'totals/bytes': { ...good, totals: { ...good.totals, bytes: 1 } },
      'totals/files': { ...good, totals: { ...good.totals, files: 3 } },
      'one path': { ...good, files: [first, { ...second, path: first.path }] },
      'one entry per column': { ...good, files: [first, { ...second, nullCounts: [0] }] },
      'not listed': { ...good, files: [first, { ...second, epoch: 7 }] },
    };
    for (const [words, manifest] of Object.entries(wrong)) {
      expect(() => writeManifest(folder, manifest)).toThrow(words);
      writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
      expect(() => readManifest(join(folder, 'manifest.json'))).toThrow(problem('MANIFEST_INVALID', words));
    }
    writeFileSync(
      join(folder, 'manifest.json'),
      JSON.stringify({ ...good, files: [first, { ...second, path: '../../etc/passwd' }] }),
    );
    expect(() => readManifest(join(folder, 'manifest.json'))).toThrow(problem('MANIFEST_INVALID', 'files/1/path'));
  });

  it('says whether it is missing, newer or damaged', () => {
    const folder = newFolder('unreadable');
    const path = join(folder, 'manifest.json');
    expect(() => readManifest(path)).toThrow(problem('MANIFEST_MISSING', path));
    writeFileSync(path, JSON.stringify({ version: 2, anything: 'else' }));
    expect(() => readManifest(path)).toThrow(problem('MANIFEST_NEWER', 'version 2'));
    for (const text of ['', '{"version": 1', 'null', '[]', '{"version": 0}', '{"version": "1"}', '7']) {
      writeFileSync(path, text);
      expect(() => readManifest(path)).toThrow(problem('MANIFEST_INVALID', path));
    }
  });

  it.each([
    ['before-manifest', false],
    ['after-manifest', true],
  ])('killed %s is there: %s, and never in part', (fault, there) => {
    const folder = newFolder(fault);
    const child = join(import.meta.dirname, 'children', 'write-manifest.ts');
    const result = spawnSync(process.execPath, [child, folder, fault], { encoding: 'utf8' });
    expect([result.signal, result.stderr]).toEqual(['SIGKILL', '']);
    const found = readdirSync(folder).map((name) => [name, readManifest(join(folder, name))]);
    expect(found).toEqual(there ? [['manifest.json', exampleManifest()]] : []);
  });
});

describe('latest.json', () => {
  it('points to the last finished run', () => {
    const folder = newFolder('latest');
    expect(() => readLatest(folder)).toThrow(problem('MANIFEST_MISSING', 'latest.json'));
    const latest = {
      version: 1,
      run: 'r1',
      manifest: 'r1/manifest.json',
      finishedAt: '2026-11-21T04:20:00.000Z',
    } as const;
    writeLatest(folder, latest);
    writeLatest(folder, { ...latest, run: 'r2', manifest: 'r2/manifest.json' });
    expect(readLatest(folder)).toEqual({ ...latest, run: 'r2', manifest: 'r2/manifest.json' });
    expect(readdirSync(folder)).toEqual(['latest.json']);
    expect(() => writeLatest(folder, { ...latest, manifest: '../elsewhere/manifest.json' })).toThrow(
      /manifest must match/,
    );
    writeFileSync(join(folder, 'latest.json'), JSON.stringify({ ...latest, manifest: '/etc/manifest.json' }));
    expect(() => readLatest(folder)).toThrow(problem('MANIFEST_INVALID', 'manifest must match'));
  });

  it('says that its folder cannot be written', () => {
    const latest = { version: 1, run: 'r1', manifest: 'r1/manifest.json', finishedAt: '' } as const;
    expect(() => writeLatest(join(root, 'nowhere'), latest)).toThrow(problem('OUTPUT_NOT_WRITABLE', 'nowhere'));
  });
});

describe('misfit', () => {
  it('throws on a keyword that it does not know, rather than to pass over it', () => {
    expect(() => misfit({}, { maxProperties: 1 })).toThrow(/maxProperties/);
    expect(() => misfit({}, { $ref: '#/definitions/nothing' })).toThrow(/nothing/);
  });
});

type Path = readonly (string | number)[];

function placesIn(value: unknown, path: Path): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([name, one]) =>
      placesIn(one, [...path, Array.isArray(value) ? Number(name) : name]),
    ),
  ];
}

/** Undefined removes the place. */
function withChange(value: unknown, path: Path, change: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return change === undefined ? null : change;
  const copy = structuredClone(value) as Record<string | number, unknown>;
  if (rest.length > 0) copy[name] = withChange(copy[name], rest, change);
  else if (change === undefined && Array.isArray(copy)) copy.splice(Number(name), 1);
  else if (change === undefined) delete copy[name];
  else copy[name] = change;
  return copy;
}

function problem(code: string, words: string): object {
  const said = expect.stringContaining(words) as string;
  return expect.objectContaining({
    problem: expect.objectContaining({ code, message: said, hint: expect.any(String) }),
  });
}
