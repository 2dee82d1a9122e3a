import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAULT_POINTS, LOAD_FAULT_POINTS } from '../../src/model/fault-point.ts';
import type { Random } from '../properties/random.ts';
import { type CliRun, runCli } from '../support/run-cli.ts';
import type { ShopServer } from './shop-server.ts';
import { configOf } from './shop-tables.ts';
import type { ShopTarget } from './shop-targets.ts';

/** `sync` of one server, in a folder of its own. */
export interface Syncs {
  /** A round that may go wrong in any way that it can; what became of it, in words. */
  round(target: ShopTarget, random: Random): Promise<string>;
  /** A round that nothing stands in the way of. */
  calm(target: ShopTarget): Promise<void>;
  /** What the last calls said, the last one last. */
  said(): string;
}

/** Of the tables in the target. */
export function schemaOf({ name }: ShopServer): string {
  return `from_${name}`;
}

/**
 * What a round may end with while writers are at work: the window of the log waits for their transactions, and where they commit all the time
 * MariaDB's readers may find no common instant, without which no keys are called gone.
 */
const BUSY = /code: (?:CURSOR_BUSY|DELETES_INCOMPLETE)/;
/** A load that waits for a lock is killed after that. */
const PATIENCE_MS = 6000;
/** So many calls are told of when something is wrong. */
const LAST = 8;

interface Call {
  readonly fault?: string;
  readonly killAfterMs?: number;
  /** Flags on top. */
  readonly more?: readonly string[];
}

type Sync = (call: Call) => Promise<CliRun>;

export function syncsOf(server: ShopServer, root: string): Syncs {
  const folder = join(root, server.name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'sqlextract.yaml'), configOf(server.url, server.schema, '3KB'));
  const said: string[] = [];
  const syncTo =
    (target: ShopTarget): Sync =>
    async ({ fault, killAfterMs, more = [] }) => {
      // A small shop loses more than a tenth of its rows at once.
      const run = await runCli(['sync', '--schema', schemaOf(server), '--max-delete-fraction', '1', ...more], {
        cwd: folder,
        env: {
          SQLEXTRACT_TARGET: target.url,
          SQLEXTRACT_WORKERS: '2',
          ...(fault === undefined ? {} : { SQLEXTRACT_FAULT: fault }),
        },
        ...(killAfterMs === undefined ? {} : { killAfterMs }),
      });
      said.push(`── into ${target.name} ${more.join(' ')}: ${run.code ?? run.signal}\n${run.stderr}${run.stdout}`);
      said.splice(0, said.length - LAST);
      return run;
    };
  return {
    said: () => said.join('\n'),
    calm: async (target) => {
      const run = await syncTo(target)({});
      if (run.code !== 0) throw wrong(run);
    },
    round: async (target, random) => {
      const log = `${server.schema}.log`;
      // The log alone, all but the log, which nobody waits for, or all.
      const more = random.pick([['--table', log], ['--exclude-table', log], ['--exclude-table', log], []]);
      const sync: Sync = (call) => syncTo(target)({ ...call, more });
      if (random.chance(0.2)) return `${more.join(' ')} ${endOf(await sync({}))}`;
      if (random.chance(0.25)) return troubled(target, server, random, syncTo(target));
      const call: Call = random.chance(0.5)
        ? { killAfterMs: random.integer(300, 3500) }
        : { fault: `${random.pick([...FAULT_POINTS, ...LOAD_FAULT_POINTS])}:${random.integer(1, 4)}` };
      return `${more.join(' ')} ${JSON.stringify(call)}: ${endOf(await sync(call))}`;
    },
  };
}

function endOf(run: CliRun): string {
  if (run.signal !== null) return 'killed';
  if (run.code === 0) return 'exit 0';
  if (BUSY.test(run.stderr + run.stdout)) return 'busy';
  throw wrong(run);
}

function wrong({ code, signal, stdout, stderr }: CliRun): Error {
  return new Error(`sync ended with ${code ?? signal}\n${stdout}\n${stderr}`);
}

async function troubled(target: ShopTarget, server: ShopServer, random: Random, sync: Sync): Promise<string> {
  const trouble = await target.beginTrouble(schemaOf(server), random);
  let run: CliRun;
  try {
    run = await sync(trouble.keepsWaiting ? { killAfterMs: PATIENCE_MS } : {});
  } finally {
    await trouble.end();
  }
  if (run.code === 0) throw new Error(`${trouble.name}, and nothing was said: ${run.stdout}`);
  const codes = [...(run.stdout + run.stderr).matchAll(/code: ([A-Z_]+)/g)].map(([, code]) => code);
  return `${trouble.name}: ${run.code ?? run.signal} ${codes.join(', ')}`;
}
