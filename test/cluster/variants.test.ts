import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { drill } from '../../src/drill/drill.js'
import { CHART, valuesFiles } from '../support/chart.js'
import { IMAGE_NAME, IMAGE_VALUES, TestNamespace, visit } from '../support/cluster.js'
import { until } from '../support/until.js'

// Other set-ups than that of 2012, side by side in one namespace.
let namespace: TestNamespace
beforeAll(async () => {
  namespace = await TestNamespace.create()
})
afterAll(() => namespace?.remove())

const SMALL = [
  '--set',
  'resources.requests.cpu=20m',
  '--set',
  'service.type=NodePort',
  '--set',
  'ingress.enabled=false',
]
const install = (release: string, ...args: string[]) =>
  namespace.helm('install', release, CHART, ...args, ...IMAGE_VALUES, ...SMALL, '--wait', '--timeout', '180s')

async function urlOf(service: string): Promise<URL> {
  const { spec } = await namespace.get<{ spec: { ports: { nodePort: number }[] } }>('service', service)
  return namespace.nodePortUrl(spec.ports[0]?.nodePort ?? 0)
}

async function countsOf(url: URL, visits: number): Promise<number[]> {
  const counts: number[] = []
  let cookie = ''
  for (let i = 0; i < visits; i++) {
    const answer = await visit(url, { cookie })
    cookie = answer.cookie
    counts.push(answer.visits)
  }
  return counts
}

const UP_TO_20 = Array.from({ length: 20 }, (_, index) => index + 1)

test('four instances that keep sessions in their own memory lose them', async () => {
  await install('contrast', ...valuesFiles('contrast-memory'))
  const counts = await countsOf(await urlOf('contrast-redissessions'), 20)
  expect(counts).not.toEqual(UP_TO_20)
  expect(counts.filter((count) => count === 1).length).toBeGreaterThan(1)
  await expect(namespace.helm('test', 'contrast')).rejects.toThrow(/failed/)
  await namespace.helm('uninstall', 'contrast')
})

test('two releases in one namespace: each counts for itself', async () => {
  await install('one', '--set=replicaCount=1')
  await install('two', '--set=replicaCount=1')
  const [one, two] = [await urlOf('one-redissessions'), await urlOf('two-redissessions')]
  expect(await countsOf(one, 3)).toEqual([1, 2, 3])
  const { cookie } = await visit(one)
  expect((await visit(two, { cookie })).visits).toBe(1)
  await namespace.helm('uninstall', 'one')
  expect(await countsOf(two, 3)).toEqual([1, 2, 3])
})

test('the autoscaler follows the CPU', async (context) => {
  const apis = (await promisify(execFile)('kubectl', ['api-versions'])).stdout
  if (!apis.includes('metrics.k8s.io/')) return context.skip('no metrics server in this cluster')
  const hpa = 'autoscaling.enabled=true,autoscaling.minReplicas=1,autoscaling.maxReplicas=3'
  const target = 'autoscaling.targetCPUUtilizationPercentage=100'
  await namespace.helm('upgrade', 'two', CHART, ...IMAGE_VALUES, ...SMALL, `--set=${hpa},${target}`, '--wait')
  const stop = new AbortController()
  const load = drill({
    url: await urlOf('two-redissessions'),
    browsers: 10,
    burst: 1,
    durationMs: 240_000,
    destroy: 0,
    stop: stop.signal,
  })
  try {
    await until(async () => {
      const { spec } = await namespace.get<{ spec: { replicas: number } }>('deployment', 'two-redissessions')
      return spec.replicas > 1
    }, 200_000)
  } finally {
    stop.abort()
  }
  expect((await load).anomalies).toMatchObject({ lost: 0, doubleCounted: 0, reset: 0 })
})

test('kubectl apply -k: one command, any names, and no secret in any file', async () => {
  // A copy of k8s/ for this image and this namespace; all else is as it is in the overlay.
  const copy = join(await mkdtemp(join(tmpdir(), 'redissessions-k8s-')), 'k8s')
  await cp('k8s', copy, { recursive: true })
  const overlay = join(copy, 'overlays/minikube')
  const file = join(overlay, 'kustomization.yaml')
  const text = await readFile(file, 'utf8')
  const use = async (tag: string) => {
    const image = `newName: ${IMAGE_NAME.repository}\n    newTag: ${tag}`
    const names = `namespace: ${namespace.name}\nnamePrefix: our-\nnameSuffix: -two\n`
    await writeFile(file, `${text.replace(/newTag: .*/, image)}${names}`)
  }
  const apply = (...args: string[]) => namespace.kubectl('apply', '--kustomize', overlay, ...args)
  await use(IMAGE_NAME.tag)
  await apply()
  await namespace.kubectl('rollout', 'status', 'deployment/our-redissessions-two', '--timeout=180s')
  const url = await urlOf('our-redissessions-two')
  const { cookie } = await visit(url)
  await apply()
  expect((await visit(url, { cookie })).visits).toBe(2)
  expect(await countsOf(url, 20)).toEqual(UP_TO_20)
  // A new image changes what it may change, for kubectl and for tools that apply on the server's side.
  await use('another')
  await expect(apply('--dry-run=server')).resolves.toContain('pod/our-redissessions-secrets-two configured')
  await expect(apply('--dry-run=server', '--server-side', '--force-conflicts')).resolves.toContain('applied')
})
