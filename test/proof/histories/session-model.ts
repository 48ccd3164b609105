import type { Model } from './linearizable.js'

/**
 * What a session is to those who use it, whichever instance they reach: it is absent, or it lives, with a number of visits and
 * the idempotency keys that it has seen, each with the number that it was first answered.
 *
 * | operation            | absent           | living(n, keys)                                         |
 * |----------------------|------------------|---------------------------------------------------------|
 * | visit                | answers absent   | answers n + 1, and is living(n + 1, keys)               |
 * | visit with a key k   | answers absent   | k in keys: answers keys[k], and nothing changes;        |
 * |                      |                  | else n + 1, and is living(n + 1, keys and k → n + 1)    |
 * | read                 | answers absent   | answers n                                               |
 * | destroy              | answers done     | answers done, and is absent                             |
 * | regenerate           | answers absent   | answers n, and is absent; a new session is living(n, –) |
 *
 * Absent is for good: no id comes back. The counter answers absent by a new cookie, 404 or 409. Any other answer than success (503, no
 * answer, an instance that was killed) tells nothing: the operation may have taken effect, may still do so, or never.
 */
export type SessionState = { readonly visits: number; readonly keys: ReadonlyMap<string, number> } | 'absent'

export type SessionInput =
  | { readonly kind: 'visit'; readonly key?: string | undefined }
  | { readonly kind: 'read' | 'destroy' | 'regenerate' }

export type SessionOutput = number | 'absent' | 'done'

export const SESSION_MODEL: Model<SessionState, SessionInput, SessionOutput> = {
  apply(state, input) {
    if (input.kind === 'destroy') return ['absent', 'done']
    if (state === 'absent') return [state, 'absent']
    const { visits, keys } = state
    switch (input.kind) {
      case 'read':
        return [state, visits]
      case 'regenerate':
        return ['absent', visits]
      case 'visit': {
        const { key } = input
        const first = key === undefined ? undefined : keys.get(key)
        if (first !== undefined) return [state, first]
        const seen = key === undefined ? keys : new Map(keys).set(key, visits + 1)
        return [{ visits: visits + 1, keys: seen }, visits + 1]
      }
    }
  },
  nameOf(state) {
    if (state === 'absent') return state
    const keys = [...state.keys].map(([key, first]) => `${key}=${first}`).sort()
    return `${state.visits} ${keys.join()}`
  },
  nameOfInput(input) {
    return input.kind === 'visit' && input.key !== undefined ? `visit ${input.key}` : input.kind
  },
}
