import { SqlextractError } from '../../model/problem.ts';
import { parseMysql } from '../../sources/mysql/config.ts';
import { MYSQL_SESSION } from '../../ingest/targets/mysql-load-data.ts';
import type { LoadSession, TargetLoader, TargetPlace } from '../loader.ts';
import { localInfileOff, MysqlConnection } from './mysql-connection.ts';
import { MysqlLoadSession } from './mysql-session.ts';

/** MySQL and MariaDB, by LOAD DATA LOCAL INFILE: files are streamed, decompressed here; several at a time each in a session of its own. */
export const mysqlLoader: TargetLoader = { target: 'mysql', open };

async function open(place: TargetPlace, connections: number): Promise<LoadSession> {
  try {
    const config = parseMysql({ url: place.url, environment: place.environment });
    const connect = async (): Promise<MysqlConnection> =>
      MysqlConnection.open(config, MYSQL_SESSION).catch((error: unknown) => {
        throw asTarget(error);
      });
    const main = await connect();
    const [facts] = await main.rows('SELECT VERSION(), @@local_infile, @@max_allowed_packet');
    if (facts?.[1] !== '1') {
      await main[Symbol.asyncDispose]();
      throw localInfileOff();
    }
    const flavor = /mariadb/i.test(facts[0] ?? '') ? 'mariadb' : 'mysql';
    const packetBytes = Number(facts[2]) - PACKET_HEADER;
    return new MysqlLoadSession({ main, connect, connections, flavor, packetBytes, scratch: place.scratch });
  } catch (error) {
    throw asTarget(error);
  }
}

/** Three bytes of length, one of the packet's number; some servers count them. */
const PACKET_HEADER = 4;

/** The source's words for a URL or a server are the target's here. */
function asTarget(error: unknown): unknown {
  if (!(error instanceof SqlextractError) || !error.problem.code.startsWith('SOURCE_')) return error;
  const code = error.problem.code === 'SOURCE_URL_INVALID' ? 'TARGET_URL' : 'TARGET_CONNECT';
  const message = error.problem.message.replace('the source URL', "the target's URL");
  return new SqlextractError({ ...error.problem, code, message }, error);
}
