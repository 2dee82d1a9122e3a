import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  beginRunMarker,
  endRun,
  listOpenRuns,
  newRunId,
  readRunMarker,
  type RunMarker,
} from '../../src/checkpoint/run-marker.ts';

const root = mkdtempSync(join(tmpdir(), 'sqlextract-marker-'));
const CHILD = join(import.meta.dirname, 'children', 'end-run.ts');

afterAll(() => rmSync(root, { recursive: true, force: true }));

function marker(runId: string): RunMarker {
  return {
    runId,
    startedAt: '2026-11-21T04:15:02.000Z',
    commandLine: 'sqlextract extract --table *',
    jobIds: ['a-1', 'b-2'],
  };
}

describe('run ids', () => {
  it('are made of the time and chance', () => {
    const now = new Date('2026-11-21T04:15:02.987Z');
    expect(newRunId(now)).toMatch(/^20261121T041502Z-[0-9a-f]{6}$/);
    expect(newRunId(now)).not.toBe(newRunId(now));
  });
});

describe('the marker of a run', () => {
  it('is there from its begin to its end', () => {
    const stateDir = join(root, 'life');
    const [one, two] = [newRunId(new Date(0)), newRunId(new Date(1e12))];
    expect(listOpenRuns(stateDir)).toEqual([]);
    expect(readRunMarker(stateDir, one)).toBeNull();
    beginRunMarker(stateDir, marker(two));
    beginRunMarker(stateDir, marker(one));
    beginRunMarker(stateDir, { ...marker(one), jobIds: ['c-3'] });
    expect(listOpenRuns(stateDir)).toEqual([{ ...marker(one), jobIds: ['c-3'] }, marker(two)]);
    expect(readdirSync(join(stateDir, 'runs')).sort()).toEqual([`${one}.json`, `${two}.json`]);
    expect(statSync(join(stateDir, 'runs', `${one}.json`)).mode & 0o777).toBe(0o600);
    endRun(stateDir, one);
    endRun(stateDir, one);
    expect(readRunMarker(stateDir, one)).toBeNull();
    expect(listOpenRuns(stateDir)).toEqual([marker(two)]);
  });

  it('is not misled by other files', () => {
    const stateDir = join(root, 'strange');
    const runId = newRunId(new Date());
    beginRunMarker(stateDir, marker(runId));
    for (const name of ['notes.json', `.${runId}.json.0123456789abcdef.tmp`, `${runId}.json.bak`]) {
      writeFileSync(join(stateDir, 'runs', name), 'x');
    }
    expect(listOpenRuns(stateDir)).toEqual([marker(runId)]);
    for (const text of [
      '',
      '{',
      '{}',
      'null',
      JSON.stringify(marker('20200101T000000Z-000000')),
      JSON.stringify({ ...marker(runId), jobIds: [1] }),
    ]) {
      writeFileSync(join(stateDir, 'runs', `${runId}.json`), text);
      expect(() => readRunMarker(stateDir, runId)).toThrow(
        expect.objectContaining({ problem: expect.objectContaining({ code: 'STATE_UNREADABLE' }) }),
      );
    }
  });

  it('takes no id that leads elsewhere', () => {
    expect(() => readRunMarker(root, '../../etc/passwd')).toThrow(/not a run id/);
    expect(() => endRun(root, 'x/../y')).toThrow(/not a run id/);
  });

  it.each([
    ['before-run-close', 1],
    ['after-run-close', 0],
  ])('killed %s leaves %i open runs', (fault, left) => {
    const stateDir = join(root, fault);
    const runId = newRunId(new Date());
    beginRunMarker(stateDir, marker(runId));
    const result = spawnSync(process.execPath, [CHILD, stateDir, runId, fault], { encoding: 'utf8' });
    expect([result.signal, result.stderr]).toEqual(['SIGKILL', '']);
    expect(listOpenRuns(stateDir)).toHaveLength(left);
    endRun(stateDir, runId);
    expect(listOpenRuns(stateDir)).toEqual([]);
  });
});
