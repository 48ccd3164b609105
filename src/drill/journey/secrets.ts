// The secrets of a journey, so that no report shows them: an app may repeat what it was sent.
import { excerpt } from '../plain-text.js'
import type { Journey } from './journey.js'

const SECRET_NAME = /pass|pwd|secret|token|api.?key/i
/** A shorter one would be found in the middle of other words. */
const SHORTEST = 4

/** @returns the beginning of what a server sent, without the journey's secrets */
export function excerptWithout(body: string, secrets: readonly string[]): string {
  return excerpt(secrets.reduce((text, secret) => text.replaceAll(secret, '…'), body))
}

/** @returns the values of environment variables, and of fields that are called like a secret; the longest first */
export function secretsOf(journey: Partial<Journey>): string[] {
  const found = new Set<string>()
  const walk = (value: unknown, name: string) => {
    if (typeof value === 'string') {
      for (const [, variable = ''] of value.matchAll(/\{\{\s*env\.([\w.-]+)\s*\}\}/g))
        found.add(process.env[variable] ?? '')
      if (SECRET_NAME.test(name) && !value.includes('{{')) found.add(value)
    } else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) walk(inner, key)
  }
  const { login, logout, visit, read, variables } = journey
  for (const part of [variables, ...[login, visit, read, logout].flat()]) {
    if (part === undefined) continue
    // `take` says where a token is, and is none itself.
    const { take: _, ...rest } = part as Record<string, unknown>
    walk(rest, '')
  }
  return [...found].filter(({ length }) => length >= SHORTEST).sort((a, b) => b.length - a.length)
}
