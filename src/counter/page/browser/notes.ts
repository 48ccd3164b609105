// What the page says about what happens to it, in words.
import type { StoreName } from '../../config/store-names.js'
import { grouped, NO_COOKIE } from '../parts/words.js'
import type { Trouble } from './counter-client.js'

export interface Note {
  readonly text: string
  readonly kind?: 'warn' | 'bad'
}

export const NOTHING: Note = { text: '' }

const TROUBLES: Record<Trouble, Note> = {
  slow: { text: 'Waiting for the counter’s answer…' },
  unanswered: { text: 'No answer came back. Sent again…', kind: 'warn' },
  unreachable: { text: 'The page can’t reach the counter. Trying again…', kind: 'bad' },
  'no instance': { text: 'The load balancer has no instance that answers. Trying again…', kind: 'bad' },
  'no Redis': {
    text: 'The counter can’t reach Redis. Trying again; no acknowledged visit is lost.',
    kind: 'bad',
  },
}

/** @returns what the page says while a request, or its own look at the instances, has trouble. */
export function troubleNote(trouble: Trouble): Note {
  return TROUBLES[trouble]
}

export const notes = {
  noCookie: { text: NO_COOKIE, kind: 'warn' },
  endedElsewhere: {
    text: 'This session was ended in another tab, or it has expired. Your next visit starts a new one.',
    kind: 'warn',
  },
  ended: { text: 'The session is destroyed. Your browser still has its cookie, which opens nothing now.' },
  renewed: { text: 'A new session id with the same count: what should happen at each login.' },
} as const satisfies Record<string, Note>

/** After trouble: the count, as it is stored. */
export function backNote(visits: number): Note {
  return { text: `It answers again, and the count is still ${grouped(visits)}.` }
}

/**
 * The platform runs another store now.
 * @param before the count of the session before; null if there was none
 * @param after the count that the new store has for this browser; null if it has none, or wasn't asked
 */
export function switchNote(
  from: StoreName,
  to: StoreName,
  before: number | null,
  after: number | null,
): Note {
  const news = `The store is now ${to}.`
  // Only the exact store reads what another one wrote.
  const tookOver = from === 'connect-redis' && to === 'exact' && before !== null && (after ?? 0) >= before
  if (tookOver) return { text: `${news} It took over your session of connect-redis.` }
  if (before === null) return { text: after === null ? news : `${news} It still has a session of yours.` }
  const where =
    from === 'memory'
      ? 'was in the memory of instances that have ended'
      : to === 'memory'
        ? 'is in Redis, which the memory store doesn’t use'
        : `is in the format of ${from}, which ${to} can’t read`
  const next = after === null ? 'your next visit starts a new one' : 'a new one has begun'
  return { text: `${news} Your session (${grouped(before)}) ${where}: ${next}.`, kind: 'warn' }
}

/** What there is to say of a visit that was answered, if anything. */
export function visitNote(
  before: number | null,
  { visits, store, tries }: { visits: number; store: StoreName; tries: number },
  instance: string,
): Note {
  if (before !== null && visits <= before) {
    if (store === 'memory')
      return {
        text: `Instance ${instance} has its own memory, and has seen you ${grouped(visits)} of ${grouped(before + 1)} times.`,
        kind: 'warn',
      }
    if (visits === 1)
      return { text: 'A new session: the one before was ended, or has expired.', kind: 'warn' }
    return {
      text: `The count went back from ${grouped(before)} to ${grouped(visits)}: visits were lost.`,
      kind: 'bad',
    }
  }
  if (tries > 1) return { text: 'This visit was sent more than once, under the same key, and counts once.' }
  if (visits === 1)
    return { text: 'Your first visit: the session is stored, and your browser has its cookie.' }
  return NOTHING
}
