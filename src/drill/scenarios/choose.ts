import { CouldNotRun } from '../could-not-run.js'
import type { Options } from '../options.js'
import { clusterScenarios } from './cluster/choose.js'
import { demoTarget } from './demo.js'
import { localScenarios } from './local.js'
import type { Scenario } from './scenario.js'

/**
 * @returns the scenarios that the command line names: in the cluster with a namespace and a release, else on the demo
 * @throws CouldNotRun when a name is unknown, or what they act on isn't there
 */
export async function chooseScenarios(options: Options): Promise<Scenario[]> {
  const { scenarios, namespace, release, cordon } = options
  if ((namespace === undefined) !== (release === undefined))
    throw new CouldNotRun('--namespace and --release go together')
  if (scenarios.length === 0) return []
  if (namespace !== undefined && release !== undefined)
    return clusterScenarios(scenarios, { namespace, release, cordon })
  return localScenarios(scenarios, demoTarget(options.demoData, options.plan.url))
}
