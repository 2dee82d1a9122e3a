import { describe, expect, it } from 'vitest';
import { jobIdOf, type JobIdentity } from '../../src/checkpoint/job.ts';
import { jobOver } from './job-example.ts';

describe('jobIdOf', () => {
  it('is readable, and the same for ever', () => {
    // Changing this text would lose every unfinished run of every user.
    expect(jobIdOf(jobOver('users'))).toBe('public.users-e4ddb155a6b49fca');
  });

  it('does not depend on the order of source facts and excluded columns', () => {
    const selection = { include: null, asText: ['x', 'y'], where: null, limit: null };
    const one = jobOver('t', { source: { a: '1', b: '2' }, selection: { ...selection, exclude: ['p', 'q', 'p'] } });
    const other = jobOver('t', {
      source: { b: '2', a: '1' },
      selection: { ...selection, exclude: ['q', 'p'], asText: ['y', 'x'] },
    });
    expect(jobIdOf(one)).toBe(jobIdOf(other));
  });

  it('differs for everything that makes another job', () => {
    const base = jobOver('t');
    const { selection } = base;
    const jobs: JobIdentity[] = [
      base,
      jobOver('T'),
      { ...base, table: { schema: '', name: 'public.t' } },
      { ...base, table: { schema: 'public', name: '../t' } },
      { ...base, source: { server: 'another', database: 'shop' } },
      { ...base, selection: { ...selection, include: [] } },
      { ...base, selection: { ...selection, include: ['a', 'b'] } },
      { ...base, selection: { ...selection, include: ['b', 'a'] } },
      { ...base, selection: { ...selection, exclude: ['a'] } },
      { ...base, selection: { ...selection, asText: ['a'] } },
      { ...base, selection: { ...selection, where: '' } },
      { ...base, selection: { ...selection, where: 'a > 1' } },
      { ...base, selection: { ...selection, limit: 5 } },
      { ...base, jobName: 'nightly' },
      { ...base, jobName: '' },
      { ...jobOver('u'), jobName: 'nightly' },
    ];
    expect(new Set(jobs.map((job) => jobIdOf(job).toLowerCase())).size).toBe(jobs.length);
  });

  it('is the name’s alone when the job has a name', () => {
    const named = { ...jobOver('t'), jobName: 'nightly' };
    const moved = {
      ...named,
      source: { server: 'restored elsewhere' },
      selection: { ...named.selection, where: 'a > 1' },
    };
    expect(jobIdOf(moved)).toBe(jobIdOf(named));
    expect(jobIdOf(named)).toMatch(/^nightly\.public\.t-[0-9a-f]{16}$/);
  });

  it('is a safe file name for every table', () => {
    for (const name of ['../x', 'a/b', '', '.', '..', '$(id)', 'x"; DROP', '😀'.repeat(64), 'a\u0000b', '-rf', 'CON']) {
      const id = jobIdOf({ ...jobOver(name), table: { schema: '', name } });
      expect(id).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_.-]*-[0-9a-f]{16}$/);
      expect(id.length).toBeLessThan(120);
    }
  });
});
