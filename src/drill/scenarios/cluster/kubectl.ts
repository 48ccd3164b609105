// One release in a cluster, through kubectl.
import { execFile } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'

/** What of a pod matters here. */
export interface Pod {
  metadata: { name: string; uid: string; deletionTimestamp?: string }
  spec: { nodeName?: string }
  status: { phase?: string; conditions?: { type: string; status: string }[] }
}

export interface Deployment {
  metadata: { name: string }
  spec: {
    replicas: number
    template: {
      spec: { volumes?: { secret?: { secretName: string; items?: { key: string; path: string }[] } }[] }
    }
  }
}

type Component = 'app' | 'redis'

const PATIENCE_MS = 300_000

/**
 * One release in one namespace of the current context: nothing else can be named through it. It runs kubectl, which
 * whoever has a KUBECONFIG has too, with its credential plugins; a client library of some megabytes would not.
 */
export class Release {
  readonly namespace: string
  readonly name: string

  constructor(namespace: string, name: string) {
    this.namespace = namespace
    this.name = name
  }

  /** @returns what kubectl prints @throws Error with kubectl's own last line */
  kubectl(args: string[], input?: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { maxBuffer: 64 * 1024 * 1024 }
      const child = execFile(
        'kubectl',
        ['--namespace', this.namespace, ...args],
        options,
        (error, out, err) => {
          if (!error) return resolve(out)
          const missing = 'code' in error && error.code === 'ENOENT'
          reject(
            new Error(
              missing ? 'kubectl is not on the PATH' : (err.trim().split('\n').at(-1) ?? error.message),
            ),
          )
        },
      )
      child.stdin?.end(input)
    })
  }

  async deployment(): Promise<Deployment> {
    const found: { items: Deployment[] } = await this.#get('deployments', 'app')
    const [deployment] = found.items
    if (!deployment)
      throw new Error(`no Deployment of the release ${this.name} in the namespace ${this.namespace}`)
    return deployment
  }

  /** @returns the component's pods that are not on their way out */
  async pods(component: Component): Promise<Pod[]> {
    const found: { items: Pod[] } = await this.#get('pods', component)
    return found.items.filter(
      ({ metadata, status }) => !metadata.deletionTimestamp && status.phase !== 'Succeeded',
    )
  }

  async deleteNow({ metadata }: Pod): Promise<void> {
    await this.kubectl(['delete', 'pod', metadata.name, '--force', '--grace-period=0', '--wait=false'])
  }

  /** Waits until so many pods are ready, none of them one of `gone`, and none is on its way out. */
  async settled(component: Component, count: number, gone: readonly Pod[] = []): Promise<void> {
    await until(async () => {
      const { items }: { items: Pod[] } = await this.#get('pods', component)
      const back = items.filter(
        (pod) => isReady(pod) && !gone.some((old) => old.metadata.uid === pod.metadata.uid),
      )
      return back.length === count && items.length === count
    }, `${count} ready ${component} pods`)
  }

  async #get<T>(kind: string, component: Component): Promise<T> {
    const labels = `app.kubernetes.io/instance=${this.name},app.kubernetes.io/component=${component}`
    return JSON.parse(await this.kubectl(['get', kind, '--selector', labels, '--output', 'json']))
  }
}

export function isReady({ metadata, status }: Pod): boolean {
  const ready = status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
  return ready && !metadata.deletionTimestamp
}

/** Asks every half second, for five minutes at most. */
export async function until(done: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  while (!(await done())) {
    if (performance.now() > end) throw new Error(`${what}: not there after ${PATIENCE_MS / 60_000} minutes`)
    await pause(500)
  }
}
