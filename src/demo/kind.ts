import { execFileSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { findProgram } from './find-program.js'

// `npm run kind`: from nothing to the page, on a Kubernetes cluster of containers. Running it again brings it up to date.

const CLUSTER = 'redissessions'
const CONTEXT = `kind-${CLUSTER}`
const CHART = 'helm/redissessions'
const REDIS = 'redis:8'
const URL = 'http://127.0.0.1:8080/'

const NEEDED = {
  docker: 'https://docs.docker.com/get-docker/',
  kind: 'https://kind.sigs.k8s.io/docs/user/quick-start/#installation',
  kubectl: 'https://kubernetes.io/docs/tasks/tools/',
  helm: 'https://helm.sh/docs/intro/install/',
}

const say = (line: string) => process.stderr.write(`· ${line}\n`)

function fail(line: string): never {
  process.stderr.write(`npm run kind: ${line}\n`)
  process.exit(1)
}

/** Runs a program that shows what it does; ends this one with a line where it fails. */
function run(program: string, ...args: string[]): void {
  say([program, ...args].join(' '))
  try {
    execFileSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  } catch {
    fail(`failed: ${program} ${args.join(' ')}`)
  }
}

/** @returns what a program prints, or undefined where it fails. */
function ask(program: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}

function check(): void {
  const missing = Object.entries(NEEDED).filter(([program]) => !findProgram(program))
  for (const [program, where] of missing) process.stderr.write(`${program} is missing here: ${where}\n`)
  if (missing.length > 0) fail('install what is missing, and run it again')
  if (ask('docker', 'version', '--format', '{{.Server.Version}}') === undefined) {
    fail('Docker is installed, but it does not answer: start it, and run this again')
  }
}

function createCluster(): void {
  if (ask('kind', 'get', 'clusters')?.split('\n').includes(CLUSTER)) {
    run('kind', 'export', 'kubeconfig', '--name', CLUSTER)
  } else {
    run('kind', 'create', 'cluster', '--config', 'k8s/kind-cluster.yaml', '--wait', '120s')
  }
}

/** @returns the tag under which the nodes have the image: made of its content, so that pods roll when that changes. */
function loadImages(): string {
  run('docker', 'build', '--tag', `${CLUSTER}:dev`, '.')
  const id = ask('docker', 'image', 'inspect', '--format', '{{.Id}}', `${CLUSTER}:dev`) ?? fail('no image')
  const tag = `dev-${id.replace('sha256:', '').slice(0, 12)}`
  run('docker', 'tag', `${CLUSTER}:dev`, `${CLUSTER}:${tag}`)
  run('kind', 'load', 'docker-image', `${CLUSTER}:dev`, `${CLUSTER}:${tag}`, '--name', CLUSTER)
  // The nodes would pull it, each by itself; what this machine has is loaded instead.
  if (ask('docker', 'image', 'inspect', REDIS) ?? ask('docker', 'pull', REDIS)) {
    if (ask('kind', 'load', 'docker-image', REDIS, '--name', CLUSTER) === undefined) {
      say(`${REDIS} could not be loaded: the nodes pull it`)
    }
  }
  return tag
}

function install(tag: string): void {
  const values = ['values-cloudfoundry.yaml', 'values-kind.yaml'].flatMap((file) => [
    '-f',
    `${CHART}/${file}`,
  ])
  const place = ['--kube-context', CONTEXT, '--namespace', CLUSTER, '--create-namespace']
  const wait = ['--wait', '--timeout', '5m']
  run(
    'helm',
    'upgrade',
    '--install',
    CLUSTER,
    CHART,
    ...place,
    ...values,
    '--set',
    `image.tag=${tag}`,
    ...wait,
  )
  const restricted = 'pod-security.kubernetes.io/enforce=restricted'
  run('kubectl', '--context', CONTEXT, 'label', 'namespace', CLUSTER, restricted, '--overwrite')
}

async function answers(): Promise<void> {
  for (let attempt = 0; attempt < 60; attempt++) {
    // The node's port takes connections before a pod does: such a one may get no answer at all.
    const answer = await Promise.race([fetch(`${URL}readyz`).catch(() => undefined), pause(1_000)])
    if (answer?.ok) return
    await pause(500)
  }
  fail(`${URL} does not answer; see kubectl --context ${CONTEXT} -n ${CLUSTER} get pods`)
}

check()
createCluster()
install(loadImages())
await answers()
process.stdout.write(`
The counter: ${URL}
  npm run drill -- ${URL} --namespace ${CLUSTER} --release ${CLUSTER} --scenario rollout
  kubectl -n ${CLUSTER} get pods                         kubectl -n ${CLUSTER} scale deployment/${CLUSTER} --replicas 8
  kubectl -n ${CLUSTER} rollout restart deployment/${CLUSTER}
  kind delete cluster --name ${CLUSTER}                  removes it all
`)
