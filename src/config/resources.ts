import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';

/** What this process may use. */
export interface Resources {
  readonly cores: number;
  readonly memoryBytes: number;
}

const MEGABYTE = 1_000_000;

export function availableResources(): Resources {
  return { cores: availableCores(), memoryBytes: memoryLimitBytes() };
}

/** Cores by affinity mask and, on Linux, by the container's CPU quota (libuv reads `cpu.max`). */
export function availableCores(): number {
  return availableParallelism();
}

/**
 * The least of the machine's memory and the limits of this process' control group and of every group above it
 * (cgroup v2 `memory.max`, v1 `memory.limit_in_bytes`). `root` is the file system's root, another one in tests.
 */
export function memoryLimitBytes(root = '/', machineBytes = totalmem()): number {
  const limits = controlGroups(root).flatMap(({ controllers, path }) => {
    if (controllers === '') return ancestors(path).map((group) => join(root, 'sys/fs/cgroup', group, 'memory.max'));
    if (!controllers.split(',').includes('memory')) return [];
    const mount = join(root, 'sys/fs/cgroup/memory');
    return ancestors(path).map((group) => join(mount, group, 'memory.limit_in_bytes'));
  });
  return Math.min(machineBytes, ...limits.map(limitIn));
}

/** Two at least, because one worker waits while the other computes; eight at most, because sources are shared with others. */
export function chooseWorkers(cores: number): number {
  return Math.min(8, Math.max(2, cores));
}

/** Memory for batches over all workers: 64 MB each, an eighth of the memory at most; and the rows of one record batch. */
export function chooseBuffers(
  memoryBytes: number,
  workers: number,
): { readonly bufferBytes: number; readonly batchRows: number } {
  const bufferBytes = Math.min(64 * MEGABYTE * workers, Math.max(32 * MEGABYTE, Math.floor(memoryBytes / 8)));
  return { bufferBytes, batchRows: 32_768 };
}

/** Lines of /proc/self/cgroup: `0::/path` (v2) or `4:memory:/path` (v1). */
function controlGroups(root: string): readonly { readonly controllers: string; readonly path: string }[] {
  return readOrEmpty(join(root, 'proc/self/cgroup'))
    .split('\n')
    .map((line) => /^\d+:([^:]*):(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, controllers = '', path = '/']) => ({ controllers, path }));
}

/** `/a/b` → `/a/b`, `/a`, `/`; in a container the path may not exist below its own mount, then only `/` does. */
function ancestors(path: string): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..');
  return Array.from(
    { length: parts.length + 1 },
    (_, dropped) => `/${parts.slice(0, parts.length - dropped).join('/')}`,
  );
}

/** `max`, an absent file, or v1's nearly 2^63 are no limit. */
function limitIn(file: string): number {
  const text = readOrEmpty(file).trim();
  const limit = /^\d+$/.test(text) ? Number(text) : 0;
  return limit > 0 && limit < 2 ** 60 ? limit : Infinity;
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // not Linux, or no such control group: there is no limit to read
  }
}
