// Which faults there are in a cluster.
import { CouldNotRun } from '../../could-not-run.js'
import type { Scenario } from '../scenario.js'
import { killPod, rollout, rotateSecret, scale } from './app.js'
import { drain } from './drain.js'
import { type Deployment, Release } from './kubectl.js'
import { failover, killRedis } from './redis.js'

interface Target {
  namespace: string
  release: string
  cordon: boolean
}

const SCENARIOS: Record<string, (release: Release, deployment: Deployment, target: Target) => Scenario> = {
  rollout,
  scale,
  'kill-pod': killPod,
  'kill-redis': killRedis,
  failover,
  'rotate-secret': rotateSecret,
  drain: (release, _, { cordon }) => drain(release, cordon),
}

/** @throws CouldNotRun when a name is unknown, or the release isn't there */
export async function clusterScenarios(names: readonly string[], target: Target): Promise<Scenario[]> {
  for (const value of [target.namespace, target.release]) {
    if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value))
      throw new CouldNotRun(`${value} is no name in Kubernetes`)
  }
  const makers = names.map((name) => {
    const make = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined
    if (!make)
      throw new CouldNotRun(`--scenario ${name}: in a cluster there are ${Object.keys(SCENARIOS).join(', ')}`)
    return make
  })
  const release = new Release(target.namespace, target.release)
  const deployment = await release.deployment().catch((error: Error) => {
    throw new CouldNotRun(`cluster: ${error.message}`)
  })
  return makers.map((make) => make(release, deployment, target))
}
