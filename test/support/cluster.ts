import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { get } from 'node:http'
import { promisify } from 'node:util'
import { helmProgram } from '../../scripts/lib/helm-program.js'
import { noAnomalies } from '../../src/drill/books/anomaly.js'
import { until } from './until.js'

const run = promisify(execFile)
const BUFFER = { maxBuffer: 2 ** 26 }

const [, repository, tag] = /^(.+):([^/:]+)$/.exec(process.env.IMAGE ?? '') ?? []
if (!repository || !tag) {
  throw new Error(
    'IMAGE is not set: build the image, load it into the cluster, and name it, as in IMAGE=redissessions:dev',
  )
}

/** The image under test, as arguments of Helm. */
export const IMAGE_VALUES = ['--set', `image.repository=${repository},image.tag=${tag}`]
export const IMAGE_NAME = { repository, tag }

/** What a drill's report says if nothing went wrong. */
export const NO_ANOMALIES = {
  anomalies: noAnomalies(),
  unjudged: { sessions: 0, destroys: 0 },
}

/** A namespace of a test's own in the cluster of KUBECONFIG; it enforces Pod Security "restricted". */
export class TestNamespace {
  readonly name = `redissessions-test-${randomBytes(3).toString('hex')}`

  static async create(): Promise<TestNamespace> {
    const namespace = new TestNamespace()
    await run('kubectl', ['create', 'namespace', namespace.name])
    const restricted = 'pod-security.kubernetes.io/enforce=restricted'
    await run('kubectl', ['label', 'namespace', namespace.name, restricted])
    return namespace
  }

  async remove(): Promise<void> {
    await run('kubectl', ['delete', 'namespace', this.name, '--wait=false'])
  }

  async kubectl(...args: string[]): Promise<string> {
    return (await run('kubectl', ['--namespace', this.name, ...args], BUFFER)).stdout
  }

  /** kubectl with this as its standard input. */
  async kubectlWith(input: string, ...args: string[]): Promise<string> {
    const running = run('kubectl', ['--namespace', this.name, ...args], BUFFER)
    running.child.stdin?.end(input)
    return (await running).stdout
  }

  async helm(...args: string[]): Promise<string> {
    const program = await helmProgram(() => {})
    return (await run(program, ['--namespace', this.name, ...args], BUFFER)).stdout
  }

  async get<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.kubectl('get', ...args, '--output', 'json')) as T
  }

  async pods(component: string, release = 'redissessions'): Promise<Pod[]> {
    const labels = `app.kubernetes.io/instance=${release},app.kubernetes.io/component=${component}`
    return (await this.get<{ items: Pod[] }>('pods', '--selector', labels)).items
  }

  /** Waits until the pods of a component are this many, all ready, and none is on its way out. */
  async settled(component: string, count: number, release = 'redissessions'): Promise<void> {
    await until(async () => {
      const pods = await this.pods(component, release)
      const ready = pods.filter((pod) =>
        pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
      )
      return pods.length === count && ready.length === count
    }, 120_000)
  }

  /** Runs JavaScript in a pod of the image under test, with these labels; returns what it printed. */
  async script(name: string, labels: Record<string, string>, source: string): Promise<string> {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels },
      spec: {
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name,
            image: `${repository}:${tag}`,
            imagePullPolicy: 'IfNotPresent',
            args: ['--input-type=module', '-e', source],
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
      },
    }
    await this.kubectlWith(JSON.stringify(pod), 'create', '--filename', '-')
    await until(async () => {
      const { status } = await this.get<Pod>('pod', name)
      return status.phase === 'Succeeded' || status.phase === 'Failed'
    }, 60_000)
    const printed = await this.kubectl('logs', name)
    await this.kubectl('delete', 'pod', name, '--wait=false')
    return printed
  }

  /** Runs redis-cli in the Redis pod as the app's user; returns its answer. */
  async redis(...command: string[]): Promise<string> {
    const cli = 'REDISCLI_AUTH=$(cat /run/secrets/redis/password) redis-cli --user redissessions "$@"'
    const args = ['exec', 'redissessions-redis-0', '--container', 'redis', '--', 'sh', '-c', cli, 'sh']
    return (await this.kubectl(...args, ...command)).trim()
  }

  /** @returns a URL at which a NodePort answers: at the API server's host, or at a node's own address. */
  async nodePortUrl(port: number): Promise<URL> {
    const { stdout } = await run('kubectl', ['config', 'view', '--minify', '--output', 'json'])
    const { clusters } = JSON.parse(stdout) as { clusters: { cluster: { server: string } }[] }
    const { items } = await this.get<{ items: { status: { addresses: { address: string }[] } }[] }>('nodes')
    const nodes = items.flatMap(({ status }) => status.addresses.map(({ address }) => address))
    const hosts = [...clusters.map(({ cluster }) => new URL(cluster.server).hostname), ...nodes]
    const answering = async () => {
      for (const host of hosts) {
        const url = new URL(`http://${host}:${port}/`)
        const signal = AbortSignal.timeout(2_000)
        const answer = await fetch(new URL('healthz', url), { signal }).catch(() => {})
        if (answer?.ok) return url
      }
      return undefined
    }
    // A node learns of a Service a moment after the Service is there.
    let found: URL | undefined
    await until(async () => {
      found = await answering()
      return found !== undefined
    }, 60_000)
    if (found) return found
    throw new Error(`no node answers at the NodePort ${port}: tried ${hosts.join(', ')}`)
  }

  /** @returns a URL and the Host header with which an Ingress answers; undefined in a cluster without a controller. */
  async ingressUrl(name = 'redissessions', path = ''): Promise<{ url: URL; host: string } | undefined> {
    if ((await this.get<{ items: unknown[] }>('ingressclasses')).items.length === 0) return undefined
    let found: Ingress | undefined
    await until(async () => {
      found = await this.get<Ingress>('ingress', name)
      return Boolean(found.status.loadBalancer.ingress?.length)
    }, 60_000)
    const [address] = found?.status.loadBalancer.ingress ?? []
    const url = new URL(`http://${address?.ip ?? address?.hostname}/${path}`)
    const host = found?.spec.rules[0]?.host ?? ''
    await until(async () => (await visit(url, { host })).visits > 0, 30_000)
    return { url, host }
  }
}

interface Ingress {
  spec: { rules: { host: string }[] }
  status: { loadBalancer: { ingress?: { ip?: string; hostname?: string }[] } }
}

export interface Pod {
  metadata: { name: string; uid: string }
  status: {
    phase: string
    conditions?: { type: string; status: string }[]
    containerStatuses?: {
      name: string
      restartCount: number
      lastState: { terminated?: { reason: string } }
    }[]
  }
}

interface Visited {
  readonly visits: number
  readonly instance: { readonly id: string; readonly index: number | null }
  readonly store: string
  readonly cookie: string
}

/** One visit on a connection of its own, so that any instance may answer. */
export async function visit(
  url: URL,
  { host, cookie }: { host?: string; cookie?: string } = {},
): Promise<Visited> {
  return new Promise((resolve, reject) => {
    const headers = { accept: 'application/json', ...(host && { host }), ...(cookie && { cookie }) }
    const request = get(url, { agent: false, headers, timeout: 10_000 }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text) => {
        body += text
      })
      response.on('end', () => {
        if (response.statusCode !== 200) return reject(new Error(`${response.statusCode}: ${body}`))
        const [set = ''] = response.headers['set-cookie'] ?? []
        resolve({ ...JSON.parse(body), cookie: set.split(';')[0] || cookie || '' })
      })
    })
    request.on('error', reject)
    request.on('timeout', () => request.destroy(new Error('no answer within 10 s')))
  })
}
