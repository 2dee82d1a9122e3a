import { BaseCommand } from '../cli/base-command.ts';
import { jsonFlag, sourceFlags, stateFlags } from '../cli/flags.ts';

export default class Status extends BaseCommand {
  static override summary = 'Show the jobs of a state folder: runs, progress, snapshots, who works on them now.';
  static override description = 'Reads the states only; locks nothing, also while a run is going on.';
  static override examples = [
    { description: 'What was done and what is unfinished here', command: '<%= config.bin %> status' },
    { description: 'For a monitor', command: '<%= config.bin %> status --state-dir /var/lib/sqlextract --json' },
  ];
  static override flags = { config: sourceFlags.config, ...stateFlags, ...jsonFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(Status);
    const settings = await this.settings(flags);
    const { statusOf } = await import('../cli/status-of.ts');
    const { describeStatus } = await import('../cli/status-text.ts');
    const { printJson, printLine } = await import('../cli/print.ts');
    const status = await statusOf(settings.stateDir);
    if (flags.json) printJson(status);
    else for (const line of describeStatus(status)) printLine(line);
  }
}
