import { DatabaseSync } from 'node:sqlite';

/** Has the lock file for a moment, as another start has it that then finds itself refused. */
const database = new DatabaseSync(process.argv[2] ?? '', { timeout: 0 });
database.exec('BEGIN EXCLUSIVE');
process.stdout.write('held\n');
setTimeout(() => database.close(), 40);
