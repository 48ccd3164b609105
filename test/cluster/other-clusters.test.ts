import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { CHART, type KubernetesObject, renderText, valuesFiles } from '../support/chart.js'
import { IMAGE_VALUES, TestNamespace, visit } from '../support/cluster.js'
import { until } from '../support/until.js'

// What other people's clusters have and ours has not, made here: OpenShift's rules, quotas, GitOps, secrets of all kinds.
let namespace: TestNamespace
beforeAll(async () => {
  namespace = await TestNamespace.create()
})
afterAll(() => namespace?.remove())

const SMALL = ['--set=replicaCount=1,resources.requests.cpu=20m,service.type=NodePort']
const INSTALL = [...IMAGE_VALUES, ...SMALL, '--wait', '--timeout', '180s']
const install = (release: string, ...args: string[]) =>
  namespace.helm('install', release, CHART, ...INSTALL, ...args)
const failure = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'it succeeded',
    (error: { stderr?: string }) => error.stderr ?? String(error),
  )

async function urlOf(release: string): Promise<URL> {
  const service = `${release}-redissessions`
  const { spec } = await namespace.get<{ spec: { ports: { nodePort: number }[] } }>('service', service)
  return namespace.nodePortUrl(spec.ports[0]?.nodePort ?? 0)
}

/** Visits after another with one cookie; returns it. */
async function count(release: string, from: number, to: number, cookie = ''): Promise<string> {
  const url = await urlOf(release)
  let sent = cookie
  for (let expected = from; expected <= to; expected++) {
    const answer = await visit(url, { cookie: sent })
    expect(answer.visits).toBe(expected)
    sent = answer.cookie
  }
  return sent
}

describe('OpenShift', () => {
  const ID = 1_000_680_000
  const policies = (name: string) => {
    const meta = { name: `redissessions-${name}` }
    const pods = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }
    const matchConstraints = { resourceRules: [pods] }
    const matchResources = {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
    }
    const api = 'admissionregistration.k8s.io/v1'
    const context = 'object.spec.?securityContext'
    return [
      // As restricted-v2 does: ids of the namespace's range for a pod that names none, and no other ids.
      {
        apiVersion: api,
        kind: 'MutatingAdmissionPolicy',
        metadata: meta,
        spec: {
          matchConstraints,
          failurePolicy: 'Fail',
          reinvocationPolicy: 'Never',
          matchConditions: [{ name: 'none', expression: `!${context}.?runAsUser.hasValue()` }],
          mutations: [
            {
              patchType: 'ApplyConfiguration',
              applyConfiguration: {
                expression: `Object{spec: Object.spec{securityContext: Object.spec.securityContext{runAsUser: ${ID}, fsGroup: ${ID}}}}`,
              },
            },
          ],
        },
      },
      {
        apiVersion: api,
        kind: 'MutatingAdmissionPolicyBinding',
        metadata: meta,
        spec: { policyName: meta.name, matchResources },
      },
      {
        apiVersion: api,
        kind: 'ValidatingAdmissionPolicy',
        metadata: meta,
        spec: {
          matchConstraints,
          failurePolicy: 'Fail',
          validations: [
            {
              expression: `object.spec.securityContext.runAsUser == ${ID} && object.spec.securityContext.fsGroup == ${ID}`,
              message: 'unable to validate against any security context constraint',
            },
          ],
        },
      },
      {
        apiVersion: api,
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata: meta,
        spec: { policyName: meta.name, validationActions: ['Deny'], matchResources },
      },
    ]
  }
  let openshift: TestNamespace

  beforeAll(async () => {
    openshift = await TestNamespace.create()
    const list = { apiVersion: 'v1', kind: 'List', items: policies(openshift.name) }
    await openshift.kubectlWith(JSON.stringify(list), 'apply', '--filename', '-')
  })
  afterAll(async () => {
    const kinds = ['Mutating', 'Validating'].flatMap((kind) => [
      `${kind}AdmissionPolicy`,
      `${kind}AdmissionPolicyBinding`,
    ])
    for (const kind of kinds) await openshift?.kubectl('delete', kind, `redissessions-${openshift.name}`)
    await openshift?.remove()
  })

  test('refuses fixed ids; one value is enough, for the app, three Redis, their Sentinels and helm test', async () => {
    const [pod] = (
      await objects(['--show-only=templates/tests/count.yaml', '--set=serviceAccount.create=false'])
    ).map((object) => JSON.stringify({ ...object, metadata: { name: 'fixed', namespace: openshift.name } }))
    await until(async () =>
      (
        await failure(openshift.kubectlWith(pod ?? '', 'create', '--dry-run=server', '--filename', '-'))
      ).includes('security context constraint'),
    )
    const values = ['--set=openshift.enabled=true,redis.mode=sentinel,redis.resources.requests.cpu=10m']
    await openshift.helm('install', 'o', CHART, ...INSTALL, ...values)
    expect(await openshift.helm('test', 'o', '--logs')).toContain('visits add up')
    const { items } = await openshift.get<{ items: { spec: { securityContext: object } }[] }>('pods')
    expect(items).toHaveLength(8)
    for (const { spec } of items) expect(spec.securityContext).toMatchObject({ runAsUser: ID, fsGroup: ID })
  })
})

describe('an upgrade that Kubernetes would refuse half-way', () => {
  let cookie: string
  const upgrade = (...args: string[]) =>
    namespace.helm(
      'upgrade',
      'room',
      CHART,
      ...INSTALL,
      `--set=redis.persistence.storageClass=${roomy()}`,
      ...args,
    )
  const roomy = () => `roomy-${namespace.name}`

  beforeAll(async () => {
    const { provisioner } = await namespace.get<{ provisioner: string }>('storageclass', 'local-path')
    const storageClass = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: roomy() },
      provisioner,
      volumeBindingMode: 'WaitForFirstConsumer',
      allowVolumeExpansion: true,
    }
    await namespace.kubectlWith(JSON.stringify(storageClass), 'apply', '--filename', '-')
    await install('room', `--set=redis.persistence.storageClass=${roomy()}`)
    cookie = await count('room', 1, 3)
  })
  afterAll(() => namespace?.kubectl('delete', 'storageclass', roomy()))

  test.each([
    ['a size', ['--set=redis.persistence.size=2Gi'], 'redis.persistence.size=1Gi'],
    ['no volume any more', ['--set=redis.persistence.enabled=false'], 'its own volumes'],
    [
      'another class',
      ['--set=redis.persistence.storageClass=other'],
      'redis.persistence.storageClass="roomy-',
    ],
    ['other annotations', ['--set=redis.persistence.annotations.a=b'], 'redis.persistence.annotations'],
    ['another mode of access', ['--set=redis.persistence.accessModes={ReadWriteMany}'], '["ReadWriteOnce"]'],
    [
      'another label of its pods',
      ['--set=nameOverride=redis,fullnameOverride=room-redissessions'],
      'nameOverride',
    ],
    ['values-production.yaml', [...valuesFiles('production'), '--set=replicaCount=null'], '--cascade=orphan'],
  ])('is refused before anything is applied: %s', async (_what, args, found) => {
    const before = await namespace.kubectl('get', 'all,configmaps,ingresses', '--output', 'name')
    expect(await failure(upgrade(...args))).toContain(found)
    expect(await namespace.kubectl('get', 'all,configmaps,ingresses', '--output', 'name')).toBe(before)
  })

  test('the same size in other words is none', async () => {
    await upgrade('--set=redis.persistence.size=1024Mi')
    cookie = await count('room', 4, 4, cookie)
  })

  test('more room for Redis: the claim, then the StatefulSet, and every session stays', async () => {
    const set = 'room-redissessions-redis'
    const request = JSON.stringify({ spec: { resources: { requests: { storage: '2Gi' } } } })
    await namespace.kubectl('patch', 'pvc', `data-${set}-0`, '--patch', request)
    await namespace.kubectl('delete', 'statefulset', set, '--cascade=orphan')
    await upgrade('--set=redis.persistence.size=2Gi')
    cookie = await count('room', 5, 6, cookie)
    await namespace.kubectl('delete', 'pod', `${set}-0`)
    await count('room', 7, 7, cookie)
    await namespace.helm('uninstall', 'room')
  })
})

test('secrets as people make them: white space around, line ends and backslashes inside', async () => {
  const literal = (key: string, value: string) => `--from-literal=${key}=${value}`
  const password = '  p@ss\\word,"$x#\r\n'
  await namespace.kubectl(
    'create',
    'secret',
    'generic',
    'odd',
    literal('REDIS_PASSWORD', password),
    literal('replication-password', 'a\\\\b"c \\n\r\n'),
    literal('sentinel-password', '\nline\none'),
  )
  const secret = 'redis.existingSecret=odd,redis.existingSecretKey=REDIS_PASSWORD'
  await install('odd', `--set=redis.mode=sentinel,${secret},redis.resources.requests.cpu=10m`)
  await count('odd', 1, 5)
  const redis = async (user: string, given: string, ...command: string[]) => {
    const cli = `REDISCLI_AUTH=$1 && export REDISCLI_AUTH && shift && redis-cli --user ${user} --no-auth-warning "$@"`
    const pod = ['exec', 'odd-redissessions-redis-0', '--', 'sh', '-c', cli, 'sh']
    return (await namespace.kubectl(...pod, given, ...command)).trim()
  }
  expect(await redis('redissessions', password.trim(), 'info', 'replication')).toContain('role:')
  // Two replicas follow the primary, whichever that is: both have its password.
  await until(async () => {
    const roles: string[] = []
    for (const i of [0, 1, 2]) {
      const pod = ['exec', `odd-redissessions-redis-${i}`, '--', 'sh', '-c']
      const cli = '. /etc/redis/sentinels.sh; redis_as sentinel 127.0.0.1 info replication'
      roles.push(await namespace.kubectl(...pod, cli))
    }
    return roles.filter((role) => role.includes('master_link_status:up')).length === 2
  })
  await namespace.helm('uninstall', 'odd')
})

describe('GitOps', () => {
  const FLAGS = ['--server-side', '--field-manager=gitops']
  const values = [
    ...valuesFiles('argocd'),
    ...IMAGE_VALUES,
    '--set=replicaCount=1,redis.mode=sentinel,redis.resources.requests.cpu=10m',
    '--set=httpRoute.enabled=true,httpRoute.parentRefs[0].name=traefik,httpRoute.parentRefs[0].namespace=traefik',
    '--set=ingress.enabled=true,ingress.tls.enabled=true,redis.exporter.enabled=false,dashboard.enabled=true',
    '--set=service.type=NodePort,redis.serviceAccount.create=true',
  ]
  const rendered = () =>
    renderText([...values, '--namespace', namespace.name, '--skip-tests'], 'redissessions')

  test('what is rendered again does not differ from what lives in the cluster', async () => {
    const random = '--from-literal='
    const create = (name: string, ...keys: string[]) =>
      namespace.kubectl(
        'create',
        'secret',
        'generic',
        name,
        ...keys.map((key) => `${random}${key}=0123456789abcdef`),
      )
    await create('redissessions-session', 'secret')
    await create('redissessions-redis', 'password', 'replication-password', 'sentinel-password')
    await namespace.kubectlWith(await rendered(), 'apply', ...FLAGS, '--filename', '-')
    await namespace.kubectl('rollout', 'status', 'deployment/redissessions', '--timeout=180s')
    // Exit code 0: no difference; 1: some.
    expect(await namespace.kubectlWith(await rendered(), 'diff', ...FLAGS, '--filename', '-')).toBe('')
    // Tools that merge by themselves see a list that the cluster completed as another one, for kinds that they don't know.
    const route = parseAllDocuments(await rendered())
      .map((document) => document.toJS() as KubernetesObject)
      .find(({ kind }) => kind === 'HTTPRoute')
    const live = await namespace.get<{ spec: object }>('httproute', 'redissessions')
    expect(live.spec).toEqual(route?.spec)
  })

  test('nor for kubectl diff, and nothing goes to another namespace than the release’s', async () => {
    const other = await TestNamespace.create()
    try {
      const said = await other
        .kubectlWith(await rendered(), 'diff', '--filename', '-')
        .catch((error) => error.stderr)
      expect(said).toMatch(/does not match the namespace/)
    } finally {
      await other.remove()
      await namespace.kubectlWith(await rendered(), 'delete', '--filename', '-', '--wait=false')
    }
  })
})

test('helm test passes under a quota that wants limits of everything', async () => {
  const quota = await TestNamespace.create()
  try {
    const hard = '--hard=limits.cpu=4,limits.memory=1Gi,requests.cpu=1,requests.memory=1Gi'
    await quota.kubectl('create', 'quota', 'strict', hard)
    const limits = '--set=resources.limits.cpu=1,redis.resources.limits.cpu=1'
    await quota.helm('install', 'q', CHART, ...INSTALL, limits)
    expect(await quota.helm('test', 'q', '--logs')).toContain('visits add up')
  } finally {
    await quota.remove()
  }
})

test('below a path: page, assets, visits and helm test, directly and through the Ingress', async () => {
  const host = `${namespace.name}.localhost`
  await install('path', `--set=basePath=/counter,ingress.enabled=true,ingress.host=${host}`)
  const direct = new URL('counter/', await urlOf('path'))
  const { cookie } = await visit(direct)
  expect((await visit(direct, { cookie })).visits).toBe(2)
  const page = await (await fetch(direct, { headers: { accept: 'text/html' } })).text()
  const linked = [...page.matchAll(/ (?:href|src)="([^"#]+)"/g)].map(([, url = '']) => new URL(url, direct))
  const own = linked.filter((url) => url.host === direct.host)
  expect(own.length).toBeGreaterThan(1)
  for (const url of own) {
    expect(url.pathname).toMatch(/^\/counter\//)
    expect((await fetch(url)).status, url.pathname).toBe(200)
  }
  expect(await namespace.helm('test', 'path', '--logs')).toContain('visits add up')
  const ingress = await namespace.ingressUrl('path-redissessions', 'counter/')
  if (ingress) expect((await visit(ingress.url, { host: ingress.host, cookie })).visits).toBe(3)
  await namespace.helm('uninstall', 'path')
})

async function objects(args: readonly string[]): Promise<KubernetesObject[]> {
  return parseAllDocuments(await renderText(args)).map((document) => document.toJS() as KubernetesObject)
}
