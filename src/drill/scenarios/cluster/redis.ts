// Faults of Redis in a cluster.
import type { Scenario } from '../scenario.js'
import { isReady, type Pod, type Release, until } from './kubectl.js'

export function killRedis(release: Release): Scenario {
  return {
    name: 'kill-redis',
    intent: "deletes the release's Redis pods (kubectl delete pod --force)",
    async run(say) {
      const pods = await release.pods('redis')
      if (pods.length === 0) throw new Error('the release has no Redis pod of its own')
      for (const pod of pods) {
        await release.deleteNow(pod)
        say(`deleted ${pod.metadata.name}`)
      }
      await release.settled('redis', pods.length, pods)
    },
  }
}

/** Deletes the primary of a replicated Redis, and waits until another pod has taken over and the old one is back. */
export function failover(release: Release): Scenario {
  return {
    name: 'failover',
    intent: "deletes the pod of the release's Redis primary, so that a replica takes over",
    async run(say) {
      const pods = await release.pods('redis')
      const primary = await primaryOf(release, pods)
      if (!primary || pods.length < 2) throw new Error('the release has no replicated Redis of its own')
      await release.deleteNow(primary)
      say(`deleted the primary ${primary.metadata.name}`)
      await until(async () => {
        const next = await primaryOf(release, await release.pods('redis'))
        if (!next || next.metadata.uid === primary.metadata.uid) return false
        say(`${next.metadata.name} is the primary now`)
        return true
      }, 'a new primary')
      await release.settled('redis', pods.length, [primary])
    },
  }
}

async function primaryOf(release: Release, pods: readonly Pod[]): Promise<Pod | undefined> {
  for (const pod of pods.filter(isReady)) {
    // As the chart's user, with the password that the pod has for itself; elsewhere anybody may ask, or the user default.
    const password = '$(cat /run/secrets/redis/password 2>/dev/null || echo "$REDISCLI_AUTH")'
    const user = '$([ ! -f /run/secrets/redis/password ] || echo --user redissessions)'
    const command = `REDISCLI_AUTH="${password}" redis-cli ${user} role`
    const role = await release.kubectl(['exec', pod.metadata.name, '--', 'sh', '-c', command]).catch(() => '')
    // A primary with a replica: one that has just started alone is none yet.
    if (/^master\n\d+\n\S/.test(role)) return pod
  }
  return undefined
}
