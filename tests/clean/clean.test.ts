import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import type { CleanReport } from '../../src/clean/clean-plan.ts';
import { jobFilesOf } from '../../src/checkpoint/job-files.ts';
import { listJobs } from '../../src/checkpoint/list-jobs.ts';
import { takeLock } from '../../src/checkpoint/lock.ts';
import { beginRunMarker, listOpenRuns } from '../../src/checkpoint/run-marker.ts';
import type { VerifyReport } from '../../src/verify/verification.ts';
import { type CliRun, runCli } from '../support/run-cli.ts';
import { freshFolder } from '../verify/extracted.ts';

const ROWS = 4000;
const LONG_AGO = new Date(Date.now() - 3_600_000);

describe('clean', () => {
  let cwd: string;
  let stateDir: string;

  beforeEach(({ onTestFinished }) => {
    const folder = freshFolder();
    onTestFinished(() => folder[Symbol.dispose]());
    cwd = folder.path;
    stateDir = join(cwd, '.sqlextract');
    using database = new DatabaseSync(join(cwd, 'source.sqlite'));
    for (const table of ['a', 'b']) {
      database.exec(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, name TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
        INSERT INTO ${table} SELECT i, hex(i * 7919) FROM n`);
    }
  });

  async function cli(args: readonly string[], fault?: string): Promise<CliRun> {
    const env = {
      SQLEXTRACT_SOURCE: join(cwd, 'source.sqlite'),
      ...(fault === undefined ? {} : { SQLEXTRACT_FAULT: fault }),
    };
    return runCli(args, { cwd, env });
  }
  async function extract(tables: readonly string[] = ['a'], fault?: string): Promise<CliRun> {
    const named = tables.flatMap((table) => ['--table', table]);
    return cli(['extract', ...named, '--chunk-size', '8KB', '--quiet'], fault);
  }
  async function clean(...args: readonly string[]): Promise<CleanReport> {
    const run = await cli(['clean', '--yes', '--json', ...args]);
    if (run.code !== 0) throw new Error(run.stdout + run.stderr);
    return JSON.parse(run.stdout) as CleanReport;
  }
  async function verifyOne(): Promise<VerifyReport['tables'][number] | undefined> {
    const run = await cli(['verify', '--json']);
    if (run.code !== 0) throw new Error(run.stdout + run.stderr);
    return (JSON.parse(run.stdout) as VerifyReport).tables[0];
  }
  function runFolders(table = 'a'): readonly string[] {
    const folder = join(cwd, 'export', table);
    const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return names.map((entry) => join(folder, entry.name));
  }
  function onlyRunFolder(table = 'a'): string {
    const [only, ...more] = runFolders(table);
    expect(more).toEqual([]);
    return only ?? '';
  }

  test('temporary files of a killed run go; what the rerun needs stays, and so does what is not ours', async () => {
    expect(await extract(['a'], 'before-rename:3')).toMatchObject({ signal: 'SIGKILL' });
    const folder = onlyRunFolder();
    const temporary = readdirSync(folder).filter((name) => name.endsWith('.tmp'));
    expect(temporary.length).toBeGreaterThan(0);
    const foreign = ['notes.txt', '.mine.tmp', 'part-x.parquet'];
    for (const name of foreign) writeFileSync(join(folder, name), 'not ours');
    const parts = readdirSync(folder).filter((name) => /^part-\d/.test(name));

    const planned = await cli(['clean', '--dry-run', '--json']);
    expect(JSON.parse(planned.stdout)).toMatchObject({ status: 'dry run', files: temporary.length + 1 });
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(temporary));
    const report = await clean();
    expect(report.items.map(({ kind }) => kind)).toEqual(['temporary files', 'owner file']);
    expect(readdirSync(folder).sort()).toEqual([...parts, ...foreign].sort());
    expect(existsSync(jobFilesOf(stateDir, report.items[0]?.job ?? '').owner)).toBe(false);
    expect((await clean()).status).toBe('nothing to clean');

    expect(await extract()).toMatchObject({ code: 0 });
    expect(runFolders()).toEqual([folder]);
    expect(await verifyOne()).toMatchObject({ status: 'equal', rows: ROWS });
  });

  test('an abandoned run goes only when asked for, with its marker; the next run begins anew', async () => {
    expect(await extract(['a', 'b'], 'after-rename:4')).toMatchObject({ signal: 'SIGKILL' });
    const folders = [...runFolders('a'), ...runFolders('b')];
    await clean();
    expect(folders.every((folder) => existsSync(folder))).toBe(true);
    expect(listOpenRuns(stateDir)).toHaveLength(1);
    writeFileSync(join(folders[0] ?? '', 'notes.txt'), 'not ours');

    const report = await clean('--abandoned');
    expect(report.items.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['abandoned run', 'run marker']));
    expect(report.remarks.join()).toContain('not ours');
    expect(readdirSync(folders[0] ?? '')).toEqual(['notes.txt']);
    expect(listOpenRuns(stateDir)).toEqual([]);
    expect(await extract(['a', 'b'])).toMatchObject({ code: 0 });
    expect(await verifyOne()).toMatchObject({ status: 'equal', rows: ROWS });
  });

  test('the marker of a run stays while one of its tables can be finished', async () => {
    expect(await extract(['a', 'b'], 'after-rename:1')).toMatchObject({ signal: 'SIGKILL' });
    expect(await cli(['extract', '--table', 'b', '--fresh', '--quiet'])).toMatchObject({ code: 0 });
    const [marker] = listOpenRuns(stateDir);
    await clean();
    expect(listOpenRuns(stateDir)).toEqual([marker]);
    expect(marker?.jobIds).toHaveLength(2);
  });

  test('--older-than spares a run that was killed just now', async () => {
    expect(await extract(['a'], 'after-rename:2')).toMatchObject({ signal: 'SIGKILL' });
    expect((await clean('--abandoned', '--older-than', '1h')).items.map(({ kind }) => kind)).not.toContain(
      'abandoned run',
    );
    expect(runFolders()).toHaveLength(1);
  });

  test('--keep removes older runs, never the one that latest.json points to', async () => {
    for (const _ of [1, 2, 3]) expect(await extract()).toMatchObject({ code: 0 });
    const job = listJobs(stateDir)[0];
    const runs = job?.kind === 'readable' ? job.runs.map(({ folder }) => folder) : [];
    const [oldest = '', middle = '', newest = ''] = runs;
    const latest = join(cwd, 'export', 'a', 'latest.json');
    const pointer = readFileSync(latest, 'utf8').replaceAll(basename(newest), basename(oldest));
    writeFileSync(latest, pointer);

    expect((await clean('--keep', '1', '--older-than', '1d')).items).toEqual([]);
    const report = await clean('--keep', '1');
    expect(report.items).toEqual([expect.objectContaining({ kind: 'old run', run: basename(middle) })]);
    expect([oldest, middle, newest].map((folder) => existsSync(folder))).toEqual([true, false, true]);
    const status = JSON.parse((await cli(['status', '--json'])).stdout) as { jobs: { runs: { status: string }[] }[] };
    expect(status.jobs[0]?.runs.map((run) => run.status)).toEqual(['complete', 'discarded', 'complete']);
  });

  test('--loaded removes data files; verify does not take them for lost, and the next run is a new one', async () => {
    expect(await extract()).toMatchObject({ code: 0 });
    const folder = onlyRunFolder();
    const report = await clean('--loaded');
    expect(report.items.map(({ kind }) => kind)).toEqual(['loaded files']);
    expect(readdirSync(folder).sort()).toEqual(['manifest.json', 'removed.json']);
    expect(await verifyOne()).toMatchObject({ status: 'removed', differences: [] });
    expect((await cli(['verify'])).stdout).toContain('removed after loading');
    expect((await clean('--loaded')).status).toBe('nothing to clean');

    expect(await extract()).toMatchObject({ code: 0 });
    expect(runFolders()).toHaveLength(2);
    expect(await verifyOne()).toMatchObject({ status: 'equal', removedFiles: 0, rows: ROWS });
  });

  test('--loaded leaves a running run, and a finished table of one, alone', async () => {
    expect(await extract(['a', 'b'], 'after-manifest:3')).toMatchObject({ signal: 'SIGKILL' });
    expect((await clean('--loaded', '--keep', '1')).items.filter(({ kind }) => kind === 'loaded files')).toEqual([]);
    expect(await extract(['a', 'b'])).toMatchObject({ code: 0 });
    expect(await verifyOne()).toMatchObject({ status: 'equal', rows: ROWS });
  });

  test('a job that is worked on is skipped, and said', async () => {
    for (const _ of [1, 2]) expect(await extract()).toMatchObject({ code: 0 });
    const [job] = listJobs(stateDir);
    using lock = takeLock(jobFilesOf(stateDir, job?.jobId ?? ''), 'sqlextract extract');
    const report = await clean('--keep', '1', '--loaded');
    expect(report).toMatchObject({ status: 'nothing to clean' });
    expect(report.remarks.join()).toContain('works on it');
    expect(runFolders()).toHaveLength(2);
    expect(existsSync(lock.path)).toBe(true);
  });

  test('links are refused', async () => {
    for (const _ of [1, 2]) expect(await extract()).toMatchObject({ code: 0 });
    const table = join(cwd, 'export', 'a');
    const elsewhere = join(cwd, 'elsewhere');
    renameSync(table, elsewhere);
    symlinkSync(elsewhere, table);
    const report = await clean('--keep', '1', '--loaded');
    expect(report.status).toBe('nothing to clean');
    expect(report.remarks.join()).toContain('symbolic link');
    expect(readdirSync(elsewhere)).toHaveLength(3);
  });

  test('a link under the name of a data file stays, and so does what it points to', async () => {
    expect(await extract()).toMatchObject({ code: 0 });
    const folder = onlyRunFolder();
    const victim = join(cwd, 'victim.parquet');
    const part = join(folder, 'part-000001.parquet');
    renameSync(part, victim);
    symlinkSync(victim, part);
    await clean('--loaded');
    expect(readdirSync(folder).sort()).toEqual(['manifest.json', 'part-000001.parquet', 'removed.json']);
    expect(existsSync(victim)).toBe(true);
  });

  test('discarded runs, stale markers, temporary files and dead sockets go; living ones stay', async () => {
    expect(await extract(['a'], 'after-rename:2')).toMatchObject({ signal: 'SIGKILL' });
    const discarded = onlyRunFolder();
    const kept = join(discarded, 'part-000009.parquet');
    expect(await cli(['extract', '--table', 'a', '--fresh', '--quiet'])).toMatchObject({ code: 0 });
    // what sync remembers stays as long as there is a state that the run could be in
    expect(await cli(['sync', '--table', 'b', '--quiet'], 'before-load-prepare')).toMatchObject({ signal: 'SIGKILL' });
    const isOfB = (job: { readonly jobId: string }): boolean => job.jobId.startsWith('b-');
    expect((await clean()).items.map(({ kind }) => kind)).not.toContain('unloaded run');
    for (const { jobId } of listJobs(stateDir).filter(isOfB)) rmSync(jobFilesOf(stateDir, jobId).state);
    mkdirSync(discarded, { recursive: true });
    writeFileSync(kept, 'left by a clean-up that was killed');
    const jobIds = listJobs(stateDir).map(({ jobId }) => jobId);
    beginRunMarker(stateDir, {
      runId: '20200101T000000Z-aaaaaa',
      startedAt: '2020-01-01T00:00:00.000Z',
      commandLine: '',
      jobIds,
    });
    const young = join(stateDir, 'runs', '.x.json.0123456789abcdef.tmp');
    const old = join(stateDir, 'jobs', '.x.json.0123456789abcdef.tmp');
    for (const path of [young, old]) writeFileSync(path, '');
    utimesSync(old, LONG_AGO, LONG_AGO);
    mkdirSync(join(stateDir, 'run'), { recursive: true });
    const [dead, alive] = ['000000000000', '111111111111'].map((id) => join(stateDir, 'run', `holder-${id}.sock`));
    await killedServer(dead ?? '');
    const server = createServer().listen(alive);
    await new Promise((resolve) => server.once('listening', resolve));
    for (const path of [dead ?? '', alive ?? '']) utimesSync(path, LONG_AGO, LONG_AGO);

    const report = await clean();
    server.close();
    expect(report.items.map(({ kind }) => kind).sort()).toEqual([
      'discarded run',
      'holder socket',
      'run marker',
      'temporary files',
      'unloaded run',
    ]);
    expect(report.remarks).toEqual([expect.stringMatching(/^b: run \S+ never got into .*, and its state is gone/)]);
    expect([dirname(kept), old, young].map((path) => existsSync(path))).toEqual([false, false, true]);
    expect(report.items.find(({ kind }) => kind === 'holder socket')?.files).toEqual([
      expect.objectContaining({ name: basename(dead ?? '') }),
    ]);
    expect(existsSync(dead ?? '')).toBe(false);
    expect(listOpenRuns(stateDir)).toEqual([]);
    expect(await verifyOne()).toMatchObject({ status: 'equal' });
  });

  test('without a terminal it asks for --yes, and refuses what it cannot understand', async () => {
    expect(await extract()).toMatchObject({ code: 0 });
    const unasked = await cli(['clean', '--loaded']);
    expect(unasked).toMatchObject({ code: 2 });
    expect(unasked.stderr).toContain('USAGE_YES');
    expect(await verifyOne()).toMatchObject({ status: 'equal' });
    for (const [flag, value, code] of [
      ['--keep', '0', 'USAGE_KEEP'],
      ['--older-than', 'soon', 'USAGE_AGE'],
    ]) {
      const refused = await cli(['clean', flag ?? '', value ?? '']);
      expect(refused).toMatchObject({ code: 2 });
      expect(refused.stderr).toContain(code);
    }
  });

  test('windows stay while a target may lack one, with what is behind them; what a killed comparison left goes', async () => {
    const run = async (fault?: string): Promise<CliRun> =>
      cli(['extract', '--table', 'a', '--incremental-by', 'id', '--detect-deletes', '--quiet'], fault);
    const change = (statement: string): void => {
      using database = new DatabaseSync(join(cwd, 'source.sqlite'));
      database.exec(statement);
    };
    expect((await run()).code).toBe(0);
    change('DELETE FROM a WHERE id = 5');
    expect((await run()).code).toBe(0);
    expect(await run('before-deletes')).toMatchObject({ signal: 'SIGKILL' });
    const names = (): readonly string[] => runFolders().map((folder) => basename(folder));
    const before = names();
    expect(before.filter((name) => name.endsWith('-deletes'))).toHaveLength(1);
    expect((await cli(['status', '--table', 'a'])).stdout).toMatch(
      /\n    behind it: the keys of 1 row that are gone, .*-deletes\n/,
    );
    expect((await cli(['status', '--table', 'b'])).stdout).toContain('no jobs');
    const first = await clean('--keep', '1');
    // The job is held while keys are compared.
    expect(first.items.map(({ kind }) => kind)).toEqual(['scratch folder', 'owner file']);
    expect(first.remarks).toEqual([expect.stringContaining('a: 2 runs are windows that a target may not have yet')]);
    expect([names(), existsSync(first.items[0]?.folder ?? '')]).toEqual([before, false]);
    expect((await cli(['watermark', 'reset', '--table', 'a', '--confirm'])).code).toBe(0);
    expect((await run()).code).toBe(0);
    await clean('--keep', '1');
    expect(names().filter((name) => before.includes(name))).toEqual([]);
    expect((await run()).code).toBe(0);
    await clean('--keep', '1', '--windows');
    expect(names()).toHaveLength(1);
  });
});

/** What a holder leaves that was killed: the socket's name, and nobody behind it. */
async function killedServer(path: string): Promise<void> {
  const { spawn } = await import('node:child_process');
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await new Promise((resolve) => spawn(process.execPath, ['-e', program]).once('exit', resolve));
}
