import { readFileSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { writeDurably } from './durable-file.ts';

/** Who works on a job, as the worker wrote it down. Only for messages: the lock is what counts. */
export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** As typed, passwords removed. */
  readonly command: string;
  /** ISO 8601. */
  readonly since: string;
}

export function writeOwner(path: string, command: string): void {
  const owner: Owner = { pid: process.pid, host: hostname(), command, since: new Date().toISOString() };
  writeDurably(path, `${JSON.stringify(owner)}\n`);
}

export function removeOwner(path: string): void {
  rmSync(path, { force: true });
}

/**
 * The owner whose process lives; null when there is none or when it was killed. The owner on another host (or in another
 * container) is taken to live. A pid that the system gave to another program since is not noticed.
 */
export function readLivingOwner(path: string): Owner | null {
  const owner = parseOwner(path);
  if (owner === null) return null;
  return owner.host !== hostname() || isAlive(owner.pid) ? owner : null;
}

export function describeOwner(owner: Owner): string {
  const where = owner.host === hostname() ? '' : ` on ${owner.host}`;
  return `process ${owner.pid}${where} (${owner.command}) since ${owner.since}`;
}

function parseOwner(path: string): Owner | null {
  try {
    const found = JSON.parse(readFileSync(path, 'utf8')) as Partial<Owner> | null;
    if (typeof found?.pid !== 'number' || typeof found.host !== 'string') return null;
    if (typeof found.command !== 'string' || typeof found.since !== 'string') return null;
    return { pid: found.pid, host: found.host, command: found.command, since: found.since };
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    // EPERM: it lives, and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Killed, and kept by the system until its parent asks how it ended (proc(5): the state comes after the name in brackets). Only Linux says so. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    // no /proc here, or it is hidden: the signal's answer stands
    return false;
  }
}
