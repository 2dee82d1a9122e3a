import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { availableResources, chooseBuffers, chooseWorkers, memoryLimitBytes } from '../../src/config/resources.ts';

const MACHINE = 64_000_000_000;
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cgroup-'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

async function file(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

test('no control groups: the memory of the machine', () => {
  expect(memoryLimitBytes(root, MACHINE)).toBe(MACHINE);
});

test('cgroup v2: the least limit of the group and those above it', async () => {
  await file('proc/self/cgroup', '0::/outer/inner\n');
  await file('sys/fs/cgroup/outer/inner/memory.max', 'max\n');
  expect(memoryLimitBytes(root, MACHINE)).toBe(MACHINE);
  await file('sys/fs/cgroup/outer/memory.max', '2000000000\n');
  expect(memoryLimitBytes(root, MACHINE)).toBe(2_000_000_000);
  await file('sys/fs/cgroup/outer/inner/memory.max', '1000000000\n');
  expect(memoryLimitBytes(root, MACHINE)).toBe(1_000_000_000);
});

test('a container that sees its own group as the root', async () => {
  await file('proc/self/cgroup', '0::/../../docker/abc\n');
  await file('sys/fs/cgroup/memory.max', '3000000000\n');
  expect(memoryLimitBytes(root, MACHINE)).toBe(3_000_000_000);
});

test('cgroup v1: its word for no limit is no limit', async () => {
  await file('proc/self/cgroup', '5:cpu,cpuacct:/x\n4:memory:/job\n');
  await file('sys/fs/cgroup/memory/job/memory.limit_in_bytes', '9223372036854771712\n');
  expect(memoryLimitBytes(root, MACHINE)).toBe(MACHINE);
  await file('sys/fs/cgroup/memory/job/memory.limit_in_bytes', '500000000\n');
  expect(memoryLimitBytes(root, MACHINE)).toBe(500_000_000);
});

test('workers and buffers', () => {
  expect([1, 2, 5, 64].map(chooseWorkers)).toEqual([2, 2, 5, 8]);
  expect(chooseBuffers(100_000_000, 2).bufferBytes).toBe(32_000_000);
  expect(chooseBuffers(800_000_000, 2).bufferBytes).toBe(100_000_000);
  expect(chooseBuffers(MACHINE, 2).bufferBytes).toBe(128_000_000);
  expect(chooseBuffers(MACHINE, 8).bufferBytes).toBe(512_000_000);
});

test('this machine has at least one core and some memory', () => {
  const { cores, memoryBytes } = availableResources();
  expect(cores).toBeGreaterThan(0);
  expect(memoryBytes).toBeGreaterThan(100_000_000);
});
