// Errors go into logs, as do their causes: nothing of a session may be in them.
import { inspect } from 'node:util'
import { Redis as Ioredis5 } from 'ioredis-5'
import { Redis as Iovalkey } from 'iovalkey'
import { afterAll, describe, expect, it } from 'vitest'
import { ExactRedisStore } from '../../src/store/index.js'
import { useRedis } from '../support/use-redis.js'
import { load, newSession } from './requests.js'

const { server, client } = await useRedis()
const SECRET = 'TOP-SECRET'

const others = [new Ioredis5(server.port), new Iovalkey(server.port)]
afterAll(() => {
  for (const other of others) other.disconnect()
})

/** All that a logger could show of an error. */
async function shownOf(failing: Promise<unknown>): Promise<string> {
  const error: unknown = await failing.then(
    () => expect.unreachable(),
    (reason: unknown) => reason,
  )
  return `${inspect(error, { depth: 9, showHidden: true })} ${JSON.stringify([error, (error as Error).cause])}`
}

describe.each([
  ['ioredis 6', client],
  ['ioredis 5', others[0]],
  ['iovalkey', others[1]],
])('with %s', (_name, used) => {
  it.each(['hash', 'connect-redis'] as const)('what Redis refuses: %s', async (format) => {
    const open = (options = {}) => new ExactRedisStore({ client: used as typeof client, format, ...options })
    const store = open()
    await store.commit(Object.assign(newSession(store, 'sid'), { word: SECRET }))
    const session = await load(store, 'sid')
    session.word = `${SECRET}!`
    await client.config('SET', 'maxmemory', '1')
    const shown = await shownOf(store.commit(session))
    await client.config('SET', 'maxmemory', '0')
    expect(shown).toContain('OOM')
    expect(shown).not.toContain(SECRET)

    const soon = open({ deadlineMs: 300 })
    const retried: string[] = []
    soon.on('retry', (error) => retried.push(inspect(error, { depth: 9 })))
    const held = await load(soon, 'sid')
    held.word = `${SECRET}!`
    await client.config('SET', 'min-replicas-to-write', '1')
    expect(await shownOf(soon.commit(held))).not.toContain(SECRET)
    await client.config('SET', 'min-replicas-to-write', '0')
    expect(retried.join()).toContain('NOREPLICAS')
    expect(retried.join()).not.toContain(SECRET)
  })
})

it('what is no session, or is one no more', async () => {
  const store = new ExactRedisStore({ client })
  await client.set('sess:text', SECRET)
  await client.set('sess:torn', `{"word":"${SECRET}`)
  await client.hset('sess:hash', ':word', SECRET, '@ttl', 1_000_000)
  for (const sid of ['text', 'torn', 'hash']) {
    const shown = await shownOf(store.get(sid))
    expect(shown).toContain('ERR_SESSION_FOREIGN')
    expect(shown).not.toContain(SECRET)
  }
  await store.commit(newSession(store, 'sid'))
  const session = await load(store, 'sid')
  await client.hset('sess:sid', ':word', SECRET)
  const req = { sessionID: 'sid', sessionStore: store, session }
  const regenerated = new Promise<void>((resolve, reject) =>
    store.regenerate(req as never, (error) => (error ? reject(error) : resolve())),
  )
  expect(await shownOf(regenerated)).not.toContain(SECRET)
})
