/** What a command's flags parsed to, by flag name; texts are parsed by `loadSettings`, like those of the other places. */
export type FlagValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
