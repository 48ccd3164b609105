// The error of a setting that the process can't start with.

/** Its message is one line that names the variable and what it accepts. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'

  constructor(variable: string, problem: string) {
    // A path or a name that is shown may hold anything.
    super(`${variable}: ${problem}`.replace(/\p{C}/gu, '�'))
  }
}
