/** Mutants that no test can notice, and why, by what is mutated: whoever adds one has looked for a test that fails. */
export const EXPLAINED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  lua: {},
  typescript: {},
}
