import { BaseCommand } from '../cli/base-command.ts';
import { extractFlags, targetFlag } from '../cli/flags.ts';
import { loadFlags, reachFlags } from '../cli/load-flags.ts';
import { locationFlags } from '../cli/location-flags.ts';

export default class Sync extends BaseCommand {
  static override summary = 'Extract tables, load them into a target, and compare the counts: source = files = target.';
  static override description =
    'extract and load in one: chunks are staged in the target as they arrive (where the target stages), and published in one ' +
    'transaction a table once the run is complete. Killed at any instant, the same command goes on and ends exact.';
  static override examples = [
    {
      description: 'Into a DuckDB file (warehouse.duckdb in the working folder)',
      command: '<%= config.bin %> sync --table users --workers 8',
    },
    {
      description: 'Into PostgreSQL, over the rows that are there',
      command:
        "<%= config.bin %> sync --table 'sales.*' --target postgres://loader@warehouse/dw --mode merge --parallel 4",
    },
    { description: 'Into a target of sqlextract.yaml', command: '<%= config.bin %> sync --target warehouse --json' },
  ];
  static override flags = {
    ...extractFlags,
    ...targetFlag,
    ...loadFlags,
    'server-path': locationFlags['server-path'],
    ...reachFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Sync);
    const settings = await this.settings(flags);
    const { runSync } = await import('../cli/run-sync.ts');
    await runSync(settings, flags, { argv: ['sync', ...this.argv], toolVersion: this.config.version });
  }
}
