// Which faults a command line asks for.
import { CouldNotRun } from '../could-not-run.js'
import type { Settings } from '../options/table.js'
import { clusterScenarios } from './cluster/choose.js'
import { commandScenario } from './command.js'
import { demoTarget } from './demo.js'
import { localScenarios } from './local.js'
import type { Scenario } from './scenario.js'

type Chosen = Pick<Settings, 'scenarioNames' | 'commands' | 'namespace' | 'release' | 'cordon' | 'demoData'>

/**
 * @returns the scenarios that the settings name: in the cluster with a namespace and a release, else on the demo
 * @throws CouldNotRun when a name is unknown, or what they act on isn't there
 */
export async function chooseScenarios(settings: Chosen, url: URL): Promise<Scenario[]> {
  const { scenarioNames, commands, namespace, release, cordon, demoData } = settings
  const own = commands.map(commandScenario)
  if ((namespace === undefined) !== (release === undefined))
    throw new CouldNotRun('--namespace and --release go together')
  if (scenarioNames.length === 0) return own
  if (namespace !== undefined && release !== undefined)
    return [...(await clusterScenarios(scenarioNames, { namespace, release, cordon })), ...own]
  return [...localScenarios(scenarioNames, demoTarget(demoData ?? '.data', url)), ...own]
}
