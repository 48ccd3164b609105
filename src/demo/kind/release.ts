// The chart's release in the cluster: how it is reached, and which store it has.
import { setTimeout as pause } from 'node:timers/promises'
import { CLUSTER, CONTEXT, loadImage, PAGE } from './cluster.js'
import { ask, run, runQuietly } from './programs.js'

const CHART = 'helm/redissessions'
const TRAEFIK = 'k8s/kind-traefik.yaml'

/** Installs the set-up of 2012 with this image, behind Traefik's Ingress or a NodePort: both answer at the same PAGE. */
export async function install(tag: string, ingress: boolean): Promise<void> {
  loadImage('redis:8')
  if (ingress) loadImage('traefik:v3.7')
  // Only one of them can have the port.
  else kubectl('delete', '--filename', TRAEFIK, '--ignore-not-found')
  const behind = ingress ? ['--set', 'ingress.host='] : ['-f', `${CHART}/values-kind.yaml`]
  upgrade(
    '--install',
    '--create-namespace',
    '-f',
    `${CHART}/values-cloudfoundry.yaml`,
    ...behind,
    '--set',
    `image.tag=${tag}`,
  )
  kubectl('label', 'namespace', CLUSTER, 'pod-security.kubernetes.io/enforce=restricted', '--overwrite')
  if (ingress) {
    kubectl('apply', '--filename', TRAEFIK)
    kubectl('--namespace', 'traefik', 'rollout', 'status', 'deployment/traefik', '--timeout', '5m')
  }
  await answers()
}

/** Gives the running release another store, and leaves all else of it. */
export async function switchStore(store: string): Promise<void> {
  const loses = store === 'memory'
  upgrade(
    '--reset-then-reuse-values',
    '--set',
    `session.store=${store},session.iKnowThisLosesSessions=${loses}`,
  )
  await answers()
}

export const releaseExists = () =>
  ask('helm', 'status', CLUSTER, '--kube-context', CONTEXT, '--namespace', CLUSTER) !== undefined

function upgrade(...args: string[]): void {
  const place = ['--kube-context', CONTEXT, '--namespace', CLUSTER, '--wait', '--timeout', '5m']
  // Helm 4 applies on the server, where `kubectl scale` has made the number of replicas its own.
  const force = ask('helm', 'version', '--short')?.startsWith('v3')
    ? []
    : ['--server-side=true', '--force-conflicts']
  runQuietly('helm', 'upgrade', CLUSTER, CHART, ...place, ...args, ...force)
}

const kubectl = (...args: string[]) => run('kubectl', '--context', CONTEXT, ...args)

async function answers(): Promise<void> {
  for (let attempt = 0; attempt < 60; attempt++) {
    // The node's port takes connections before a pod does: such a one may get no answer at all.
    const answer = await Promise.race([fetch(`${PAGE}readyz`).catch(() => undefined), pause(1_000)])
    if (answer?.ok) return
    await pause(500)
  }
  throw new Error(`${PAGE} does not answer; see kubectl --context ${CONTEXT} --namespace ${CLUSTER} get pods`)
}
