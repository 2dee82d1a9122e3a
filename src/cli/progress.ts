import type { RunEvent, RunWatcher } from '../engine/events.ts';
import type { WorkerView } from '../model/worker-view.ts';
import { formatBytes, formatCount, formatCounted, formatSeconds } from './amounts.ts';
import { printable } from './printable.ts';
import { afterEvent, afterLook, NO_PROGRESS } from './progress-model.ts';
import { barLines, logLines } from './progress-text.ts';

/** Where progress goes: stderr, and in tests something that remembers. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

export interface ProgressDisplay extends RunWatcher, Disposable {
  /** A line above the bars, that stays: for `withSignals`. */
  readonly note: (text: string) => void;
}

export interface ProgressOptions {
  /** Nothing at all is shown: `--quiet`. */
  readonly quiet: boolean;
  readonly stream?: ProgressStream;
  readonly now?: () => number;
}

const REDRAW_MS = 200;
const LOG_MS = 5000;
const FALLBACK_SCREEN = { width: 80, height: 24 };

/**
 * Shows a run on stderr while it goes on: bars redrawn in place on a terminal, else a line a table every five seconds. What
 * happens once (a snapshot, a retry, a remark) stays as a line. Disposing it takes the bars away.
 */
export function showProgress({ quiet, stream = process.stderr, now = Date.now }: ProgressOptions): ProgressDisplay {
  if (quiet)
    return {
      event: () => undefined,
      attach: () => undefined,
      note: (text) => void stream.write(`${text}\n`),
      [Symbol.dispose]: () => undefined,
    };
  const onTerminal = stream.isTTY === true;
  let progress = NO_PROGRESS;
  let view: () => readonly WorkerView[] = () => [];
  let drawn = 0;
  const clear = (): string => {
    const text = drawn === 0 ? '' : `\u001b[${drawn}A\r\u001b[0J`;
    drawn = 0;
    return text;
  };
  const bars = (): string => {
    const screen = screenOf(stream);
    const lines = progress.tables.length === 0 ? [] : barLines(progress, view(), screen, now());
    drawn = lines.length;
    return lines.map((line) => `${line}\n`).join('');
  };
  const note = (text: string): void => {
    const line = `${printable(text)}\n`;
    stream.write(onTerminal ? clear() + line + bars() : line);
  };
  const tick = (): void => {
    progress = afterLook(progress, view(), now());
    if (onTerminal) stream.write(clear() + bars());
    else for (const line of logLines(progress)) stream.write(`${line}\n`);
  };
  const timer = setInterval(tick, onTerminal ? REDRAW_MS : LOG_MS).unref();
  return {
    event: (event) => {
      progress = afterEvent(progress, event, now());
      const line = lineOf(event);
      if (line !== null) note(line);
    },
    attach: (workers) => {
      view = workers;
    },
    note,
    [Symbol.dispose]: () => {
      clearInterval(timer);
      if (drawn > 0) stream.write(clear());
    },
  };
}

/** A terminal that does not know its size says 0. */
function screenOf({ columns = 0, rows = 0 }: ProgressStream): { readonly width: number; readonly height: number } {
  const { width, height } = FALLBACK_SCREEN;
  return { width: columns > 0 ? columns : width, height: rows > 0 ? rows : height };
}

function resumedText(doneRows: number): string {
  if (doneRows === 0) return 'going on with the run that was interrupted before it had read any rows';
  return `going on after ${formatCounted(doneRows, 'row')} that are done`;
}

/** What stays on the screen or in the log of an event; null: nothing. */
function lineOf(event: RunEvent): string | null {
  switch (event.kind) {
    case 'epoch':
      return `${event.resumed ? 'going on in' : 'reading in'} ${event.label}`;
    case 'table-planned':
      return event.resumed ? `${event.table}: ${resumedText(event.doneRows)}` : null;
    case 'table-done':
      return `${event.table}: ${formatCounted(event.rows, 'row')} in ${formatCounted(event.files, 'file')}, ${formatBytes(event.bytes)}`;
    case 'table-failed':
      return `${event.table}: failed: ${event.problem.message}`;
    case 'chunk-retry':
      return `${event.table} #${formatCount(event.ordinal)}: again in ${formatSeconds(event.delayMs / 1000)}: ${event.problem.message}`;
    case 'remark':
      return event.table === null ? event.text : `${event.table}: ${event.text}`;
    case 'chunk-done':
    case 'run-begun':
    case 'source-counted':
    case 'set-aside':
      return null;
    default:
      return event satisfies never;
  }
}
