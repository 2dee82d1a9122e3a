declare module 'parquetjs-lite' {
  const parquetjs: unknown;
  export default parquetjs;
}
