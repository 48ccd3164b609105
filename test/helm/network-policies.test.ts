import { expect, test } from 'vitest'
import { ciFile, find, render } from '../support/chart.js'

const component = (name: string) => ({
  podSelector: { matchLabels: expect.objectContaining({ 'app.kubernetes.io/component': name }) },
})
const policy = async (name: string, ...args: string[]) => find(await render(args), 'NetworkPolicy', name).spec

test('all pods of the release are denied everything to begin with', async () => {
  expect(await policy('redissessions-deny')).toEqual({
    podSelector: {
      matchLabels: {
        'app.kubernetes.io/name': 'redissessions',
        'app.kubernetes.io/instance': 'redissessions',
      },
    },
    policyTypes: ['Ingress', 'Egress'],
  })
})

test('Redis hears the app and nobody else, and speaks to nobody', async () => {
  expect(await policy('redissessions-redis')).toMatchObject({
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ ports: [{ port: 6379 }], from: [component('app')] }],
  })
  expect(await policy('redissessions-redis')).not.toHaveProperty('egress')
})

test('with Sentinels, Redis and they hear each other and the app, and speak to each other', async () => {
  const sentinel = '--set=redis.mode=sentinel'
  const all = [component('app'), component('redis'), component('sentinel')]
  const egress = [
    { ports: [{ port: 53 }, { port: 53 }] },
    { ports: [{ port: 6379 }], to: [component('redis')] },
    { ports: [{ port: 26379 }], to: [component('sentinel')] },
  ]
  expect(await policy('redissessions-redis', sentinel)).toMatchObject({
    ingress: [{ ports: [{ port: 6379 }], from: all }],
    egress,
  })
  expect(await policy('redissessions-sentinel', sentinel)).toMatchObject({
    ingress: [{ ports: [{ port: 26379 }], from: all }],
    egress,
  })
  expect(await policy('redissessions', sentinel)).toMatchObject({ egress })
})

test('the app reaches DNS and Redis; the page is for everybody, the metrics for Prometheus', async () => {
  expect(await policy('redissessions')).toMatchObject({
    ingress: [
      { ports: [{ port: 3000 }] },
      {
        ports: [{ port: 9090 }],
        from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'prometheus' } } }],
      },
    ],
    egress: [{ ports: [{ port: 53 }, { port: 53 }] }, { ports: [{ port: 6379 }], to: [component('redis')] }],
  })
})

test('the page is for those who are named, and for helm test', async () => {
  const from = '--set=networkPolicy.ingressFrom[0].namespaceSelector.matchLabels.name=ingress'
  expect(await policy('redissessions', from)).toMatchObject({
    ingress: [
      { ports: [{ port: 3000 }], from: [{ namespaceSelector: { matchLabels: { name: 'ingress' } } }] },
      { ports: [{ port: 3000 }], from: [component('test')] },
      {},
    ],
  })
})

test('an external Redis is reached at its port, where it is said to be', async () => {
  const external = '--set=redis.enabled=false,externalRedis.nodes={redis.test:6380}'
  const to = '--set=networkPolicy.redisTo[0].ipBlock.cidr=203.0.113.0/24'
  expect(await policy('redissessions', external, to)).toMatchObject({
    egress: [{}, { ports: [{ port: 6380 }], to: [{ ipBlock: { cidr: '203.0.113.0/24' } }] }],
  })
})

test('an external Redis by IPv6 addresses, too', async () => {
  const nodes = '--set=redis.enabled=false,externalRedis.nodes={[fd00::1]:6380}'
  expect(await policy('redissessions', nodes)).toMatchObject({ egress: [{}, { ports: [{ port: 6380 }] }] })
})

test('on OpenShift DNS listens on another port', async () => {
  const ports = [53, 53, 5353, 5353].map((port) => ({ port }))
  const openshift = ['--set=openshift.enabled=true,redis.mode=sentinel']
  for (const name of ['redissessions', 'redissessions-redis', 'redissessions-sentinel', 'redissessions-test'])
    expect(await policy(name, ...openshift)).toMatchObject({
      egress: expect.arrayContaining([{ ports: ports.map((port) => expect.objectContaining(port)) }]),
    })
})

test('a mesh gets its rules, for the app and for Redis', async () => {
  const rules = {
    ingress: expect.arrayContaining([{ ports: [{ port: 15008, protocol: 'TCP' }] }]),
    egress: expect.arrayContaining([expect.objectContaining({ ports: [{ port: 15012, protocol: 'TCP' }] })]),
  }
  for (const name of ['redissessions', 'redissessions-redis'])
    expect(await policy(name, ...ciFile('mesh'))).toMatchObject(rules)
  expect(
    await policy('redissessions-sentinel', ...ciFile('mesh'), '--set=redis.mode=sentinel'),
  ).toMatchObject(rules)
})
