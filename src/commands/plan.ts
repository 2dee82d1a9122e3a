import { BaseCommand } from '../cli/base-command.ts';
import { extractFlags } from '../cli/flags.ts';

export default class Plan extends BaseCommand {
  static override summary =
    'Show what `extract` would do: keys, ranges, sizes, isolation, and what is not parallel and why.';
  static override description = 'The same as `extract --dry-run`: reads keys only, writes nothing.';
  static override examples = [
    { description: 'One table', command: '<%= config.bin %> plan --table users' },
    { description: 'Everything, for a program', command: "<%= config.bin %> plan --table '*' --json" },
  ];
  static override flags = extractFlags;

  async run(): Promise<void> {
    const { flags } = await this.parse(Plan);
    const settings = await this.settings({ ...flags, 'dry-run': true });
    const { runExtractCommand } = await import('../cli/run-extract.ts');
    await runExtractCommand(settings, { argv: ['plan', ...this.argv], toolVersion: this.config.version });
  }
}
