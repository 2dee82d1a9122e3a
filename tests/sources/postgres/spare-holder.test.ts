import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { type HolderProcess, SpareHolder, startHolderProcess } from '../../../src/sources/postgres/holder-process.ts';

const started: HolderProcess[] = [];
afterEach(() => started.splice(0).forEach((child) => child.kill('SIGKILL')));

/** Newest last. */
function childrenOf(pid: number): readonly number[] {
  const children = execFileSync('pgrep', ['-P', String(pid), '-f', 'holder']).toString();
  return children.trim().split('\n').map(Number);
}

/** Reaped, too. */
async function gone(pid: number): Promise<void> {
  await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
}

function take(spare: SpareHolder): HolderProcess {
  const child = spare.take();
  started.push(child);
  return child;
}

it('one that was started ahead is taken once, and the next is another', () => {
  using spare = new SpareHolder();
  spare.start();
  spare.start();
  const [first, second] = [take(spare), take(spare)];
  expect(first.pid).toBeGreaterThan(0);
  expect(second.pid).not.toBe(first.pid);
});

it('one that died while it waited is not taken', async () => {
  using spare = new SpareHolder();
  spare.start();
  const dead = childrenOf(process.pid).at(-1) ?? 0;
  process.kill(dead, 'SIGKILL');
  await gone(dead);
  expect(take(spare).pid).not.toBe(dead);
});

it('one that is not needed is ended', async () => {
  const spare = new SpareHolder();
  spare.start();
  const pid = childrenOf(process.pid).at(-1) ?? 0;
  spare[Symbol.dispose]();
  await gone(pid);
});

it('one that is not told anything ends by itself, without a word', async () => {
  const child = startHolderProcess();
  started.push(child);
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stdin.end();
  const [code] = (await once(child, 'close')) as [number | null];
  expect([code, said]).toEqual([0, '']);
});
