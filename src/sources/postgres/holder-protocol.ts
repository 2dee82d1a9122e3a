import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import type { EpochFacts } from '../../model/epoch.ts';
import type { Problem } from '../../model/problem.ts';
import type { TableRef } from '../../model/table.ts';
import type { SourceConfig } from '../source.ts';

/** What a table must be known by to be locked. `objectId` is its oid. */
export interface LockTarget extends Pick<TableRef, 'schema' | 'name' | 'kind'> {
  readonly objectId: string;
}

/** All that the holder is told, as JSON on its standard input: the password in it must be in no argv, environment or file. */
export interface HolderRequest {
  /** Random; whoever greets must know it, so that another holder at the same path is not taken for this one. */
  readonly id: string;
  readonly config: SourceConfig;
  readonly tables: readonly LockTarget[];
  readonly holdMs: number;
  readonly runtimeFolder: string;
  /** Certificates, PEM, that the parent's Node trusts by its environment, which the holder does not inherit. */
  readonly trusted: readonly string[];
}

/** The one line on the holder's standard output. */
export type HolderGreeting =
  | { readonly kind: 'ready'; readonly socket: string; readonly pid: number }
  | { readonly kind: 'failed'; readonly problem: Problem };

/** What an exported snapshot is known by. */
export interface HeldSnapshot {
  /** For SET TRANSACTION SNAPSHOT. */
  readonly snapshot: string;
  readonly facts: EpochFacts;
}

/** A line from a client. Each is answered by one line, in order. */
export type HolderQuestion =
  /** Attends the holder from now until the connection closes, and has it lock the tables that it does not hold yet. */
  | { readonly kind: 'hello'; readonly id: string; readonly tables: readonly LockTarget[] }
  | { readonly kind: 'check' }
  | { readonly kind: 'release' }
  /** Only looks; may be asked without a hello. */
  | { readonly kind: 'peek' };

export type HolderAnswer =
  | { readonly kind: 'facts'; readonly held: HeldSnapshot }
  /** The id is another's, or a table cannot be read in this snapshot any more. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'alive' }
  | { readonly kind: 'released' }
  | { readonly kind: 'state'; readonly pid: number; readonly label: string; readonly state: HolderState }
  /** Also sent unasked, when the connection to PostgreSQL ends. */
  | { readonly kind: 'lost'; readonly reason: string };

export type HolderState =
  | { readonly kind: 'waiting' | 'attended' | 'ended' }
  | { readonly kind: 'orphaned'; readonly endsInMs: number };

export function writeLine(
  stream: Pick<Duplex, 'write'>,
  message: HolderGreeting | HolderQuestion | HolderAnswer,
): void {
  stream.write(`${JSON.stringify(message)}\n`);
}

/** Calls `onMessage` for every line that is JSON; others are dropped, whoever sent them does not speak this protocol. */
export function readLines(stream: NodeJS.ReadableStream, onMessage: (message: unknown) => void): void {
  const lines = createInterface({ input: stream, terminal: false });
  // It repeats the stream's errors, which are the stream owner's affair; unheard they would end the process.
  lines.on('error', () => undefined);
  lines.on('line', (line) => {
    try {
      onMessage(JSON.parse(line));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  });
}
