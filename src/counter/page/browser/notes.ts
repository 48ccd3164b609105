import type { StoreName } from '../../config/store-names.js'
import { grouped, NO_COOKIE } from '../parts/words.js'
import type { Trouble } from './api.js'

type Note = [text: string, kind?: 'warn' | 'bad']

const TROUBLES: Record<Trouble, Note> = {
  slow: ['Waiting for an answer…'],
  'instance gone': ['The instance went away in the middle of it. Sent again, under the same key…', 'warn'],
  'redis away': ['Redis is away. Trying again; nothing that was acknowledged is lost.', 'bad'],
  'nobody there': ['No instance answers. Trying again…', 'bad'],
}

/** @returns what the page says while a request has trouble. */
export function troubleNote(trouble: Trouble): { text: string; kind?: 'warn' | 'bad' } {
  const [text, kind] = TROUBLES[trouble]
  return kind ? { text, kind } : { text }
}

/** What the page says in words. */
export const notes = {
  noCookie: NO_COOKIE,
  endedElsewhere: 'This session was ended elsewhere, or has expired. The next visit starts a new one.',
  ended: 'The session is destroyed. Your browser still has its cookie, which opens nothing now.',
  renewed: 'A new id, the same count: what a log-in should do.',
  back: (visits: string) => `It is back, and the count goes on from ${visits}.`,

  /** What there is to say of a visit that was answered, if anything. */
  visited(before: number | null, visits: number, store: StoreName, instance: string, tries: number): Note {
    if (before !== null && visits <= before) {
      if (store === 'memory')
        return [
          `Instance ${instance} keeps its own memory, and there you have been ${grouped(visits)} of ${grouped(before)} times.`,
          'warn',
        ]
      if (visits === 1) return ['A new session: the one before was ended, or has expired.', 'warn']
      return [`The count went back from ${grouped(before)} to ${grouped(visits)}: visits got lost.`, 'bad']
    }
    if (tries > 1)
      return [
        'An instance went away in the middle of this visit. It was sent again under the same key, and counts once.',
      ]
    if (visits === 1) return ['Your first visit: the session is stored, and your browser has its cookie.']
    return ['']
  },
}
