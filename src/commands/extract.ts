import { BaseCommand } from '../cli/base-command.ts';
import { catchUpFlag, extractFlags } from '../cli/flags.ts';

export default class Extract extends BaseCommand {
  static override summary =
    'Copy tables into Parquet or CSV files, in parallel; the same command again finishes a killed run.';
  static override description =
    'Every range of a table is planned, written and committed on its own. After kill -9, a reboot or a lost connection the same ' +
    'command goes on with what is not done: no row is lost, doubled or altered. Readers of the files use manifest.json.';
  static override examples = [
    { description: 'One table, eight connections', command: '<%= config.bin %> extract --table users --workers 8' },
    {
      description: 'A whole schema as CSV',
      command: "<%= config.bin %> extract --source prod --table 'sales.*' --format csv --compression gzip",
    },
    {
      description: 'Some rows and columns',
      command: `<%= config.bin %> extract --table orders --columns id,total --where "total > 100"`,
    },
    {
      description: 'The rows of a query, in ranges of one of its columns',
      command: `<%= config.bin %> extract --query "SELECT id, email FROM users WHERE active" --name active_users --split-by id`,
    },
    {
      description: 'From a scheduler that may call twice',
      command: '<%= config.bin %> extract --table users --run-key 2026-11-21 --json',
    },
  ];
  static override flags = { ...extractFlags, ...catchUpFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(Extract);
    const settings = await this.settings(flags);
    const facts = { argv: ['extract', ...this.argv], toolVersion: this.config.version };
    if (flags['catch-up']) {
      const { runCatchUp } = await import('../cli/run-catch-up.ts');
      await runCatchUp(settings, facts);
      return;
    }
    const { runExtractCommand } = await import('../cli/run-extract.ts');
    await runExtractCommand(settings, facts);
  }
}
