import type { Request } from 'express'
import type session from 'express-session'
import fc from 'fast-check'
import type { ExactRedisStore } from '../../../src/store/index.js'
import { newSession } from '../../store/requests.js'
import type { SessionInput, SessionOutput } from '../histories/session-model.js'

/** What one request does to the session. */
export interface PlannedRequest {
  /** Which of the stores it reaches. */
  readonly store: number
  readonly kind: (typeof KINDS)[number]
  readonly key: string
}

const KINDS = [
  'visit',
  'visit',
  'visit on load',
  'visit on load',
  'visit with a key',
  'visit with a key on load',
  'visit twice',
  'remove',
  'read',
  'touch',
  'destroy',
  'regenerate',
  'regenerate',
  'create',
  'create and end',
] as const

export const anyRequest: fc.Arbitrary<PlannedRequest> = fc.record({
  store: fc.nat(1),
  kind: fc.constantFrom(...KINDS),
  key: fc.constantFrom('a', 'b'),
})

/** What a request did, as the checks want it. */
export interface Log {
  /** Begins an operation of the model; `end` tells its answer, or leaves it out if that is unknown. */
  begin(input: SessionInput): (output: SessionOutput | undefined) => void
  /** A key of the session that was set to this, and whether that was acknowledged. */
  wrote(key: string, text: string, acknowledged: boolean): void
  /** An entry of the trail, and whether that was acknowledged. */
  appended(entry: string, acknowledged: boolean): void
  /** `victim` was deleted, acknowledged. */
  removed(): void
  /** Begins to take all of the session to another id; what it returns tells that id and how many visits it has, acknowledged. */
  moving(): (sid: string, visits: number) => void
  /** Another session of this id was made, and left with so many visits or ended, acknowledged. */
  created(sid: string, visits: number | 'ended'): void
}

export type HeldSession = session.Session & session.SessionData & { victim?: unknown; [key: string]: unknown }

/** What became of an operation: its value, or what its contract names instead. */
type Outcome<T> = { readonly value: T } | 'absent' | 'unknown'

const UNKNOWN = new Set(['ERR_STORE_TIMEOUT', 'ERR_STORE_OUTCOME_UNKNOWN'])

/**
 * Plays a request. The counter does the same: it loads, changes and commits, or changes on load.
 * @returns the session that it held and committed, if that was acknowledged.
 * @throws what the store failed with, if that isn't an outcome that its contract names.
 */
export async function play(
  store: ExactRedisStore,
  sid: string,
  { kind, key }: PlannedRequest,
  id: number,
  log: Log,
): Promise<HeldSession | undefined> {
  switch (kind) {
    case 'visit':
      return visit(await load(store, sid), undefined, `${id}`)
    case 'visit with a key':
      return visit(await load(store, sid), key, `${id}`)
    case 'visit twice': {
      const held = await visit(await load(store, sid), undefined, `${id}`)
      return held && visit(held, undefined, `${id} again`)
    }
    case 'visit on load':
      return visitOnLoad(undefined)
    case 'visit with a key on load':
      return visitOnLoad(key)
    case 'remove': {
      const held = await load(store, sid)
      if (!held?.victim) return undefined
      delete held.victim
      if (isDone(await outcomeOf(store.commit(held)))) log.removed()
      return undefined
    }
    case 'read': {
      const end = log.begin({ kind: 'read' })
      const found = await outcomeOf(store.get(sid))
      if (isDone(found)) end(found.value?.visits ?? 'absent')
      return undefined
    }
    case 'touch': {
      const held = await load(store, sid)
      if (held) await outcomeOf(Promise.resolve(store.touch(sid, held)))
      return undefined
    }
    case 'destroy': {
      const end = log.begin({ kind: 'destroy' })
      if (isDone(await outcomeOf(store.destroy(sid)))) end('done')
      return undefined
    }
    case 'regenerate': {
      const held = await load(store, sid)
      if (held) await regenerate(held)
      return undefined
    }
    case 'create':
    case 'create and end':
      return create(kind === 'create and end')
  }

  async function visit(
    held: HeldSession | undefined,
    idempotencyKey: string | undefined,
    name: string,
  ): Promise<HeldSession | undefined> {
    if (!held) return undefined
    const end = log.begin({ kind: 'visit', key: idempotencyKey })
    held.visits += 1
    held.trail = [...held.trail, name]
    held[`own ${name}`] = name
    const counted = await outcomeOf(
      store.commit(held, idempotencyKey === undefined ? {} : { idempotencyKey }),
    )
    // With a key it may be the first one that counted, with what that wrote.
    if (idempotencyKey === undefined) {
      log.appended(name, isDone(counted))
      log.wrote(`own ${name}`, JSON.stringify(name), isDone(counted))
    }
    if (counted === 'absent') end('absent')
    if (!isDone(counted)) return undefined
    end(held.visits)
    return held
  }

  async function visitOnLoad(idempotencyKey: string | undefined): Promise<undefined> {
    const end = log.begin({ kind: 'visit', key: idempotencyKey })
    const update = { add: { visits: 1 }, append: { trail: [`${id}`] } }
    const counted = await outcomeOf(store.update(sid, update, { idempotencyKey }))
    const visits = isDone(counted) ? (counted.value?.visits ?? 'absent') : counted
    if (idempotencyKey === undefined) log.appended(`${id}`, typeof visits === 'number')
    if (visits !== 'unknown') end(visits)
  }

  async function regenerate(held: HeldSession): Promise<void> {
    const end = log.begin({ kind: 'regenerate' })
    const moved = log.moving()
    const req = { sessionID: sid, session: held, sessionStore: store } as unknown as Request
    store.generate = () => {}
    const ended = await outcomeOf(
      new Promise<void>((resolve, reject) => {
        store.regenerate(req, (error) => (error ? reject(error) : resolve()))
      }),
    )
    if (ended === 'absent') end('absent')
    if (!isDone(ended)) return
    end(held.visits)
    // What a log-in does that keeps the session's content.
    const { cookie: _own, ...content } = held
    const next = Object.assign(newSession(store, `moved ${id}`), content) as unknown as HeldSession
    if (isDone(await outcomeOf(store.commit(next)))) moved(`moved ${id}`, held.visits)
  }

  async function create(ends: boolean): Promise<undefined> {
    const own = `new ${id}`
    const made = Object.assign(newSession(store, own), { visits: 1 }) as unknown as HeldSession
    // A save that failed is tried again at the end of the response.
    if (!isDone(await outcomeOf(store.commit(made))) && !isDone(await outcomeOf(store.commit(made)))) return
    made.visits += 1
    const counted = await outcomeOf(store.commit(made))
    if (ends) {
      if (isDone(await outcomeOf(store.destroy(own)))) log.created(own, 'ended')
    } else if (isDone(counted)) log.created(own, 2)
  }
}

function isDone<T>(outcome: Outcome<T>): outcome is { readonly value: T } {
  return typeof outcome === 'object'
}

/** @throws what the contract of the store doesn't name. */
async function outcomeOf<T>(operation: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await operation }
  } catch (error) {
    const { code = '' } = error as { code?: string }
    if (code === 'ERR_SESSION_GONE') return 'absent'
    if (UNKNOWN.has(code)) return 'unknown'
    throw error
  }
}

async function load(store: ExactRedisStore, sid: string): Promise<HeldSession | undefined> {
  const found = await outcomeOf(store.get(sid))
  if (!isDone(found) || !found.value) return undefined
  const req = { sessionID: sid, sessionStore: store } as unknown as Request
  return store.createSession(req, found.value) as HeldSession
}
