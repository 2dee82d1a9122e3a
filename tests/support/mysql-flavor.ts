import { serverKind } from './mysql-kind.ts';

const IS_MARIADB = (await serverKind()) === 'mariadb';

/** What loads into the tests' server say of it: MySQL is what the target is when nothing is said. */
export const FLAVOR: { readonly flavor?: 'mariadb' } = IS_MARIADB ? { flavor: 'mariadb' } : {};
export const FLAVOR_FLAGS: readonly string[] = IS_MARIADB ? ['--flavor', 'mariadb'] : [];
