import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Digest, ExtractCase } from '../engine/extract-case.ts';
import { expectFiles, finish, newCase, removeFolders } from '../engine/extract-case.ts';
import { type Cut, CUT_WAYS, CuttingProxy, type Protocol, type SeenConnection } from '../support/cutting-proxy.ts';
import { runCli } from '../support/run-cli.ts';
import { Random } from './random.ts';

/*
 * A connection of the program is cut, or goes silent, at a random byte of what the server sends on it. The program ends with every
 * row, or says that it did not; it never waits for ever; and the same command, run again, finishes exactly.
 *
 *   CUTS=100 npm test -- tests/properties/cut-     so many cuts instead of 12
 *   SEED=7 …                                       others
 */
const CUTS = Number(process.env['CUTS'] ?? 12);
const SEED = Number(process.env['SEED'] ?? 20_261);

/** Table `measured` (`CUT_COLUMNS`), which takes several chunks and more than one buffer of a socket. */
export interface CutSource extends AsyncDisposable {
  readonly url: string;
  readonly truth: Digest;
  /** Below the output. */
  readonly tableFolder: string;
}

export interface CutSuite {
  readonly protocol: Protocol;
  /** Of the source, as its URL has them: a short watchdog. */
  readonly options: string;
  /** How the names of the connections end, besides `reader`; '' for any. */
  readonly parts: readonly string[];
  open(): Promise<CutSource>;
}

export const CUT_ROWS = 20_000;
export const CUT_TABLE = 'measured';
export const CUT_COLUMNS = ['id', 'note', 'amount', 'day'];
const FLAGS = [
  ...['--table', CUT_TABLE, '--workers', '2', '--chunk-size', '200KB', '--batch-size', '500'],
  ...['--format', 'csv', '--compression', 'none'],
];
/** The silence itself, the questions about it, the back-off of a few tries, and the run on a busy machine. */
const LONGEST_MS = 90_000;

/** As `expectFiles` counts rows, from the server's own texts of them. */
export function digestOfTexts(rows: readonly (readonly (string | null)[])[]): Digest {
  const texts = rows.map((row) => Buffer.from(row.map((cell) => (cell === null ? 'n' : `v${cell}`)).join('|')));
  const sorted = texts.toSorted((one, other) => Buffer.compare(one, other)).map(String);
  return { rows: rows.length, md5: createHash('md5').update(sorted.join('\n')).digest('hex') };
}

/** `describe` for one source. */
export function cutSuite({ protocol, options, parts, open }: CutSuite): void {
  let source: CutSource;
  /** The connections of a run that nothing disturbs, and how much each was sent. */
  let connections: readonly SeenConnection[];
  let reached = 0;

  beforeAll(async () => {
    source = await open();
    await using proxy = await CuttingProxy.start(protocol, source.url, null);
    const test = newCase(proxy.url(source.url, options));
    await finish(test, FLAGS);
    await exact(test);
    connections = proxy.seen();
  });

  afterAll(async () => {
    await source?.[Symbol.asyncDispose]();
    removeFolders();
  });

  async function exact(test: ExtractCase): Promise<void> {
    const manifest = await expectFiles(test, source.tableFolder, source.truth);
    expect(manifest.files.length).toBeGreaterThan(3);
  }

  /** Half of the cuts are in what the readers are sent; a third in the first bytes, where the handshake is. Parts and ways in all pairs. */
  function randomCut(random: Random, index: number): Cut {
    const pair = Math.floor(index / 2);
    const part = index % 2 === 0 ? 'reader' : (parts[pair % parts.length] ?? 'reader');
    if (part === '' || protocol === 'tds') {
      // One that may not have said its name yet: in the words that the server begins with, or anywhere.
      const number = random.integer(1, connections.length);
      const most = protocol === 'tds' ? (connections[number - 1]?.bytes ?? 1) - 1 : 90;
      return {
        application: '',
        number,
        afterBytes: random.integer(0, most),
        way: CUT_WAYS[pair % CUT_WAYS.length] ?? 'fin',
      };
    }
    const { application, number, bytes } = random.pick(connections.filter((one) => one.application.endsWith(part)));
    const afterBytes = random.chance(0.3) ? random.integer(0, Math.min(600, bytes - 1)) : random.integer(0, bytes - 1);
    return { application, number, afterBytes, way: CUT_WAYS[pair % CUT_WAYS.length] ?? 'fin' };
  }

  async function cutOnce(cut: Cut, index: number): Promise<void> {
    const where = `${cut.application} ${cut.number}, ${cut.way} after ${cut.afterBytes} bytes`;
    const { folder, code } = await runCut(cut, where);
    const direct: ExtractCase = { folder, url: source.url };
    if (code === 0) await exact(direct);
    // After a run that did end, the rerun is one like any other.
    if (code === 0 && index % 5 !== 0) return;
    await finish(direct, FLAGS);
    await exact(direct);
  }

  async function runCut(cut: Cut, where: string): Promise<{ folder: string; code: number | null }> {
    await using proxy = await CuttingProxy.start(protocol, source.url, cut);
    const test = newCase(proxy.url(source.url, options));
    // Rejects, with where it stood, when it does not end.
    const env = { SQLEXTRACT_SOURCE: test.url, SQLEXTRACT_HOLD: '5s' };
    const run = await runCli(['extract', ...FLAGS], { cwd: test.folder, env, timeoutMs: LONGEST_MS }).catch(
      (error: unknown) => {
        throw new Error(where, { cause: error });
      },
    );
    // Which reader takes which range is decided by who comes first.
    if (proxy.wasCut) reached += 1;
    else expect(run.code, `${where} was never reached: ${run.stderr}`).toBe(0);
    expect(run.signal, where).toBeNull();
    if (run.code !== 0) expect(run.stderr, where).toMatch(/^ {4}code: (SOURCE|SNAPSHOT|HOLDER)_[A-Z_]+$/m);
    return { folder: test.folder, code: run.code };
  }

  /** Most of a case is waiting; more at once would only make the program slow. */
  const atOnce = pLimit(3);

  describe('a connection is cut', () => {
    it.concurrent.each(Array.from({ length: CUTS }, (_, index) => index))(
      'number %i',
      async (index) => atOnce(async () => cutOnce(randomCut(new Random(SEED * 1000 + index), index), index)),
      CUTS * 3 * LONGEST_MS,
    );

    it('nearly always', () => {
      // Connections without names come in another order each time, and the one that is cut may be sent less.
      // Of a few cuts a third may miss by chance.
      const least = protocol === 'tds' ? 0.3 : CUTS < 50 ? 0.5 : 0.8;
      expect(reached).toBeGreaterThanOrEqual(CUTS * least);
    });
  });
}
