import { expect, test } from 'vitest'
import {
  ciFile,
  environment,
  find,
  type KubernetesObject,
  notes,
  pods,
  render,
  valuesFiles,
} from '../support/chart.js'

test('rollouts lose nothing: one more before one less, and time to drain', async () => {
  const deployment = find(await render(), 'Deployment', 'redissessions')
  expect(deployment.spec).toMatchObject({
    replicas: 2,
    strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: {
      spec: {
        terminationGracePeriodSeconds: 30,
        topologySpreadConstraints: [{ topologyKey: 'kubernetes.io/hostname' }],
        containers: [
          {
            lifecycle: { preStop: { sleep: { seconds: 5 } } },
            startupProbe: { httpGet: { path: '/healthz' } },
            readinessProbe: { httpGet: { path: '/readyz' } },
            livenessProbe: { httpGet: { path: '/healthz' } },
          },
        ],
      },
    },
  })
})

test('Cloud Foundry: 4 instances of 64Mi, Redis bound as redis-e9771 and not told in any other way', async () => {
  const objects = await render(valuesFiles('cloudfoundry'))
  const deployment = find(objects, 'Deployment', 'redissessions')
  expect(deployment.spec).toMatchObject({ replicas: 4 })
  expect(pods([deployment])[0]?.spec.containers[0]?.resources?.limits).toEqual({ memory: '64Mi' })
  const env = environment(deployment)
  expect(Object.keys(env).filter((name) => name.startsWith('REDIS_'))).toEqual([])
  expect(env).toHaveProperty('VCAP_SERVICES')
  expect(env).toHaveProperty('CF_INSTANCE_INDEX')
  expect(JSON.parse(env.VCAP_APPLICATION ?? '')).toMatchObject({
    name: 'redissessions',
    uris: ['redissessions.localhost'],
  })

  const { data = {}, type } = find(objects, 'Secret', 'redis-e9771')
  const entry = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString()
  const password = Buffer.from(find(objects, 'Secret', 'redissessions-redis').data?.password ?? '', 'base64')
  expect(type).toBe('servicebinding.io/redis')
  expect(entry('password')).toBe(password.toString())
  expect(JSON.parse(entry('VCAP_SERVICES'))).toMatchObject({
    redis: [
      {
        name: 'redis-e9771',
        tags: expect.arrayContaining(['redis']),
        credentials: { password: password.toString() },
      },
    ],
  })
})

test('the autoscaler owns the number of instances', async () => {
  const objects = await render(valuesFiles('production'))
  expect(find(objects, 'Deployment', 'redissessions').spec).not.toHaveProperty('replicas')
  expect(find(objects, 'HorizontalPodAutoscaler', 'redissessions').spec).toMatchObject({ minReplicas: 3 })
})

test('an external Redis: its address and its secrets, and no Redis of our own', async () => {
  const objects = await render([
    '--set=redis.enabled=false,externalRedis.mode=sentinel,externalRedis.nodes={a:26379,b:26379}',
    '--set=externalRedis.sentinelName=main,externalRedis.existingSecret=theirs,externalRedis.tls.existingSecret=ca',
    '--set=externalRedis.tls.clientSecret=me,redis.durability=replicas:2',
  ])
  expect(objects.filter(({ kind }) => kind === 'StatefulSet')).toEqual([])
  expect(environment(find(objects, 'Deployment', 'redissessions'))).toMatchObject({
    REDIS_MODE: 'sentinel',
    REDIS_NODES: 'a:26379,b:26379',
    REDIS_SENTINEL_NAME: 'main',
    REDIS_PASSWORD_FILE: '/run/secrets/redis/password',
    REDIS_TLS_CA_FILE: '/run/secrets/redis-ca/ca.crt',
    REDIS_TLS_CERT_FILE: '/run/secrets/redis-client/tls.crt',
    REDIS_TLS_KEY_FILE: '/run/secrets/redis-client/tls.key',
    REDIS_DURABILITY: 'replicas:2',
  })
})

test('an external Redis with a certificate of a public authority', async () => {
  const args = [
    '--set=redis.enabled=false,externalRedis.nodes={redis.test:6380},externalRedis.tls.enabled=true',
  ]
  const env = environment(find(await render(args), 'Deployment', 'redissessions'))
  expect(env).toMatchObject({ REDIS_TLS_CA_FILE: '/etc/ssl/certs/ca-certificates.crt' })
  expect(env).not.toHaveProperty('REDIS_TLS_CERT_FILE')
})

test('two installations can share one Redis, and a certificate may be for another name', async () => {
  const args = [
    '--set=redis.enabled=false,externalRedis.nodes={redis.test:6380},externalRedis.tls.enabled=true',
    '--set=externalRedis.tls.servername=*.redis.test,externalRedis.database=3,externalRedis.keyPrefix=two:',
  ]
  expect(environment(find(await render(args), 'Deployment', 'redissessions'))).toMatchObject({
    REDIS_TLS_SERVERNAME: '*.redis.test',
    REDIS_DATABASE: '3',
    REDIS_KEY_PREFIX: 'two:',
  })
})

test('below a path: the app, its Ingress, its route and helm test know it', async () => {
  const route = 'httpRoute.enabled=true,httpRoute.parentRefs[0].name=gateway,ingress.enabled=true'
  const objects = await render([`--set=basePath=/counter,${route}`])
  expect(environment(find(objects, 'Deployment', 'redissessions'))).toMatchObject({ BASE_PATH: '/counter' })
  expect(environment(find(objects, 'Pod', 'redissessions-test')).URL).toBe('http://redissessions:80/counter/')
  expect(find(objects, 'Ingress', 'redissessions').spec).toMatchObject({
    rules: [{ http: { paths: [{ path: '/counter' }] } }],
  })
  expect(find(objects, 'HTTPRoute', 'redissessions').spec).toMatchObject({
    rules: [{ matches: [{ path: { value: '/counter' } }] }],
  })
  expect(await notes(['--set=basePath=/counter,ingress.enabled=true'])).toContain('.localhost/counter/')
})

test('a pinned image wins over its tag', async () => {
  const digest = `sha256:${'0'.repeat(64)}`
  const [app] = pods([find(await render([`--set=image.digest=${digest}`]), 'Deployment', 'redissessions')])
  expect(app?.spec.containers[0]?.image).toBe(`redissessions@${digest}`)
})

test('the class of an Ingress is nobody’s unless it is named', async () => {
  const without = find(await render(['--set=ingress.enabled=true']), 'Ingress', 'redissessions')
  expect(without.spec).not.toHaveProperty('ingressClassName')
  const named = await render(['--set=ingress.enabled=true,ingress.className=any,ingress.tls.enabled=true'])
  expect(find(named, 'Ingress', 'redissessions').spec).toMatchObject({
    ingressClassName: 'any',
    tls: [{ hosts: ['redissessions.localhost'], secretName: 'redissessions-tls' }],
  })
})

test('an Ingress with several hosts and paths, and a certificate of another Secret', async () => {
  const { spec } = find(await render(ciFile('ingress')), 'Ingress', 'redissessions')
  expect(spec).toMatchObject({
    tls: [
      { hosts: ['*.c.test'], secretName: 'c-tls' },
      { hosts: ['a.test', 'b.test'], secretName: 'redissessions-tls' },
    ],
    rules: [
      { host: 'a.test', http: { paths: [{ path: '/', pathType: 'Prefix' }] } },
      { host: 'b.test', http: { paths: [{ path: '/' }] } },
      { host: 'b.test', http: { paths: [{ path: '/counter', pathType: 'Exact' }] } },
      { host: '*.c.test' },
    ],
  })
})

test('an HTTPRoute says what the cluster would fill in, so that nothing drifts', async () => {
  const route = '--set=httpRoute.enabled=true,httpRoute.parentRefs[0].name=gateway'
  expect(find(await render([route]), 'HTTPRoute', 'redissessions').spec).toEqual({
    parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gateway' }],
    rules: [
      {
        matches: [{ path: { type: 'PathPrefix', value: '/' } }],
        backendRefs: [{ group: '', kind: 'Service', name: 'redissessions', port: 80, weight: 1 }],
      },
    ],
  })
  const own = find(await render(ciFile('gateway')), 'HTTPRoute', 'redissessions').spec as { rules: object[] }
  expect(own.rules).toMatchObject([{ timeouts: { request: '10s' }, backendRefs: [{}] }, { filters: [{}] }])
  expect(own.rules[1]).not.toHaveProperty('backendRefs')
})

test('every Service takes the address families; the app’s takes the rest', async () => {
  const objects = await render([
    ...ciFile('load-balancer'),
    '--set=redis.mode=sentinel,serviceMonitor.enabled=true',
  ])
  for (const { spec } of objects.filter(({ kind }) => kind === 'Service'))
    expect(spec).toMatchObject({ ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4', 'IPv6'] })
  expect(find(objects, 'Service', 'redissessions').spec).toMatchObject({
    externalTrafficPolicy: 'Local',
    loadBalancerClass: 'example.com/lb',
    loadBalancerSourceRanges: ['203.0.113.0/24'],
  })
})

test('budgets, probes, strategy and scaling as the user says', async () => {
  const objects = await render([
    ...ciFile('autoscaling'),
    '--set=readinessProbe.periodSeconds=7,strategy.type=Recreate,strategy.rollingUpdate=null,revisionHistoryLimit=3',
    '--set=redis.livenessProbe.timeoutSeconds=30',
  ])
  expect(find(objects, 'PodDisruptionBudget', 'redissessions').spec).toMatchObject({ minAvailable: '50%' })
  expect(find(objects, 'PodDisruptionBudget', 'redissessions').spec).not.toHaveProperty('maxUnavailable')
  expect(find(objects, 'HorizontalPodAutoscaler', 'redissessions').spec).toHaveProperty('behavior.scaleDown')
  const deployment = find(objects, 'Deployment', 'redissessions')
  expect(deployment.spec).toMatchObject({ strategy: { type: 'Recreate' }, revisionHistoryLimit: 3 })
  expect(pods([deployment])[0]?.spec.containers[0]).toMatchObject({
    readinessProbe: { periodSeconds: 7, timeoutSeconds: 2 },
  })
  const redis = find(objects, 'StatefulSet', 'redissessions-redis')
  expect(pods([redis])[0]?.spec.containers[0]).toMatchObject({
    livenessProbe: { periodSeconds: 20, timeoutSeconds: 30 },
  })
})

test('an Ingress takes any host where none is named', async () => {
  const args = [...valuesFiles('cloudfoundry'), '--set=ingress.host=']
  const { spec } = find(await render(args), 'Ingress', 'redissessions') as { spec: { rules: object[] } }
  expect(spec.rules[0]).not.toHaveProperty('host')
  expect(await notes(args)).toContain('The page: http://INGRESS/, where INGRESS is')
})

test('values-contrast-memory.yaml changes the store, and nothing else of the set-up before it', async () => {
  const setUp = valuesFiles('cloudfoundry', 'kind')
  const contrast = await render([...setUp, ...valuesFiles('contrast-memory')])
  expect(environment(find(contrast, 'Deployment', 'redissessions'))).toMatchObject({
    SESSION_STORE: 'memory',
  })
  const names = (objects: KubernetesObject[]) =>
    objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
  expect(names(contrast)).toEqual(names(await render(setUp)))
})

test('the notes say where the page is, the two tests, what is off, and how to turn it on', async () => {
  const plain = await notes()
  expect(plain).toContain('port-forward service/redissessions 8080:80')
  expect(plain).toContain('curl -sS -b')
  expect(plain).toContain('rollout restart deployment/redissessions')
  expect(plain).toContain('--set ingress.enabled=true')
  expect(plain).toContain('delete pvc -l app.kubernetes.io/instance=redissessions')
  expect(await notes(valuesFiles('cloudfoundry'))).toContain('The page: http://redissessions.localhost/')
  expect(await notes(valuesFiles('cloudfoundry', 'kind'))).toContain('http://127.0.0.1:8080/')
  expect(await notes(valuesFiles('production'))).toContain('The page: https://redissessions.example.com/')
  expect(await notes(valuesFiles('contrast-memory'))).toContain('WARNING')
  expect(plain).toContain('--reset-then-reuse-values --set session.store=memory')
  expect(plain).not.toContain('WARNING')
  expect(await notes(['--set=redis.maxmemory=129mb'])).toContain(
    'WARNING: redis.maxmemory=129mb is more than half',
  )
  expect(await notes(['--set=redis.persistence.enabled=false'])).toContain('redis.persistence.enabled=true')
})

test('the notes warn of what can lose acknowledged visits', async () => {
  const sentinel = (durability: string) => notes([`--set=redis.mode=sentinel,redis.durability=${durability}`])
  expect(await notes(['--set=redis.mode=sentinel'])).not.toContain('WARNING')
  expect(await sentinel('primary')).toContain('WARNING')
  expect(await sentinel('disk')).toContain('WARNING')
  expect(await sentinel('replicas:2')).toContain('each crash of a Redis')
  expect(await sentinel('replicas:2')).not.toContain('WARNING')
  const external = '--set=redis.enabled=false,externalRedis.sentinelName=a,externalRedis.nodes={a:1}'
  expect(await notes([external, '--set=externalRedis.mode=sentinel'])).toContain(
    'redis.durability=replicas:1',
  )
})

test('connections are let go by default, and the values say when', async () => {
  const values = ['--set', 'connections.maxRequests=0', '--set', 'connections.maxAgeSeconds=60']
  for (const [args, limits] of [
    [[], ['1000', '10']],
    [values, ['0', '60']],
  ] as const) {
    const env = environment(find(await render(args), 'Deployment', 'redissessions'))
    expect([env.CONNECTION_MAX_REQUESTS, env.CONNECTION_MAX_AGE_SECONDS]).toEqual(limits)
  }
})

test('spans go to a collector only if its endpoint is set', async () => {
  const endpoint = 'http://collector.observability:4318'
  const sent = async (...args: string[]) =>
    environment(find(await render(args), 'Deployment', 'redissessions')).OTEL_EXPORTER_OTLP_ENDPOINT
  expect(await sent()).toBeUndefined()
  expect(await sent('--set', `tracing.otlpEndpoint=${endpoint}`)).toBe(endpoint)
})
