import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openJob } from '../../src/checkpoint/open-job.ts';
import { prepareStateFolder, requireLocal } from '../../src/checkpoint/state-folder.ts';
import { chunk, newRun } from '../conformance/checkpoint.suite.ts';
import { requestFor } from './job-example.ts';

const root = mkdtempSync(join(tmpdir(), 'sqlextract-folder-'));
const small = join(root, 'small');
mkdirSync(small);
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', small]).status === 0;

afterAll(() => {
  if (mounted) spawnSync('umount', [small]);
  rmSync(root, { recursive: true, force: true });
});

describe('the state folder', () => {
  it('is refused on a network file system, with the flag that helps', () => {
    for (const type of [0x6969, 0xff534d42, 0x517b]) {
      expect(() => requireLocal('/state', type)).toThrow(problem('STATE_DIR_NOT_LOCAL', 'state', /--state-dir/));
    }
    for (const local of [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630]) requireLocal('/state', local);
    prepareStateFolder(join(root, 'a', 'b', '.sqlextract'));
  });

  it('is refused when it cannot be written', () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    expect(() => openJob(requestFor(join(file, '.sqlextract'), 'users'))).toThrow(
      problem('STATE_DIR_NOT_WRITABLE', 'state', /--state-dir/),
    );
    expect(() => openJob(requestFor(file, 'users'))).toThrow(problem('STATE_DIR_NOT_WRITABLE', 'state', /--state-dir/));
  });

  it.runIf(mounted)('says that the disk is full, keeps what is done, and goes on when there is space', () => {
    using job = openJob(requestFor(join(small, '.sqlextract'), 'users'));
    job.store.beginRun(newRun('r1'));
    const plan = (from: number) =>
      job.store.savePlan(
        'r1',
        { complete: false, coveredTo: [String(from)], nextPart: 0, nextBlock: 0 },
        Array.from({ length: 500 }, (_, index) => chunk(from + index)),
      );
    let planned = 0;
    const fill = () => {
      for (; planned < 50; planned += 1) plan(1 + planned * 500);
    };
    expect(fill).toThrow(problem('DISK_FULL', 'disk', /run the same command again/));
    expect(job.store.chunks('r1')).toHaveLength(planned * 500);
    expect(job.store.currentRun()?.progress.coveredTo).toEqual(
      planned === 0 ? null : [String(1 + (planned - 1) * 500)],
    );
    spawnSync('mount', ['-o', 'remount,size=4m', small]);
    plan(1 + planned * 500);
    expect(job.store.chunks('r1')).toHaveLength((planned + 1) * 500);
  });
});

function problem(code: string, fault: string, hint: RegExp): object {
  return expect.objectContaining({
    problem: expect.objectContaining({ code, fault, hint: expect.stringMatching(hint) }),
  });
}
