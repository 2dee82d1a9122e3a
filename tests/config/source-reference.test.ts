import { describe, expect, test } from 'vitest';
import { escapeReferences, expandReferences } from '../../src/config/expand-references.ts';
import { referenceSource } from '../../src/config/source-reference.ts';

describe('a source as it may stand in a file', () => {
  test.each([
    [
      'postgres://reader@db:5432/shop?sslmode=verify-full',
      'postgres://reader@db:5432/shop?sslmode=verify-full',
      null,
      [],
    ],
    ['postgres://reader:s3cret%40@db/shop', 'postgres://reader@db/shop', '${SHOP_EU_PASSWORD}', ['SHOP_EU_PASSWORD']],
    [
      'mysql://u@db/shop?ssl-ca=/etc/ca.pem&watchdog=300',
      'mysql://u@db/shop?ssl-ca=/etc/ca.pem&watchdog=300',
      null,
      [],
    ],
    ['x://u@db/shop?token=s3cret&tls=on', 'x://u@db/shop?token=${SHOP_EU_TOKEN}&tls=on', null, ['SHOP_EU_TOKEN']],
    ['postgres:///shop?host=/run/postgresql', 'postgres:///shop?host=/run/postgresql', null, []],
    ['sqlite:/data/shop.sqlite?immutable=1', 'sqlite:/data/shop.sqlite?immutable=1', null, []],
    ['./data/shop.sqlite', './data/shop.sqlite', null, []],
    ['postgres://u:s3cret@bad host/x', '${SHOP_EU_URL}', null, ['SHOP_EU_URL']],
    ['./odd ${NAME}.sqlite', './odd $${NAME}.sqlite', null, []],
  ])('%s', (url, written, password, variables) => {
    const found = referenceSource(url, 'shop-eu');
    expect(found).toMatchObject({ url: written, password });
    expect(found.variables.map(({ name }) => name)).toEqual(variables);
    expect(JSON.stringify(found)).not.toContain('s3cret');
  });

  test('the variables have names that a shell takes', () => {
    const nameOf = (name: string) => referenceSource('x://u:p@h/d', name).variables[0]?.name;
    expect(['1st', 'größe', '用户', '_x'].map(nameOf)).toEqual([
      'SOURCE_1ST_PASSWORD',
      'GR_SSE_PASSWORD',
      'SOURCE_PASSWORD',
      'X_PASSWORD',
    ]);
  });
});

test.each(['plain', '${A}', '$${A}', '$$${A}', 'a${b', '${', '${A}${B}', '$', '${not a name}'])(
  'what is escaped comes back as it was: %s',
  (text) => {
    expect(expandReferences(escapeReferences(text), {}, 'here')).toBe(text);
  },
);
