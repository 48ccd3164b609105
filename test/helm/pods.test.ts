import { describe, expect, test } from 'vitest'
import { ciFile, environment, find, type KubernetesObject, pods, refusal, render } from '../support/chart.js'

/** The pod template of the app, or of another workload. */
async function template(args: readonly string[], kind = 'Deployment', name = 'redissessions') {
  const { spec } = find(await render(args), kind, name)
  return (spec as { template: KubernetesObject & { spec: Record<string, unknown> } }).template
}

describe('what the user adds', () => {
  test('a variable takes the place of ours with the same name, and each name is there once', async () => {
    const args = [
      '--set=extraEnv[0].name=LOG_LEVEL,extraEnv[0].value=debug,extraEnv[1].name=MORE,extraEnv[1].value=1',
      '--set-string=extraEnv[1].value=1,extraEnv[2].name=MORE,extraEnv[2].value=2',
    ]
    const deployment = find(await render(args), 'Deployment', 'redissessions')
    const names = pods([deployment])[0]?.spec.containers[0]?.env?.map(({ name }) => name) ?? []
    expect(new Set(names).size).toBe(names.length)
    expect(environment(deployment)).toMatchObject({ LOG_LEVEL: 'debug', MORE: '2', PORT: '3000' })
    const usual = Object.keys(environment(find(await render(), 'Deployment', 'redissessions')))
    expect(names.slice(0, usual.length)).toEqual(usual)
  })

  test('labels and annotations replace ours; text comes of numbers', async () => {
    const { metadata } = await template(ciFile('mesh'))
    expect(metadata.annotations).toEqual({
      'checksum/secrets': 'mine',
      owner: 'web',
      'prometheus.io/port': '9090',
    })
    expect(metadata.labels).toMatchObject({ 'cost-center': '42', 'sidecar.istio.io/inject': 'true' })
  })

  test('common labels and annotations are on every object and pod', async () => {
    const objects = await render([...ciFile('mesh'), '--set=redis.mode=sentinel'])
    for (const { kind, metadata, spec } of objects) {
      const { template } = (spec ?? {}) as { template?: KubernetesObject }
      for (const each of [metadata, ...(template ? [template.metadata] : [])]) {
        expect(each.labels, kind).toHaveProperty('cost-center', '42')
        expect(each.annotations, kind).toHaveProperty('owner', 'web')
      }
    }
  })

  test.each(['podLabels', 'commonLabels', 'redis.podLabels'])(
    '%s can’t hide pods from their Services',
    async (path) => {
      const label = 'app\\.kubernetes\\.io/component'
      expect(await refusal([`--set=${path}.${label}=web`])).toContain(
        `${path} can't set app.kubernetes.io/component`,
      )
    },
  )

  test('containers, volumes and variables of all kinds', async () => {
    const { spec } = await template(ciFile('more-in-the-pod'))
    expect(spec).toMatchObject({
      initContainers: [{ name: 'before' }],
      containers: [
        {
          envFrom: [{ configMapRef: { name: 'more' } }],
          volumeMounts: expect.arrayContaining([{ name: 'scratch', mountPath: '/scratch' }]),
        },
        { name: 'beside' },
      ],
      volumes: expect.arrayContaining([{ name: 'scratch', emptyDir: {} }]),
    })
    const more = find(await render(ciFile('more-in-the-pod'), 'mine'), 'ConfigMap', 'more')
    expect(more.metadata.labels).toMatchObject({ 'app.kubernetes.io/instance': 'mine' })
  })
})

describe('where pods go', () => {
  const apart = { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100 }] } }

  test('an affinity of the user’s keeps the Redis apart, unless it says itself how', async () => {
    const own = ['--set=redis.mode=sentinel,redis.affinity.nodeAffinity.a=b']
    for (const name of ['redissessions-redis', 'redissessions-sentinel']) {
      const { spec } = await template(own, 'StatefulSet', name)
      expect(spec.affinity).toMatchObject({ nodeAffinity: { a: 'b' }, ...apart })
    }
    const anti = ['--set=redis.mode=sentinel,redis.affinity.podAntiAffinity.a=b']
    const { spec } = await template(anti, 'StatefulSet', 'redissessions-redis')
    expect(spec.affinity).toEqual({ podAntiAffinity: { a: 'b' } })
  })

  test('a spread over zones adds to the one over nodes, and selects the app’s pods', async () => {
    const zones =
      '--set=topologySpreadConstraints[0].maxSkew=1,topologySpreadConstraints[0].whenUnsatisfiable=DoNotSchedule'
    const spread = async (key: string) =>
      (await template([`${zones},topologySpreadConstraints[0].topologyKey=${key}`])).spec
        .topologySpreadConstraints
    const labelSelector = { matchLabels: expect.objectContaining({ 'app.kubernetes.io/component': 'app' }) }
    expect(await spread('topology.kubernetes.io/zone')).toMatchObject([
      { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector },
      { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector },
    ])
    expect(await spread('kubernetes.io/hostname')).toMatchObject([{ whenUnsatisfiable: 'DoNotSchedule' }])
  })

  test('the pod of helm test goes where the app may, with what the app has, and outside the mesh', async () => {
    const args = [...ciFile('scheduling'), '--set=resources.limits.cpu=1']
    const test = find(await render(args), 'Pod', 'redissessions-test')
    const { spec } = await template(args)
    const { nodeSelector, tolerations, affinity } = spec
    expect(test.spec).toMatchObject({
      nodeSelector,
      tolerations,
      affinity,
      runtimeClassName: 'gvisor',
      containers: [{ resources: { limits: { cpu: 1, memory: '128Mi' } } }],
    })
    expect(test.metadata.labels).toHaveProperty('sidecar.istio.io/inject', 'false')
    expect(test.metadata.annotations).toHaveProperty('linkerd.io/inject', 'disabled')
  })
})

describe('who pods run as', () => {
  const ids = ['runAsUser', 'runAsGroup', 'fsGroup']
  const contexts = async (args: string[]) =>
    pods(await render([...args, '--set=redis.mode=sentinel'])).map(({ spec }) => spec.securityContext ?? {})

  test.each([
    ['by one value', '--set=openshift.enabled=true'],
    ['by the cluster’s API', '--api-versions=security.openshift.io/v1'],
  ])('OpenShift chooses the ids: %s', async (_how, arg) => {
    for (const context of await contexts([arg])) {
      expect(Object.keys(context).filter((key) => ids.includes(key))).toEqual([])
      expect(context).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
    }
  })

  test('other ids are the user’s choice, on OpenShift too', async () => {
    const range = ['podSecurityContext', 'redis.podSecurityContext'].map(
      (path) => `--set=${path}.runAsUser=1000680000`,
    )
    const off = ['--api-versions=security.openshift.io/v1', '--set=openshift.enabled=false']
    for (const context of await contexts([...range, ...off]))
      expect(context).toMatchObject({ runAsUser: 1000680000 })
    const without = await contexts([
      '--set=podSecurityContext.runAsUser=null,redis.podSecurityContext.runAsUser=null',
    ])
    for (const context of without) expect(context).not.toHaveProperty('runAsUser')
  })

  test('service accounts: the app’s own, and for Redis one if wanted', async () => {
    const accounts = async (args: string[]) => {
      const objects = await render([...args, '--set=redis.mode=sentinel'])
      const made = objects
        .filter(({ kind }) => kind === 'ServiceAccount')
        .map(({ metadata }) => metadata.name)
      return [made, pods(objects).map(({ spec }) => spec.serviceAccountName)]
    }
    expect(await accounts([])).toEqual(
      [['redissessions'], ['redissessions', undefined, undefined, 'redissessions'].sort()].map((list) =>
        expect.arrayContaining(list),
      ),
    )
    const [made] = await accounts([
      '--set=serviceAccount.create=false,redis.serviceAccount.create=true,redis.serviceAccount.name=mine',
    ])
    expect(made).toEqual(['mine'])
  })
})
