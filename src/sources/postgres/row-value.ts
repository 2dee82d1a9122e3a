/**
 * Why ranges cannot be cut by a column of row values: a bound is compared as a text without a type, and of such a text the server makes a value
 * of any type but a row's ("input of anonymous composite types is not implemented").
 */
export function rowValueRefused(column: string): string {
  return `${column} holds row values, which cannot be compared with a bound`;
}
