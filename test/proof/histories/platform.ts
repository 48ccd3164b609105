import { InstanceProcess } from '../../support/instance.js'
import { RedisCluster } from '../../support/redis-cluster.js'
import { RedisServer } from '../../support/redis-server.js'
import { TcpProxy } from '../../support/tcp-proxy.js'

const INSTANCE_WITH_CLIENT = 'dist/proof/instance-with-client.js'

/** What is judged. */
export interface Setup {
  readonly name: string
  readonly store: 'exact' | 'connect-redis'
  /** One of test/support/clients.ts. Without it the counter's own, as it connects it. */
  readonly client?: string
  readonly isCluster?: boolean
}

/** A Redis that keeps what it acknowledged through a crash, or a Cluster of three, and instances of the counter. */
export class Platform {
  readonly servers: readonly RedisServer[]
  /** A server's own in a Cluster, else an instance's. */
  readonly proxies: readonly TcpProxy[]
  readonly cluster: RedisCluster | undefined
  /** By index. */
  readonly #processes: InstanceProcess[] = []
  readonly #start: (index: number) => Promise<InstanceProcess>

  private constructor(
    { servers, proxies, cluster }: Pick<Platform, 'servers' | 'proxies' | 'cluster'>,
    start: (index: number) => Promise<InstanceProcess>,
  ) {
    this.servers = servers
    this.proxies = proxies
    this.cluster = cluster
    this.#start = start
  }

  static async start(instances: number, setup: Setup, deadlineMs: number): Promise<Platform> {
    const redis = setup.isCluster ? await aCluster() : await aServer(instances)
    const platform = new Platform(redis, (index) => startInstance(setup, deadlineMs, redis, index))
    for (let i = 0; i < instances; i += 1) platform.#processes.push(await platform.#start(i))
    return platform
  }

  get instances(): number {
    return this.#processes.length
  }

  urlOf(index: number): string {
    return this.#at(index).url
  }

  signal(index: number, signal: NodeJS.Signals): void {
    this.#at(index).child.kill(signal)
  }

  /** Kills an instance and starts another in its place. */
  async replace(index: number): Promise<void> {
    await this.#at(index).end('SIGKILL')
    this.#processes[index] = await this.#start(index)
  }

  async stop(): Promise<void> {
    for (const process of this.#processes) await process.end('SIGKILL')
    if (this.cluster) await this.cluster.stop()
    else {
      await Promise.all(this.proxies.map((proxy) => proxy.stop()))
      await Promise.all(this.servers.map((server) => server.stop()))
    }
  }

  #at(index: number): InstanceProcess {
    const process = this.#processes[index]
    if (!process) throw new RangeError(`there is no instance ${index}`)
    return process
  }
}

type Redis = Pick<Platform, 'servers' | 'proxies' | 'cluster'>

async function aServer(instances: number): Promise<Redis> {
  const server = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always')
  const proxies = await Promise.all(Array.from({ length: instances }, () => TcpProxy.start(server.port)))
  return { servers: [server], proxies, cluster: undefined }
}

async function aCluster(): Promise<Redis> {
  const cluster = await RedisCluster.startBehindProxies()
  return { servers: cluster.servers, proxies: cluster.proxies, cluster }
}

function startInstance(
  { store, client }: Setup,
  deadlineMs: number,
  { proxies, cluster }: Redis,
  index: number,
): Promise<InstanceProcess> {
  const environment = { SESSION_SECRET: 'only of the histories', SESSION_DEADLINE_MS: `${deadlineMs}` }
  const ports = (cluster ? proxies : proxies.slice(index, index + 1)).map(({ port }) => port)
  if (client === undefined) {
    const redis = { SESSION_STORE: store, REDIS_URL: `redis://127.0.0.1:${ports[0]}` }
    return InstanceProcess.start({ ...environment, ...redis })
  }
  return InstanceProcess.start(
    { ...environment, CLIENT: client, REDIS_PORTS: ports.join() },
    INSTANCE_WITH_CLIENT,
  )
}
