// The whole platform on one machine: Redis, instances, a load balancer.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from '../counter/config/environment.js'
import type { StoreName } from '../counter/config/store-names.js'
import { BackendPool } from './backend-pool.js'
import { startBalancer } from './balancer.js'
import { COMPARED } from './beside.js'
import { Fleet, type LocalInstance } from './fleet.js'
import { freeBalancerPort } from './ports.js'
import { absentRedis, externalRedis, type LocalRedis, ownRedis } from './redis.js'
import { findRedisProgram } from './redis-program.js'

export interface PlatformOptions {
  /** The session store of the instances. */
  readonly store: string
  readonly instances: number
  /** Where the data, the session secret and the logs are kept. */
  readonly dataFolder: string
  /** The balancer's port on 127.0.0.1; 0 takes a free one. */
  readonly port: number
  /** A Redis that runs already; without it the platform runs its own. */
  readonly redisUrl?: string | undefined
  /** Further settings of the instances. */
  readonly environment?: Environment
  /** Told in one line of what happens without having been asked for. */
  readonly say: (line: string) => void
}

interface Side {
  readonly pool: BackendPool
  readonly fleet: Fleet
}

/** A Redis, some instances, and a load balancer in front: what a cluster is to the counter, on one machine. */
export interface Platform {
  readonly url: string
  readonly redis: Pick<LocalRedis, 'url' | 'label' | 'ours' | 'running'>
  readonly instances: readonly LocalInstance[]
  readonly store: string
  /** Stops all instances gracefully, starts them, and waits until they are ready; requests wait meanwhile. */
  restart(): Promise<void>
  /** Kills (SIGKILL) this instance, or any; it starts again automatically. */
  killInstance(index?: number): Promise<void>
  /** Kills (SIGKILL) any instance, and waits until all are ready again. */
  killAndWait(): Promise<void>
  /** Kills Redis (SIGKILL); it stays away until startRedis(). */
  stopRedis(): Promise<void>
  startRedis(): Promise<void>
  /** Restarts the instances with another store. */
  switchStore(store: string): Promise<void>
  scale(count: number): Promise<void>
  /** Stops everything that was started: first the instances, gracefully, then Redis. */
  stop(): Promise<void>
}

/**
 * Starts the local platform and waits until its instances are ready. Nothing is left running where it fails.
 * @throws Error, whose message is for people, where it can't start; with code EADDRINUSE where the port is taken.
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { dataFolder, say } = options
  const logFolder = join(dataFolder, 'logs')
  mkdirSync(logFolder, { recursive: true })
  let store = options.store
  let redis: LocalRedis | undefined
  const pool = new BackendPool()
  // The port first: where it is taken, perhaps by another demo, nothing else may be touched.
  const balancer = await startBalancer(options.port || (await freeBalancerPort()), pool, { beside })
  const secret = sessionSecret(join(dataFolder, 'session-secret'))
  const common = {
    SESSION_SECRET: secret,
    CHAOS_ENABLED: 'true',
    TRUST_PROXY: '1',
    // Longer than the balancer takes to notice that an instance is not ready any more.
    SHUTDOWN_DELAY_MS: '300',
    ...options.environment,
  }
  const fleet = new Fleet({
    pool,
    logFolder,
    balancerPort: balancer.port,
    say,
    environment: () => ({ ...common, REDIS_URL: redis?.url, SESSION_STORE: store }),
  })
  /** Instances with another store, started when the page's story first asks for them. */
  const sides = new Map<StoreName, Promise<Side>>()

  async function beside(name: StoreName): Promise<BackendPool | undefined> {
    if (name === store) return pool
    if (!redis?.ours || !COMPARED.includes(name)) return undefined
    const side = sides.get(name) ?? startSide(name, `${redis.url}/1`)
    sides.set(name, side)
    return (await side).pool
  }
  async function startSide(name: StoreName, redisUrl: string): Promise<Side> {
    say(`starting ${fleet.instances.length} more instances, with the store ${name}, for the page's story`)
    const sidePool = new BackendPool()
    const sideLogs = join(logFolder, name)
    mkdirSync(sideLogs, { recursive: true })
    const sideFleet = new Fleet({
      pool: sidePool,
      logFolder: sideLogs,
      balancerPort: balancer.port,
      say: (line) => say(`${name}: ${line}`),
      // A database of their own: sessions and the list of instances are theirs.
      environment: () => ({ ...common, REDIS_URL: redisUrl, SESSION_STORE: name }),
    })
    await sideFleet.scale(fleet.instances.length)
    return { pool: sidePool, fleet: sideFleet }
  }
  async function untilReady(): Promise<void> {
    // Without Redis nobody gets ready; they do by themselves when it is back.
    if (redis?.running) await fleet.ready()
  }
  async function restart(): Promise<void> {
    await fleet.restart()
    await untilReady()
  }
  async function killInstance(index = Math.floor(Math.random() * fleet.instances.length)): Promise<void> {
    await fleet.kill(index)
  }
  async function stop(): Promise<void> {
    await balancer.close(async () => {
      const started = await Promise.all(sides.values())
      await Promise.all([fleet, ...started.map((side) => side.fleet)].map((each) => each.stop()))
    })
    await redis?.stop()
  }

  try {
    const { redisUrl } = options
    if (redisUrl) redis = await externalRedis(redisUrl)
    else {
      const program = findRedisProgram()
      if (program) redis = await ownRedis(program, dataFolder, balancer.port, say)
      else if (store === 'memory') redis = absentRedis()
      else throw new Error('there is no Redis on this machine: npm run demo says how to get one')
    }
    await fleet.scale(options.instances)
    await fleet.ready()
  } catch (error) {
    await stop()
    throw error
  }
  const running = redis
  return {
    url: `http://127.0.0.1:${balancer.port}`,
    redis: running,
    get instances() {
      return fleet.instances
    },
    get store() {
      return store
    },
    restart,
    killInstance,
    async killAndWait() {
      await killInstance()
      await untilReady()
    },
    stopRedis: () => running.halt(),
    startRedis: () => running.start(),
    async switchStore(name) {
      if (name !== 'memory' && !running.url) await running.start()
      store = name
      await restart()
    },
    async scale(count) {
      await fleet.scale(count)
      await untilReady()
    },
    stop,
  }
}

/** The secret of an earlier start, so that its cookies are still good; else a new one. */
function sessionSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    const secret = randomBytes(32).toString('hex')
    writeFileSync(file, secret, { mode: 0o600 })
    return secret
  }
}
