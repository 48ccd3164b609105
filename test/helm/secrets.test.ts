import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { ciFile, environment, find, render } from '../support/chart.js'
import { RedisServer } from '../support/redis-server.js'

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

test('keys of existing Secrets by their own names', async () => {
  const objects = await render(ciFile('existing-secrets'))
  const text = JSON.stringify(objects)
  expect(text).toContain('"items":[{"key":"SIGNING_KEYS","path":"secret"}]')
  // The app, Redis, and Redis' exporter.
  expect(text.match(/"key":"REDIS_PASSWORD"/g)).toHaveLength(3)
})

/** Passwords as people put them into Secrets, and what they mean. */
const PASSWORDS: [string, string][] = [
  ['plain', 'plain'],
  ['a line end after it\n', 'a line end after it'],
  ['one of Windows\r\n', 'one of Windows'],
  [' \t blanks around \n\n', 'blanks around'],
  ['a line end\ninside', 'a line end\ninside'],
  [
    'back\\slash \\\\ \\n "quote" \'single\' $x `y` %s #',
    'back\\slash \\\\ \\n "quote" \'single\' $x `y` %s #',
  ],
  ['p,@:/?ß€', 'p,@:/?ß€'],
]

test.each(PASSWORDS)('Redis, its replicas and its exporter take the password %j', async (file, meant) => {
  const folder = mkdtempSync(join(tmpdir(), 'redissessions-'))
  const { data = {} } = find(
    await render(['--set=redis.exporter.enabled=true']),
    'ConfigMap',
    'redissessions-redis',
  )
  // The pod's folders, in this one; without the commands that Redis 7.0 doesn't know.
  const here = (text = '') =>
    text
      .replaceAll('/etc/redis/', `${folder}/`)
      .replaceAll(/\/run\/(secrets\/)?redis\//g, `${folder}/`)
      .replaceAll(/ \+(client\|setinfo|waitaof)\b/g, '')
  writeFileSync(join(folder, 'passwords.sh'), here(data['passwords.sh']))
  for (const name of ['password', 'replication-password', 'sentinel-password'])
    writeFileSync(join(folder, name), file)
  const [users = ''] = (data['start.sh'] ?? '').split('exec redis-server')
  const masterauth = `printf 'requirepass %s\\n' "$(quoted "$(password replication-password)")" > ${folder}/redis.conf`
  execFileSync('sh', ['-c', `${here(users)}\n${masterauth}`])

  const acl = await RedisServer.start('--aclfile', join(folder, 'users.acl'))
  const quoted = await RedisServer.start('--include', join(folder, 'redis.conf'))
  try {
    for (const [port, username, password] of [
      [acl.port, 'redissessions', meant],
      [acl.port, 'exporter', file],
      [acl.port, 'replication', meant],
      [acl.port, 'sentinel', meant],
      [quoted.port, 'default', meant],
    ] as const) {
      const client = new Redis(port, '127.0.0.1', {
        username,
        password,
        lazyConnect: true,
        retryStrategy: () => null,
      })
      client.on('error', () => {})
      await client.connect()
      expect(await client.ping()).toBe('PONG')
      client.disconnect()
    }
  } finally {
    await Promise.all([acl.stop(), quoted.stop()])
    rmSync(folder, { recursive: true })
  }
})
