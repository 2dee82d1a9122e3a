import type { Random } from '../properties/random.ts';
import type { Dialect } from './dialects.ts';
import { DETECT_DELETES } from './shop-tables.ts';

/** Numbers that the writers of one server have given out. */
export interface Given {
  customer: number;
  order: number;
}

const AWKWARD = ['', 'O\'\'Brien, "Bob"', 'two\nlines', '\\\\N', 'NULL', '😀 é', ' '];

/** Statements of something that happens in a shop; all of one transaction. */
export type Happening = (random: Random, dialect: Dialect, given: Given) => readonly string[];

function name(random: Random): string {
  return random.chance(0.1)
    ? 'NULL'
    : `'${random.chance(0.2) ? random.pick(AWKWARD) : `name ${random.integer(1, 1e6)}`}'`;
}

function amount(random: Random): string {
  return (random.integer(0, 1_000_000) / 100).toFixed(2);
}

/** `, updated_at = …`; empty where the column stamps itself on every update. */
function stamped(random: Random, dialect: Dialect): string {
  const stamp = random.pick(dialect.stamps);
  return stamp === null
    ? dialect.stamps.includes('now()')
      ? ', updated_at = DEFAULT'
      : ''
    : `, updated_at = ${stamp}`;
}

function stampValue(random: Random, dialect: Dialect): string {
  return random.pick(dialect.stamps) ?? 'DEFAULT';
}

const newCustomers: Happening = (random, dialect, given) => {
  const stamp = stampValue(random, dialect);
  const rows = random.list(1, 30, () => `(${(given.customer += 1)}, ${name(random)}, ${amount(random)}, 0, ${stamp})`);
  return [`INSERT INTO customers VALUES ${rows.join(', ')}`];
};

const changeCustomers: Happening = (random, dialect, given) => {
  const first = random.integer(1, given.customer);
  const set = `name = ${name(random)}, credit = credit + 1${stamped(random, dialect)}`;
  return [`UPDATE customers SET ${set} WHERE deleted = 0 AND id BETWEEN ${first} AND ${first + random.integer(0, 20)}`];
};

const removeCustomer: Happening = (random, dialect, given) => {
  const which = `deleted = 0 AND id = ${random.integer(1, given.customer)}`;
  if (DETECT_DELETES) return [`DELETE FROM customers WHERE ${which}`];
  return [`UPDATE customers SET deleted = 1${stamped(random, dialect)} WHERE ${which}`];
};

/** To the other end of the key. */
const moveCustomer: Happening = (random, dialect, given) => {
  const from = random.integer(1, given.customer);
  given.customer += 1;
  const to = random.chance(0.5) ? -given.customer : given.customer;
  const stamp = stampValue(random, dialect);
  const move = `UPDATE customers SET id = ${to}${stamped(random, dialect)} WHERE deleted = 0 AND id = ${from}`;
  if (DETECT_DELETES) return [move];
  const columns = stamp === 'DEFAULT' ? 'id, name, deleted' : 'id, name, deleted, updated_at';
  const values = stamp === 'DEFAULT' ? `${from}, 'moved', 1` : `${from}, 'moved', 1, ${stamp}`;
  return [move, `INSERT INTO customers (${columns}) SELECT ${values} FROM customers WHERE id = ${to}`];
};

const newOrders: Happening = (random, dialect, given) => {
  const stamp = random.pick(dialect.seconds);
  const rows = random.list(1, 40, () => `(${random.integer(1, 3)}, ${(given.order += 1)}, 'new', 0, ${stamp})`);
  return [`INSERT INTO orders VALUES ${rows.join(', ')}`];
};

const changeOrders: Happening = (random, dialect, given) => {
  const first = random.integer(1, given.order);
  const set = `state = 'paid ${random.integer(1, 1e6)}', changed = ${random.pick(dialect.seconds)}`;
  return [`UPDATE orders SET ${set} WHERE number BETWEEN ${first} AND ${first + random.integer(0, 50)}`];
};

const removeOrders: Happening = (random, dialect, given) => {
  const which = `number = ${random.integer(1, given.order)}`;
  if (DETECT_DELETES) return [`DELETE FROM orders WHERE ${which}`];
  return [`UPDATE orders SET deleted = 1, changed = ${random.pick(dialect.seconds)} WHERE ${which}`];
};

const log: Happening = (random) => [
  `INSERT INTO log (message) VALUES ${random.list(1, 10, () => `('${random.pick(AWKWARD)}')`).join(', ')}`,
];

const newPrice: Happening = (random, dialect, given) => {
  given.customer += 1;
  return [`INSERT INTO prices VALUES (${given.customer}, ${amount(random)}, ${stampValue(random, dialect)})`];
};

const changePrices: Happening = (random, dialect) => [
  `UPDATE prices SET price = ${amount(random)}${stamped(random, dialect)} WHERE id % 7 = ${random.integer(0, 6)}`,
];

const visit: Happening = (random, dialect) => {
  const rows = random.list(1, 10, () => `('/page/${random.integer(1, 9)}', ${dialect.late(random.integer(0, 3000))})`);
  return [`INSERT INTO visits VALUES ${rows.join(', ')}`];
};

const newStock: Happening = (random, dialect, given) => {
  given.customer += 1;
  return [`INSERT INTO stock VALUES (${given.customer}, ${random.integer(0, 100)}, ${dialect.applicationStamp})`];
};

const changeStock: Happening = (random, dialect) => [
  `UPDATE stock SET pieces = pieces + 1, updated_at = ${dialect.applicationStamp} WHERE id % 5 = ${random.integer(0, 4)}`,
];

/** As often as they stand here. */
export const HAPPENINGS: readonly Happening[] = [
  ...[newCustomers, changeCustomers, changeCustomers, removeCustomer, moveCustomer],
  ...[newOrders, changeOrders, changeOrders, removeOrders],
  ...[log, log, newPrice, changePrices, visit, visit, newStock, changeStock],
];
