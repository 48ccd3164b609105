// Which faults there are on a local platform.
import { setTimeout as pause } from 'node:timers/promises'
import { CouldNotRun } from '../could-not-run.js'
import type { Scenario } from './scenario.js'

/** What can be done to a local platform. */
export interface LocalTarget {
  /** Restarts all instances and waits until they are ready. */
  restart(): Promise<void>
  /** Scales to one instance, to twice as many as there are, and back, each time until all are ready. */
  scale(): Promise<void>
  /** Kills an instance and waits until it is back. */
  killAndWait(): Promise<void>
  stopRedis(): Promise<void>
  startRedis(): Promise<void>
}

const KILLS = 3
const REDIS_AWAY_MS = 1000

const SCENARIOS: Record<string, (target: LocalTarget) => Omit<Scenario, 'name'>> = {
  restart: (target) => ({
    intent: 'restarts all instances of the local demo, gracefully',
    run: () => target.restart(),
  }),
  scale: (target) => ({
    intent: 'scales the local demo to one instance, to twice as many as there are, and back',
    run: () => target.scale(),
  }),
  kill: (target) => ({
    intent: `kills ${KILLS} instances of the local demo, one after the other (SIGKILL)`,
    async run(say) {
      for (let kill = 1; kill <= KILLS; kill++) {
        await target.killAndWait()
        say(`instance killed and back, ${kill} of ${KILLS}`)
      }
    },
  }),
  'kill-redis': (target) => ({
    intent: `kills the Redis of the local demo (SIGKILL) and starts it ${REDIS_AWAY_MS} ms later`,
    async run(say) {
      await target.stopRedis()
      say('Redis killed')
      try {
        await pause(REDIS_AWAY_MS)
      } finally {
        await target.startRedis()
      }
      say('Redis is back')
    },
  }),
}

/** @throws CouldNotRun when a name is unknown */
export function localScenarios(names: readonly string[], target: LocalTarget): Scenario[] {
  return names.map((name) => {
    const make = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined
    if (make) return { name, ...make(target) }
    throw new CouldNotRun(
      `--scenario ${name}: on the local demo there are ${Object.keys(SCENARIOS).join(', ')}; in a cluster --namespace and --release must be given`,
    )
  })
}
