// Data that says what it was loaded as, through copies that others make of it.
import { HeldSession, type HeldSessionContext } from './held-session.js'
import { ObjectSlot } from './object-slot.js'
import type { LoadedSession } from './session-codec.js'

/**
 * The key under which a session object that others made of loaded data (a decorator's, @fastify/session's, koa-session's) has
 * what it was loaded as: they copy a session's keys by for…in. JSON leaves it out.
 */
const TAG = 'exactSession'

/** What a session was loaded as, as JSON doesn't see it. */
class Tag {
  readonly loaded: LoadedSession
  /** Of plain copies: each is what the session holds by then. */
  held: HeldSession | undefined

  constructor(loaded: LoadedSession) {
    this.loaded = loaded
  }

  toJSON(): undefined {
    return undefined
  }
}

const tags = new ObjectSlot<Tag>()

/** The class of loaded data: for…in finds the tag, Object.keys doesn't. */
const TAGGED = Object.create(Object.prototype, {
  [TAG]: {
    enumerable: true,
    get(this: object) {
      return tags.get(this)
    },
  },
}) as object

/** Remembers what data was loaded as. */
export function tag(data: object, loaded: LoadedSession): void {
  tags.set(data, new Tag(loaded))
  Object.setPrototypeOf(data, TAGGED)
}

/** @returns what data was loaded as; its copies don't tell it from then on. */
export function untag(data: object): LoadedSession | undefined {
  const found = tags.get(data)
  if (found) Object.setPrototypeOf(data, Object.prototype)
  return found?.loaded
}

/** @returns the session that was loaded as what this object is a copy of; undefined for one that was not. */
export function heldOfCopy(
  context: HeldSessionContext,
  sid: string,
  data: object,
  isSession: boolean,
): HeldSession | undefined {
  const found = (data as { readonly [TAG]?: unknown })[TAG]
  if (!(found instanceof Tag) || found.loaded.sid !== sid) return undefined
  if (isSession) return new HeldSession(context, sid, data as never, found.loaded)
  found.held ??= new HeldSession(context, sid, data as never, found.loaded)
  return found.held.withData(data as never)
}
