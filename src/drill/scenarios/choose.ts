import type { Options } from '../options.js'
import { CouldNotRun } from '../plan.js'
import type { Scenario } from './scenario.js'

/** @returns the scenarios that the command line names @throws CouldNotRun */
export async function chooseScenarios(options: Options): Promise<Scenario[]> {
  const [unknown] = options.scenarios
  if (unknown !== undefined) throw new CouldNotRun(`--scenario: ${unknown} is not known`)
  return []
}
