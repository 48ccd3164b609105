// Faults of the app in a cluster.
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Scenario } from '../scenario.js'
import type { Deployment, Release } from './kubectl.js'

const KILLS = 3
/** Clients that keep their connections come to a new pod with their next one only. */
const ARRIVAL_MS = 15_000

async function restart(release: Release, { metadata, spec }: Deployment): Promise<void> {
  await release.kubectl(['rollout', 'restart', `deployment/${metadata.name}`])
  await release.kubectl(['rollout', 'status', `deployment/${metadata.name}`, '--timeout=300s'])
  await release.settled('app', spec.replicas)
}

export function rollout(release: Release, deployment: Deployment): Scenario {
  const { metadata, spec } = deployment
  return {
    name: 'rollout',
    intent: `restarts the ${spec.replicas} pods of Deployment ${metadata.name} (kubectl rollout restart)`,
    run: () => restart(release, deployment),
  }
}

export function scale(release: Release, { metadata, spec }: Deployment): Scenario {
  const now = spec.replicas
  const steps = [1, now * 2, now]
  return {
    name: 'scale',
    intent: `scales Deployment ${metadata.name} ${[now, ...steps].join(' → ')} (kubectl scale)`,
    async run(say, fleet) {
      const autoscalers = await release.kubectl([
        'get',
        'hpa',
        '--output',
        'name',
        '--selector',
        `app.kubernetes.io/instance=${release.name}`,
      ])
      if (autoscalers.trim() !== '') throw new Error('an autoscaler decides about the replicas')
      let known = (await release.pods('app')).map((pod) => pod.metadata.name)
      for (const replicas of steps) {
        await release.kubectl(['scale', `deployment/${metadata.name}`, `--replicas=${replicas}`])
        await release.settled('app', replicas)
        const names = (await release.pods('app')).map((pod) => pod.metadata.name)
        for (const name of known.filter((one) => !names.includes(one))) fleet.instanceGone(name)
        for (const name of names) fleet.instanceReady(name)
        say(`${replicas} ready`)
        if (names.length > known.length) await pause(ARRIVAL_MS)
        known = names
      }
    },
  }
}

export function killPod(release: Release, { metadata, spec }: Deployment): Scenario {
  return {
    name: 'kill-pod',
    intent: `deletes ${KILLS} pods of Deployment ${metadata.name}, one after the other (kubectl delete pod --force)`,
    async run(say) {
      for (let kill = 0; kill < KILLS; kill++) {
        const [pod] = await release.pods('app')
        if (!pod) throw new Error('no pod is there')
        await release.deleteNow(pod)
        say(`deleted ${pod.metadata.name}`)
        await release.settled('app', spec.replicas, [pod])
      }
    },
  }
}

/**
 * In two rollouts, as it must be done: a cookie that is signed with the new secret can come to a pod that was started
 * before. So all learn to accept it first, and only then does any sign with it.
 */
export function rotateSecret(release: Release, deployment: Deployment): Scenario {
  const secret = deployment.spec.template.spec.volumes?.find((volume) =>
    volume.secret?.items?.some(({ key }) => key === 'secret'),
  )?.secret?.secretName
  return {
    name: 'rotate-secret',
    intent: `adds a session secret to Secret ${secret}, accepted first, then signing, with a rollout for each`,
    async run(say) {
      if (secret === undefined)
        throw new Error(`Deployment ${deployment.metadata.name} mounts no session secret`)
      const read = async () =>
        JSON.parse(await release.kubectl(['get', 'secret', secret, '--output', 'json']))
      const known = Buffer.from((await read()).data.secret, 'base64')
        .toString()
        .trim()
        .split('\n')
      const added = randomBytes(32).toString('hex')
      for (const [secrets, done] of [
        [[...known, added], 'all pods accept the new secret'],
        [[added, ...known], 'all pods sign with it'],
      ] as const) {
        const object = await read()
        object.data.secret = Buffer.from(secrets.join('\n')).toString('base64')
        // Through standard input: an argument could be read by everybody on this machine.
        await release.kubectl(['replace', '--filename', '-'], JSON.stringify(object))
        await restart(release, deployment)
        say(done)
      }
    },
  }
}
