import type { Answer } from './http/connection.js'

export interface Endpoint {
  method: string
  path: string
}

/** How an app is visited and where its answers hold what the books need. */
export interface Adapter {
  visit: Endpoint
  /** Asked for by every request. */
  accept: string
  numberOf(answer: Answer): number | undefined
  instanceOf(answer: Answer): string | undefined
  /** Reads the stored count without counting; without it, a last visit tells it. */
  session?: Endpoint
  /** Ends the session; without it no session is destroyed. */
  destroy?: Endpoint
}

const json = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** @returns the value at an RFC 6901 pointer, such as `/data/count` */
export function valueAt(document: unknown, pointer: string): unknown {
  let value = document
  for (const step of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string, unknown>)[step.replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  return value
}

const wholeNumber = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined

const text = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined

/** RedisSessions' own counter. With `keyed`, a visit is sent so that it can be repeated under an Idempotency-Key. */
export function ownAdapter(keyed: boolean): Adapter {
  return {
    visit: keyed ? { method: 'POST', path: '/api/visits' } : { method: 'GET', path: '/' },
    accept: 'application/json',
    numberOf: ({ body }) => wholeNumber(valueAt(json(body), '/visits')),
    instanceOf: ({ body }) => text(valueAt(json(body), '/instance/id')),
    session: { method: 'GET', path: '/api/session' },
    destroy: { method: 'DELETE', path: '/api/session' },
  }
}

/** @returns the endpoint that `[METHOD] /path` names, or undefined */
function parseEndpoint(words: string, method = 'GET'): Endpoint | undefined {
  const match = /^(?:([A-Z]+) )?(\/\S*)$/.exec(words.trim())
  return match?.[2] === undefined ? undefined : { method: match[1] ?? method, path: match[2] }
}

/**
 * Another app's counter.
 * @param words `[METHOD] /path NUMBER`; NUMBER is a JSON pointer, or `re:` and a regular expression whose first
 *   group is the number
 * @param instance a JSON pointer, or `header:NAME`
 * @returns undefined when the words cannot be read
 */
export function parseAdapter(words: string, destroy?: string, instance?: string): Adapter | undefined {
  const match = /^((?:[A-Z]+ )?\/\S*) (re:.+|\/\S*)$/.exec(words.trim())
  const visit = parseEndpoint(match?.[1] ?? '')
  const numberOf = reader(match?.[2] ?? '')
  const ending = destroy === undefined ? undefined : parseEndpoint(destroy, 'POST')
  const instanceOf = instance === undefined ? () => undefined : reader(instance)
  if (!visit || !numberOf || !instanceOf || (destroy !== undefined && !ending)) return undefined
  return {
    visit,
    accept: '*/*',
    numberOf: (answer) => {
      const value = numberOf(answer)
      return wholeNumber(typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value)
    },
    instanceOf: (answer) => text(instanceOf(answer)),
    ...(ending && { destroy: ending }),
  }
}

function reader(words: string): ((answer: Answer) => unknown) | undefined {
  if (words.startsWith('/')) return ({ body }) => valueAt(json(body), words)
  const header = /^header:(\S+)$/.exec(words)?.[1]?.toLowerCase()
  if (header) return ({ headers }) => headers[header]
  if (!words.startsWith('re:')) return undefined
  try {
    const pattern = new RegExp(words.slice(3), 'u')
    return ({ body }) => pattern.exec(body)?.[1]
  } catch {
    return undefined
  }
}
