import { InstanceProcess } from '../../support/instance.js'
import { RedisServer } from '../../support/redis-server.js'
import { TcpProxy } from '../../support/tcp-proxy.js'

/** An instance of the counter, its way to Redis, and what is done to it just now. */
interface Place {
  process: InstanceProcess
  readonly proxy: TcpProxy
}

/** A Redis that keeps what it acknowledged through a crash, and instances of the counter, each behind a proxy of its own. */
export class Platform {
  readonly redis: RedisServer
  readonly #environment: Record<string, string>
  readonly #places: readonly Place[]

  private constructor(redis: RedisServer, environment: Record<string, string>, places: readonly Place[]) {
    this.redis = redis
    this.#environment = environment
    this.#places = places
  }

  static async start(instances: number, store: string, deadlineMs: number): Promise<Platform> {
    const redis = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always')
    const environment = {
      SESSION_STORE: store,
      SESSION_SECRET: 'only of the histories',
      SESSION_DEADLINE_MS: `${deadlineMs}`,
    }
    const places: Place[] = []
    for (let i = 0; i < instances; i += 1) {
      const proxy = await TcpProxy.start(redis.port)
      places.push({ proxy, process: await startInstance(environment, proxy) })
    }
    return new Platform(redis, environment, places)
  }

  get instances(): number {
    return this.#places.length
  }

  urlOf(index: number): string {
    return this.#at(index).process.url
  }

  proxyOf(index: number): TcpProxy {
    return this.#at(index).proxy
  }

  signal(index: number, signal: NodeJS.Signals): void {
    this.#at(index).process.child.kill(signal)
  }

  /** Kills an instance and starts another in its place. */
  async replace(index: number): Promise<void> {
    const place = this.#at(index)
    await place.process.end('SIGKILL')
    place.process = await startInstance(this.#environment, place.proxy)
  }

  async stop(): Promise<void> {
    for (const { process, proxy } of this.#places) {
      await process.end('SIGKILL')
      await proxy.stop()
    }
    await this.redis.stop()
  }

  #at(index: number): Place {
    const place = this.#places[index]
    if (!place) throw new RangeError(`there is no instance ${index}`)
    return place
  }
}

function startInstance(environment: Record<string, string>, proxy: TcpProxy): Promise<InstanceProcess> {
  return InstanceProcess.start({ ...environment, REDIS_URL: `redis://127.0.0.1:${proxy.port}` })
}
