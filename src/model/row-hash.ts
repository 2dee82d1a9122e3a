/**
 * The order-independent hash of a set of rows, computed by two programs that share nothing: the database over its table, and
 * DuckDB over the files. A row's text is its cells joined without separator; a cell is
 *
 *   `-`                       for NULL
 *   `<bytes>:<text>`          otherwise, `bytes` being the length of `text` in UTF-8 bytes
 *
 * and `text` is by kind
 *
 *   boolean            `t` or `f`
 *   int32, int64       decimal digits
 *   decimal(p,s)       digits with exactly s digits after the point, no point when s = 0
 *   float32, float64   the 32 or 64 bits of the IEEE value, as `0` and `1`, highest first; every NaN is `nan`
 *   date               days since 1970-01-01, decimal digits
 *   time, timestamp    microseconds since midnight / since 1970-01-01T00:00:00 (UTC when zoned), decimal digits
 *   string, json, uuid the text itself (uuid in lower case)
 *   binary             lower-case hex
 *
 * The row's hash is the first 16 hex digits of MD5(text in UTF-8) as an unsigned 64-bit number; the table's sum is the plain sum
 * of its rows' hashes (not reduced, so that doubled rows are seen; an XOR would hide a pair).
 */
export const ROW_HASH_VERSION = 1;
