// A fault of the cluster: a node is drained.
import type { Scenario } from '../scenario.js'
import { type Pod, type Release, until } from './kubectl.js'

/**
 * Evicts the release's pods from a node through the Eviction API, which respects disruption budgets: what kubectl
 * drain does, but only to this release. Cordoning the node concerns everybody, so it must be asked for.
 */
export function drain(release: Release, cordon: boolean): Scenario {
  return {
    name: 'drain',
    intent: `evicts the release's pods from the node that has the most of them${cordon ? ', which is cordoned' : ''}`,
    async run(say) {
      const [app, redis] = [await release.pods('app'), await release.pods('redis')]
      const node = busiestNode(app)
      if (cordon) await cordonOff(release, node)
      try {
        for (const pod of [...app, ...redis].filter(({ spec }) => spec.nodeName === node)) {
          await evict(release, pod)
          say(`evicted ${pod.metadata.name} from ${node}`)
        }
        await release.settled('app', app.length)
        await release.settled('redis', redis.length)
      } finally {
        if (cordon) await release.kubectl(['uncordon', node])
      }
    },
  }
}

function busiestNode(pods: readonly Pod[]): string {
  const counts = new Map<string, number>()
  for (const { spec } of pods)
    if (spec.nodeName) counts.set(spec.nodeName, (counts.get(spec.nodeName) ?? 0) + 1)
  const [most] = [...counts].sort(([, a], [, b]) => b - a)
  if (!most) throw new Error('no pod runs on a node')
  return most[0]
}

async function cordonOff(release: Release, node: string): Promise<void> {
  const nodes: { items: { spec: { unschedulable?: boolean } }[] } = JSON.parse(
    await release.kubectl(['get', 'nodes', '--output', 'json']),
  )
  const usable = nodes.items.filter(({ spec }) => !spec.unschedulable).length
  if (usable < 2) throw new Error('--cordon needs a second node, which could take the pods')
  await release.kubectl(['cordon', node])
}

async function evict(release: Release, { metadata: { name } }: Pod): Promise<void> {
  const { namespace } = release
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } }
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`
  await until(async () => {
    try {
      await release.kubectl(['create', '--raw', path, '--filename', '-'], JSON.stringify(eviction))
      return true
    } catch (error) {
      // 429: the disruption budget wants another pod back first.
      if (error instanceof Error && /disruption budget/i.test(error.message)) return false
      throw error
    }
  }, `the eviction of ${name}`)
}
