import { BaseCommand } from '../cli/base-command.ts';
import { jsonFlag, sourceFlags, stateFlags, tableFlags } from '../cli/flags.ts';
import type { TableName } from '../model/table.ts';

export default class Status extends BaseCommand {
  static override summary = 'Show the jobs of a state folder: runs, progress, snapshots, who works on them now.';
  static override description = 'Reads the states only; locks nothing, also while a run is going on.';
  static override examples = [
    { description: 'What was done and what is unfinished here', command: '<%= config.bin %> status' },
    { description: 'Of one table', command: '<%= config.bin %> status --table users' },
    { description: 'For a monitor', command: '<%= config.bin %> status --state-dir /var/lib/sqlextract --json' },
  ];
  static override flags = { config: sourceFlags.config, table: tableFlags.table, ...stateFlags, ...jsonFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(Status);
    const settings = await this.settings(flags);
    const { statusOf } = await import('../cli/status-of.ts');
    const { describeStatus } = await import('../cli/status-text.ts');
    const { printJson, printLine } = await import('../cli/print.ts');
    const { matchesTable } = await import('../engine/select-tables.ts');
    const { table: patterns = [] } = flags;
    const wants = (table: TableName): boolean =>
      patterns.length === 0 || patterns.some((pattern) => matchesTable(pattern, table));
    const status = await statusOf(settings.stateDir, wants);
    if (flags.json) printJson(status);
    else for (const line of describeStatus(status)) printLine(line);
  }
}
