import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import type pg from 'pg';
import { connect } from './connect.ts';
import { endConnection } from './open-connection.ts';
import { classifyPostgres } from './errors.ts';
import { extendSnapshot, holdSnapshot } from './hold-snapshot.ts';
import {
  type HeldSnapshot,
  type HolderAnswer,
  type HolderQuestion,
  type HolderRequest,
  type HolderState,
  readLines,
  writeLine,
} from './holder-protocol.ts';
import { quoteTable } from './quote.ts';

/*
 * A program: keeps one snapshot open while a run lives, and for `holdMs` after the run was killed.
 *
 *   starting ──ready──▶ waiting ──hello──▶ attended ──last client gone──▶ orphaned
 *                          │                 │   ▲                         │    │
 *                         30 s            release└──────────hello──────────┘  holdMs
 *                          ▼                 ▼                                  ▼
 *                          └──────────────▶ ended ◀─────────────────────────────┘
 *
 *   in every state: the PostgreSQL connection ends ──▶ clients are told `lost` ──▶ ended; SIGTERM, SIGINT ──▶ ended
 *
 * A client is a connection that said hello with the right id and is still open.
 */

const UNATTENDED_MS = 30_000;
/** Keeps firewalls from forgetting the connection, and finds out that the server has gone. */
const HEARTBEAT_MS = 60_000;
const ENDING_MS = 3000;
/** sun_path has 104 bytes on macOS and 108 on Linux. */
const LONGEST_SOCKET_PATH = 99;

class Holder {
  readonly #request: HolderRequest;
  readonly #client: pg.Client;
  readonly #held: HeldSnapshot;
  readonly #locked: Set<string>;
  readonly #attendants = new Set<net.Socket>();
  readonly #server: net.Server;
  readonly #heartbeat: NodeJS.Timeout;
  #state: 'waiting' | 'attended' | 'orphaned' | 'ended' = 'waiting';
  #deadline: NodeJS.Timeout;
  #endsAt = performance.now() + UNATTENDED_MS;

  constructor(request: HolderRequest, client: pg.Client, held: HeldSnapshot) {
    this.#request = request;
    this.#client = client;
    this.#held = held;
    this.#locked = new Set(request.tables.map(quoteTable));
    this.#server = net.createServer((socket) => this.#accept(socket));
    this.#deadline = setTimeout(() => this.end(), UNATTENDED_MS);
    this.#heartbeat = setInterval(() => void this.#ping(), HEARTBEAT_MS);
    client.on('end', () => this.#lost('the connection to PostgreSQL ended'));
  }

  /** Resolves when clients can come. */
  listen(socketPath: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(socketPath, () => {
        chmodSync(socketPath, 0o600);
        resolve();
      });
    });
  }

  /** Also when called twice. The process ends by itself when nothing is left open. */
  end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    clearTimeout(this.#deadline);
    clearInterval(this.#heartbeat);
    this.#server.close();
    for (const socket of this.#attendants) socket.end();
    // A server that does not answer must not keep the process.
    setTimeout(() => process.exit(0), ENDING_MS).unref();
    this.#client.end().catch(() => process.exit(0));
  }

  #accept(socket: net.Socket): void {
    // A client that was killed resets the connection; 'close' follows.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#left(socket));
    // One after the other: a hello may be locking tables while a check comes.
    let previous = Promise.resolve();
    readLines(socket, (question) => {
      previous = previous.then(async () => {
        const answer = await this.#answer(socket, question as HolderQuestion);
        if (answer !== null && socket.writable) writeLine(socket, answer);
        if (answer?.kind === 'released') this.end();
      });
    });
  }

  async #answer(socket: net.Socket, question: HolderQuestion): Promise<HolderAnswer | null> {
    if (question.kind === 'hello') return this.#greet(socket, question);
    if (question.kind === 'peek') return this.#peek();
    if (!this.#attendants.has(socket)) return { kind: 'refused', reason: 'no hello' };
    if (question.kind === 'release') return this.#release();
    if (question.kind === 'check') return this.#ping();
    return null;
  }

  async #greet(socket: net.Socket, hello: HolderQuestion & { kind: 'hello' }): Promise<HolderAnswer> {
    if (hello.id !== this.#request.id) return { kind: 'refused', reason: 'another holder' };
    if (this.#state === 'ended') return { kind: 'lost', reason: 'the holder is ending' };
    clearTimeout(this.#deadline);
    this.#state = 'attended';
    this.#attendants.add(socket);
    const missing = hello.tables.filter((table) => !this.#locked.has(quoteTable(table)));
    const refusal = missing.length === 0 ? null : await extendSnapshot(this.#client, missing).catch(String);
    if (refusal !== null) return { kind: 'refused', reason: refusal };
    for (const table of missing) this.#locked.add(quoteTable(table));
    return { kind: 'facts', held: this.#held };
  }

  /** The backend must be gone when the client hears of it: TRUNCATE may be its next statement. */
  async #release(): Promise<HolderAnswer> {
    await this.#client.query('ROLLBACK').catch(() => undefined);
    return { kind: 'released' };
  }

  async #ping(): Promise<HolderAnswer> {
    try {
      await this.#client.query('SELECT 1');
      return { kind: 'alive' };
    } catch (error) {
      const reason = classifyPostgres(error).message;
      this.#lost(reason);
      return { kind: 'lost', reason };
    }
  }

  #peek(): HolderAnswer {
    const endsInMs = Math.max(0, Math.round(this.#endsAt - performance.now()));
    const state: HolderState = this.#state === 'orphaned' ? { kind: 'orphaned', endsInMs } : { kind: this.#state };
    return { kind: 'state', pid: process.pid, label: this.#held.facts.label, state };
  }

  #left(socket: net.Socket): void {
    if (!this.#attendants.delete(socket) || this.#attendants.size > 0 || this.#state === 'ended') return;
    const { holdMs } = this.#request;
    this.#state = 'orphaned';
    this.#endsAt = performance.now() + holdMs;
    this.#deadline = setTimeout(() => this.end(), holdMs);
  }

  #lost(reason: string): void {
    if (this.#state === 'ended') return;
    for (const socket of this.#attendants) writeLine(socket, { kind: 'lost', reason });
    this.end();
  }
}

/** In the runtime folder, or in a private one of its own under the temporary folder where the path would be too long. */
function socketPath(request: HolderRequest): string {
  const name = `holder-${request.id.slice(0, 12)}.sock`;
  const wanted = path.resolve(request.runtimeFolder, name);
  if (Buffer.byteLength(wanted) <= LONGEST_SOCKET_PATH) {
    mkdirSync(request.runtimeFolder, { recursive: true, mode: 0o700 });
    return wanted;
  }
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sqlextract-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, name);
}

async function main(): Promise<void> {
  process.umask(0o077);
  // Whoever started it may be gone already: nobody reads then.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  const told = await text(process.stdin);
  // Started ahead, and not needed.
  if (told === '') return;
  const request = JSON.parse(told) as HolderRequest;
  if (request.trusted.length > 0) {
    tls.setDefaultCACertificates([...tls.getCACertificates('default'), ...request.trusted]);
  }
  const client = await connect(request.config, 'sqlextract holder');
  try {
    const holder = new Holder(request, client, await holdSnapshot(client, request.tables));
    process.on('SIGTERM', () => holder.end());
    process.on('SIGINT', () => holder.end());
    process.on('SIGHUP', () => undefined);
    const socket = socketPath(request);
    // Certificate paths may be relative, so only now; and no file system is kept busy.
    process.chdir('/');
    await holder.listen(socket);
    writeLine(process.stdout, { kind: 'ready', socket, pid: process.pid });
  } catch (error) {
    await endConnection(client);
    throw error;
  }
}

main().catch((error: unknown) => {
  writeLine(process.stdout, { kind: 'failed', problem: classifyPostgres(error) });
  process.exitCode = 1;
});
