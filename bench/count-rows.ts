/** `node count-rows.ts TABLE`: one connection, one SELECT, every row counted and thrown away. The server by BENCH_SQLSERVER_URL. */
import { Connection, Request } from 'tedious';

const at = new URL(process.env['BENCH_SQLSERVER_URL'] ?? '');
const connection = new Connection({
  server: at.hostname,
  authentication: {
    type: 'default',
    options: { userName: decodeURIComponent(at.username), password: decodeURIComponent(at.password) },
  },
  options: {
    port: Number(at.port === '' ? 1433 : at.port),
    database: decodeURIComponent(at.pathname.slice(1)),
    encrypt: at.searchParams.get('encrypt') !== 'false',
    trustServerCertificate: at.searchParams.get('trustServerCertificate') === 'true',
    requestTimeout: 0,
  },
});
await new Promise<void>((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve())));
let rows = 0;
await new Promise<void>((resolve, reject) => {
  const request = new Request(`SELECT * FROM ${process.argv[2] ?? ''}`, (error) => (error ? reject(error) : resolve()));
  request.on('row', () => (rows += 1));
  connection.execSqlBatch(request);
});
connection.close();
process.stdout.write(`${rows}\n`);
