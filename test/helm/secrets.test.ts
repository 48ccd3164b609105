import { expect, test } from 'vitest'
import { environment, find, render } from '../support/chart.js'

const EXISTING = ['--set=session.existingSecret=cookies,redis.existingSecret=password']

test('with Secrets of your own a rendering is the same each time: for tools that render without a cluster', async () => {
  const [first, second] = [await render(EXISTING), await render(EXISTING)]
  expect(first).toEqual(second)
  expect(first.filter(({ kind }) => kind === 'Secret')).toEqual([])
})

test('without them each has one long secret of its own, and pods know it by its checksum', async () => {
  const objects = await render()
  const session = find(objects, 'Secret', 'redissessions-session')
  const redis = find(objects, 'Secret', 'redissessions-redis')
  const secrets = [session.data?.secret, redis.data?.password].map((text = '') => Buffer.from(text, 'base64'))
  expect(secrets.map(String)).toEqual([expect.stringMatching(/^\w{48}$/), expect.stringMatching(/^\w{48}$/)])
  expect(String(secrets[0])).not.toBe(String(secrets[1]))
  expect(Object.keys(redis.data ?? {})).toEqual(['password', 'replication-password', 'sentinel-password'])
  expect(new Set(Object.values(redis.data ?? {})).size).toBe(3)
})

test('secrets reach the app as files, never as environment', async () => {
  const deployment = find(await render(EXISTING), 'Deployment', 'redissessions')
  expect(environment(deployment)).toMatchObject({
    SESSION_SECRET_FILE: '/run/secrets/session/secret',
    REDIS_PASSWORD_FILE: '/run/secrets/redis/password',
  })
  expect(JSON.stringify(deployment)).not.toContain('secretKeyRef')
  expect(deployment.spec).toMatchObject({
    template: {
      spec: {
        volumes: [
          { name: 'session', secret: { secretName: 'cookies' } },
          { name: 'redis', secret: { secretName: 'password' } },
        ],
      },
    },
  })
})

test('the secret that signs cookies outlives the release as long as the sessions do', async () => {
  const policy = async (args: string[]) =>
    find(await render(args), 'Secret', 'redissessions-session').metadata.annotations?.[
      'helm.sh/resource-policy'
    ]
  expect(await policy([])).toBe('keep')
  expect(await policy(['--set=redis.persistence.enabled=false'])).toBeUndefined()
})
