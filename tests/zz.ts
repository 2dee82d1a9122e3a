import { startPostgres } from './support/postgres-server.ts';
const s = await startPostgres(); console.log(process.getuid?.(), s.origin); await s.stop();
