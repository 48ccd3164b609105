import { expect, it } from 'vitest'
import * as store from '../../src/store/index.js'
import { SessionGoneError, StoreError } from '../../src/store/index.js'

const cause = new Error('as Redis said')
const ALL = Object.entries(store).filter(
  ([name]) => /.Error$/.test(name) && name !== 'StoreError',
) as unknown as [
  string,
  new (first?: unknown) => Error & { code: string; status?: number; headers?: object },
][]

it('each error has its name, a code, and what a server answers if nothing else handles it', () => {
  const made = ALL.map(([name, Made]) => [name, new Made(cause)] as const)
  expect(made.length).toBeGreaterThan(8)
  for (const [name, error] of made) {
    expect(error.name).toBe(name)
    const words = name.replace(/^Store|Error$/g, '').replace(/(?!^)[A-Z]/g, (letter) => `_${letter}`)
    expect(error.code.replace(/^ERR_(STORE|SESSION)_/, '')).toMatch(
      new RegExp(`^(${words.toUpperCase().replace(/^SESSION_|_RECORD$/g, '')})$`),
    )
    if (error instanceof StoreError)
      expect([error.status, error.headers]).toEqual([503, { 'Retry-After': '1' }])
  }
  expect(new SessionGoneError().status).toBe(409)
  expect(new Set(made.map(([, { code }]) => code)).size).toBe(made.length)
})
