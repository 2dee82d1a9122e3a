import { sql } from '../../ingest/quoted.ts';

/**
 * What goes with a table (`$1`, a name for regclass) when it is dropped, one text a row: its own comment, owner, grants, triggers, policies, rules,
 * indexes and constraints but for the primary key, and defaults. Views and foreign keys of others keep it from being dropped.
 */
export const LOST = sql`
  WITH t AS (SELECT c.oid, c.relowner, c.relacl FROM pg_catalog.pg_class c WHERE c.oid = $1::pg_catalog.regclass)
  SELECT 'owner ' || r.rolname FROM t JOIN pg_catalog.pg_roles r ON r.oid = t.relowner WHERE r.rolname <> current_user
  UNION ALL
  SELECT 'grants to ' || string_agg(DISTINCT coalesce(r.rolname, 'PUBLIC'), ', ')
    FROM t CROSS JOIN LATERAL pg_catalog.aclexplode(t.relacl) a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
    WHERE a.grantee <> t.relowner HAVING count(*) > 0
  UNION ALL
  SELECT 'trigger ' || g.tgname FROM t JOIN pg_catalog.pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
  UNION ALL
  SELECT 'policy ' || p.polname FROM t JOIN pg_catalog.pg_policy p ON p.polrelid = t.oid
  UNION ALL
  SELECT 'rule ' || w.rulename FROM t JOIN pg_catalog.pg_rewrite w ON w.ev_class = t.oid
  UNION ALL
  SELECT 'constraint ' || k.conname FROM t JOIN pg_catalog.pg_constraint k ON k.conrelid = t.oid WHERE k.contype IN ('f', 'c', 'x', 'u')
  UNION ALL
  SELECT 'index ' || c.relname FROM t JOIN pg_catalog.pg_index i ON i.indrelid = t.oid JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    WHERE NOT i.indisprimary AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.indexrelid)
  UNION ALL
  SELECT CASE WHEN a.attidentity <> '' THEN 'identity of ' WHEN a.attgenerated <> '' THEN 'expression of ' ELSE 'default of ' END || a.attname
    FROM t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid
    WHERE a.attnum > 0 AND NOT a.attisdropped AND (a.atthasdef OR a.attidentity <> '')
  UNION ALL
  SELECT 'comment' FROM t WHERE pg_catalog.obj_description(t.oid, 'pg_class') IS NOT NULL`;
