import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import net from 'node:net';
import tls from 'node:tls';
import type { SnapshotLease } from '../../model/epoch.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { SourceConfig } from '../source.ts';
import {
  type HeldSnapshot,
  type HolderAnswer,
  type HolderGreeting,
  type HolderQuestion,
  type HolderRequest,
  type LockTarget,
  readLines,
  writeLine,
} from './holder-protocol.ts';
import type { HolderProcess } from './holder-process.ts';
import { LOCK_TIMEOUT_MS } from './lock-tables.ts';

const ANSWER_MS = 15_000;

/** A holder that this process attends: it is told by the end of the connection when this process ends, however that happens. */
export interface AttendedHolder {
  readonly lease: SnapshotLease;
  readonly held: HeldSnapshot;
  /** Null while the snapshot lives; else why it does not. */
  check(): Promise<string | null>;
  /** Resolves when the holder's transaction has ended. */
  release(): Promise<void>;
}

/** Has a new process hold a snapshot, and attends it. Throws what the holder could not do. */
export async function startHolder(
  child: HolderProcess,
  config: SourceConfig,
  tables: readonly LockTarget[],
  holdMs: number,
  runtimeFolder: string,
): Promise<AttendedHolder> {
  const id = randomBytes(16).toString('hex');
  const ready = await tell(child, {
    id,
    config,
    tables,
    holdMs,
    runtimeFolder,
    trusted: tls.getCACertificates('extra'),
  });
  const attended = await attend({ id, socket: ready.socket, pid: String(ready.pid) }, tables);
  if (attended === null) throw startProblem('it was gone before it could be greeted');
  return attended;
}

async function tell(child: HolderProcess, request: HolderRequest): Promise<HolderGreeting & { kind: 'ready' }> {
  try {
    // It may have died already; what it said is then the better error.
    child.stdin.on('error', () => undefined);
    child.stdin.end(JSON.stringify(request));
    const greeting = await greetingOf(child);
    if (greeting.kind === 'failed') throw new SqlextractError(greeting.problem);
    return greeting;
  } finally {
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
  }
}

function greetingOf(child: HolderProcess): Promise<HolderGreeting> {
  return new Promise((resolve, reject) => {
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (piece: string) => (errors += piece));
    child.on('error', (error) => reject(startProblem(error.message)));
    child.on('close', (code, signal) => reject(startProblem(errors.trim() || `it ended with ${signal ?? code}`)));
    readLines(child.stdout, (message) => resolve(message as HolderGreeting));
  });
}

/**
 * Greets the holder of a lease. Null when it is not there any more, is another one, or cannot serve these tables: a new epoch is needed.
 * What a dead holder left behind is removed.
 */
export async function attend(lease: SnapshotLease, tables: readonly LockTarget[]): Promise<AttendedHolder | null> {
  const { socket: socketPath, id } = lease;
  if (socketPath === undefined || id === undefined) return null;
  const line = await openLine(socketPath);
  if (line === null) return null;
  const targets = tables.map(({ schema, name, kind, objectId }) => ({ schema, name, kind, objectId }));
  const answer = await line.ask({ kind: 'hello', id, tables: targets });
  if (answer.kind !== 'facts') {
    // Ours, but of no use for these tables: without this it would go on holding back VACUUM.
    if (answer.kind === 'refused') await line.ask({ kind: 'release' });
    // A connection can still be made while the kernel takes a killed process apart.
    if (answer.kind === 'lost') await rm(socketPath, { force: true });
    line.close();
    return null;
  }
  const { held } = answer;
  return {
    lease: { ...lease, snapshot: held.snapshot },
    held,
    async check() {
      const state = await line.ask({ kind: 'check' });
      if (state.kind === 'alive') return null;
      return state.kind === 'lost' ? state.reason : `the holder answered ${state.kind}`;
    },
    async release() {
      await line.ask({ kind: 'release' });
      line.close();
    },
  };
}

/** Looks at the holder of a lease without attending it; null when it is gone. */
export async function peekHolder(lease: SnapshotLease): Promise<(HolderAnswer & { kind: 'state' }) | null> {
  const line = lease.socket === undefined ? null : await openLine(lease.socket);
  const answer = await line?.ask({ kind: 'peek' });
  line?.close();
  return answer?.kind === 'state' ? answer : null;
}

interface Line {
  /** Never rejects: a broken line answers `lost`. */
  ask(question: HolderQuestion): Promise<HolderAnswer>;
  close(): void;
}

/** Null when nobody listens. */
async function openLine(socketPath: string): Promise<Line | null> {
  const socket = net.connect(socketPath);
  try {
    await once(socket, 'connect');
  } catch (error) {
    socket.destroy();
    // The kernel's word that no process has it open: only a killed holder leaves that.
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') await rm(socketPath, { force: true });
    return null;
  }
  return lineOver(socket);
}

function lineOver(socket: net.Socket): Line {
  const waiting: ((answer: HolderAnswer) => void)[] = [];
  let lost: (HolderAnswer & { kind: 'lost' }) | null = null;
  const lose = (reason: string) => {
    lost ??= { kind: 'lost', reason };
    for (const resolve of waiting.splice(0)) resolve(lost);
  };
  socket.on('error', () => socket.destroy());
  socket.on('close', () => lose('the process that held the snapshot has gone'));
  readLines(socket, (message) => {
    const answer = message as HolderAnswer;
    if (answer.kind === 'lost') lose(answer.reason);
    else waiting.shift()?.(answer);
  });
  // The line must not keep this process alive, but a question must.
  socket.unref();
  return {
    async ask(question) {
      if (lost !== null) return lost;
      socket.ref();
      const patience = patienceFor(question);
      const timer = setTimeout(() => lose(`the holder did not answer within ${patience} ms`), patience);
      const answer = new Promise<HolderAnswer>((resolve) => waiting.push(resolve));
      writeLine(socket, question);
      return answer.finally(() => {
        clearTimeout(timer);
        socket.unref();
      });
    },
    close: () => void socket.destroy(),
  };
}

/** A hello may wait for the lock of every table. */
function patienceFor(question: HolderQuestion): number {
  return question.kind === 'hello' ? ANSWER_MS + LOCK_TIMEOUT_MS * question.tables.length : ANSWER_MS;
}

function startProblem(reason: string): SqlextractError {
  return new SqlextractError({
    code: 'HOLDER_FAILED',
    message: `the process that holds the snapshot did not start: ${reason}`,
    hint: 'check that the state folder is writable and that this machine can start another process, or use --consistency chunk',
    fault: 'source',
  });
}
