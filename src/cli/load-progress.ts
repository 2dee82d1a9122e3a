import type { TableLoad } from '../ingest/ingest-plan.ts';
import { displayName } from '../model/table.ts';
import { formatBytes, formatCounted, formatSeconds } from './amounts.ts';
import { printable } from './printable.ts';
import type { ProgressStream } from './progress.ts';
import { fitWidth } from './text-width.ts';

export interface LoadProgress extends Disposable {
  /** Bytes of files that are staged, since the last call. */
  readonly bytes: (into: string, bytes: number) => void;
  /** A table is done: its bar goes. */
  readonly done: (into: string) => void;
  /** A line above the bar, that stays. */
  readonly note: (text: string) => void;
}

export interface LoadProgressOptions {
  readonly quiet: boolean;
  readonly tables: readonly TableLoad[];
  readonly stream?: ProgressStream;
  readonly now?: () => number;
}

const REDRAW_MS = 200;
const LOG_MS = 5000;
const BAR_WIDTH = 20;
const FALLBACK_WIDTH = 80;

interface Current {
  readonly into: string;
  readonly bytes: number;
  readonly ofBytes: number;
  readonly since: number;
}

/**
 * The table that is loaded now, on stderr: a bar redrawn in place on a terminal, else a line every five seconds. Targets that read their
 * files in one statement tell no bytes: then the time that it takes is shown.
 */
export function showLoadProgress(options: LoadProgressOptions): LoadProgress {
  const { quiet, tables, stream = process.stderr, now = Date.now } = options;
  const waiting = tables.map((load) => ({ into: nameOf(load), bytes: 0, ofBytes: bytesOf(load) }));
  if (quiet) {
    const note = (text: string): void => void stream.write(`${printable(text)}\n`);
    return { bytes: () => undefined, done: () => undefined, note, [Symbol.dispose]: () => undefined };
  }
  const onTerminal = stream.isTTY === true;
  let current = nextOf(waiting, now());
  let drawn = false;
  const clear = (): string => (drawn ? '\r\u001b[0J' : '');
  const draw = (before: string): void => {
    const width = (stream.columns ?? 0) > 0 ? (stream.columns ?? FALLBACK_WIDTH) : FALLBACK_WIDTH;
    const line = current === null ? '' : fitWidth(barLine(current, now()), width - 1);
    stream.write(`${clear()}${before}${line}`);
    drawn = line !== '';
  };
  const note = (text: string): void => {
    if (onTerminal) draw(`${printable(text)}\n`);
    else stream.write(`${printable(text)}\n`);
  };
  const tick = (): void => {
    if (onTerminal) draw('');
    else if (current !== null) stream.write(`loading ${amountsOf(current, now())}\n`);
  };
  const timer = setInterval(tick, onTerminal ? REDRAW_MS : LOG_MS).unref();
  return {
    bytes: (into, bytes) => {
      if (current?.into === into) current = { ...current, bytes: current.bytes + bytes };
    },
    done: () => {
      current = nextOf(waiting, now());
      if (drawn) stream.write(clear());
      drawn = false;
    },
    note,
    [Symbol.dispose]: () => {
      clearInterval(timer);
      if (drawn) stream.write(clear());
      drawn = false;
    },
  };
}

/** Tables are loaded one after the other, in the plan's order. */
function nextOf(waiting: Omit<Current, 'since'>[], now: number): Current | null {
  const next = waiting.shift();
  return next === undefined ? null : { ...next, since: now };
}

function nameOf({ target: { schema, name } }: TableLoad): string {
  return displayName({ schema: schema ?? '', name });
}

function bytesOf({ files }: TableLoad): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function barLine(current: Current, now: number): string {
  const fraction = current.ofBytes === 0 ? 0 : Math.min(1, current.bytes / current.ofBytes);
  const full = Math.round(fraction * BAR_WIDTH);
  return `${printable(current.into)} [${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}] ${shares(current, now)}`;
}

function amountsOf(current: Current, now: number): string {
  return `${printable(current.into)}: ${shares(current, now)}`;
}

function shares({ bytes, ofBytes, since }: Current, now: number): string {
  const seconds = (now - since) / 1000;
  if (bytes === 0) return `${formatBytes(ofBytes)}, for ${formatSeconds(seconds)}`;
  const percent = Math.floor((bytes / Math.max(1, ofBytes)) * 100);
  const speed = seconds > 0 ? `, ${formatBytes(bytes / seconds)}/s` : '';
  return `${percent}% of ${formatBytes(ofBytes)}${speed}${percent >= 100 ? ', publishing' : ''}`;
}

/** What `load --dry-run` says. */
export function describeWouldLoad(tables: readonly TableLoad[], target: string): readonly string[] {
  return tables.map((load) => {
    const what = `${formatCounted(load.rows, 'row')} in ${formatCounted(load.files.length, 'file')}, ${formatBytes(bytesOf(load))}`;
    return printable(
      `would load ${displayName(load.source.table)} into ${nameOf(load)} of ${target} (${load.mode}): ${what}, run ${load.source.run}`,
    );
  });
}
