import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { candidates, judge } from '../../src/store/in-sync.js'
import { type Replica, sameAddress, type View } from '../../src/store/sentinels.js'

const primary = { host: 'p', port: 1 }
const replica = (ip: string, says: Replica = {}): Replica => ({
  ip,
  port: '1',
  flags: 'slave',
  'role-reported': 'slave',
  'slave-priority': '100',
  'slave-repl-offset': '7',
  'last-ok-ping-reply': '50',
  ...says,
})
const view = (replicas: Replica[], failover = false): View => ({ primary, sentinels: 3, failover, replicas })
const hosts = (seen: View) => candidates(seen).map(({ host }) => host)

describe('whom a Sentinel might choose', () => {
  const DOWN = { flags: 's_down,slave,disconnected', 'last-ok-ping-reply': '2000' }
  const NOTHING = { 'slave-repl-offset': '0' }

  it.each<[string, Replica, boolean]>([
    ['one that lives', {}, true],
    ['one that is down', DOWN, false],
    // A promoted one cuts its connections, and a Sentinel makes them anew once a second.
    ['one that has been down for a moment', { ...DOWN, 'last-ok-ping-reply': '900' }, true],
    ['one that has been down for just too long', { ...DOWN, 'last-ok-ping-reply': '1500' }, false],
    ['one that is down for all Sentinels', { ...DOWN, flags: 'o_down,slave' }, false],
    ['one whose connection is just lost', { flags: 'slave,disconnected' }, true],
    ['one that was just promoted', { 'role-reported': 'master' }, true],
    ['the old primary, which leads still', { 'role-reported': 'master', ...NOTHING }, false],
    ['one that is not to be chosen', { 'slave-priority': '0' }, false],
    ['one that counts for nothing and is preferred', { 'slave-priority': '10', ...NOTHING }, true],
  ])('%s', (_name, says, expected) => {
    expect(hosts(view([replica('a', says), replica('b')]))).toEqual(['p', ...(expected ? ['a'] : []), 'b'])
  })

  it('all of them during a failover', () => {
    const replicas = [replica('a', DOWN), replica('b', NOTHING), replica('c')]
    expect(hosts(view(replicas, true))).toEqual(['p', 'a', 'b', 'c'])
  })

  it('all of them where none counts for anything', () => {
    expect(hosts(view([replica('a', NOTHING), replica('b', NOTHING)]))).toEqual(['p', 'a', 'b'])
  })

  it('is whom it does choose (by sentinelSelectSlave of Redis)', () => {
    const says = fc.record({
      flags: fc.constantFrom('slave', 's_down,slave', 'slave,disconnected', 's_down,slave,disconnected'),
      'role-reported': fc.constantFrom('slave', 'master'),
      'slave-priority': fc.constantFrom('0', '10', '100'),
      'slave-repl-offset': fc.constantFrom('0', '5', '9'),
      'last-ok-ping-reply': fc.constantFrom('10', '1000', '3000'),
    })
    fc.assert(
      fc.property(fc.array(says, { maxLength: 5 }), fc.boolean(), (all, failover) => {
        const seen = view(
          all.map((one, i) => replica(`${i}`, one)),
          failover,
        )
        const [best] = seen.replicas
          .filter((one) => !/down|disconnected/.test(one.flags ?? '') && one['slave-priority'] !== '0')
          .sort(
            (a, b) =>
              Number(a['slave-priority']) - Number(b['slave-priority']) ||
              Number(b['slave-repl-offset']) - Number(a['slave-repl-offset']),
          )
        if (best) expect(hosts(seen)).toContain(best.ip)
      }),
    )
  })
})

describe('a change', () => {
  interface Case {
    readonly members: Set<string>
    readonly out: Set<string>
    readonly following: Record<string, { had: number; more: number }>
    readonly place: number
  }
  const NAMES = ['a', 'b', 'c', 'd']
  const anySet = fc.uniqueArray(fc.constantFrom(...NAMES)).map((names) => new Set(names))
  const anyFollowers = fc.dictionary(
    fc.constantFrom(...NAMES),
    fc.record({ had: fc.nat(9), more: fc.nat(9) }),
  )
  /** A wait for a place in the stream, and the primary's list a moment later. */
  const anyCase = fc.record({ members: anySet, out: anySet, following: anyFollowers, place: fc.nat(9) })
  const decide = ({ members, out, following, place }: Case) => {
    const all = Object.entries(following)
    const followers = all.map(([address, { had, more }]) => ({ address, offset: had + more }))
    const confirmed = all.filter(([, { had }]) => had >= place).length
    return { ...judge({ members, out }, followers, confirmed), followers, confirmed }
  }

  it('counts only when each member has it, and each that follows but those put out', () => {
    fc.assert(
      fc.property(anyCase, (given) => {
        const { durable, followers } = decide(given)
        if (!durable) return
        const has = (name: string) =>
          followers.some(({ address, offset }) => address === name && offset >= given.place)
        const following = followers.map(({ address }) => address).filter((name) => !given.out.has(name))
        for (const name of [...given.members, ...following]) expect(has(name), name).toBe(true)
      }),
    )
  })

  it('counts once all that follow had it when the wait ended, and all members follow', () => {
    fc.assert(
      fc.property(anyCase, (given) => {
        const { durable, followers, confirmed } = decide(given)
        const follow = [...given.members].every((name) => followers.some(({ address }) => address === name))
        if (confirmed === followers.length && follow) expect(durable).toBe(true)
      }),
    )
  })

  it('puts nobody out, and takes in who follows: one that was out once it has confirmed something', () => {
    fc.assert(
      fc.property(anyCase, (given) => {
        const { inSync, followers } = decide(given)
        for (const name of given.members) expect(inSync.members).toContain(name)
        for (const { address } of followers) {
          expect(inSync.members.has(address) || inSync.out.has(address)).toBe(true)
          if (!given.out.has(address)) expect(inSync.members).toContain(address)
        }
      }),
    )
  })
})

describe('an address', () => {
  it('is the same by name and by number', async () => {
    expect(await sameAddress({ host: 'localhost', port: 1 }, { host: '127.0.0.1', port: 1 })).toBe(true)
    expect(await sameAddress({ host: 'localhost', port: 1 }, { host: '127.0.0.1', port: 2 })).toBe(false)
    expect(await sameAddress({ host: '127.0.0.1', port: 1 }, { host: '127.0.0.2', port: 1 })).toBe(false)
    expect(await sameAddress({ host: 'x'.repeat(300), port: 1 }, { host: '127.0.0.1', port: 1 })).toBe(false)
  })
})
