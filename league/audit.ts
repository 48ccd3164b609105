// Counts lost visits on the wire, knowing nothing of the drill: so the league judges the judge, too.
import type { IncomingMessage } from 'node:http'

interface Visitor {
  acknowledged: number
  /** In the last answer. */
  number: number
  loggedOut: boolean
}

type Request = Pick<IncomingMessage, 'url' | 'method' | 'headers'>
type Answer = Pick<IncomingMessage, 'statusCode' | 'headers'>

/** A CSRF cookie outlives its session. */
const holdsSession = (pair: string) => pair !== '' && !pair.endsWith('=') && !/^[\w-]*(csrf|xsrf)/i.test(pair)

/** Follows each visitor by the cookies that it sends and is given. */
export class Audit {
  readonly #path: string
  readonly #visitors = new Set<Visitor>()
  readonly #byCookie = new Map<string, Visitor>()

  /** @param path what counts */
  constructor(path = '/hits') {
    this.#path = path
  }

  saw({ url, method, headers }: Request, sentBody: string, answer: Answer, body: string): void {
    const sent = (headers.cookie ?? '').split('; ').filter(holdsSession)
    const visitor = sent.map((pair) => this.#byCookie.get(pair)).find((known) => known) ?? this.#newVisitor()
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair = ''] = line.split(';')
      if (holdsSession(pair)) this.#byCookie.set(pair, visitor)
    }
    if (method !== 'GET' && (/logout/.test(url ?? '') || sentBody.includes('_method=delete')))
      visitor.loggedOut = true
    const number = Number(/(\d+)\D*$/.exec(body)?.[1])
    if (url !== this.#path || answer.statusCode !== 200 || Number.isNaN(number)) return
    visitor.acknowledged++
    visitor.number = number
  }

  /**
   * The last visit of each visitor must have gone alone. Visitors that logged out are left out.
   * @returns how many acknowledged visits the counts lack
   */
  get lost(): number {
    let lost = 0
    for (const { acknowledged, number, loggedOut } of this.#visitors)
      if (!loggedOut) lost += Math.max(0, acknowledged - number)
    return lost
  }

  #newVisitor(): Visitor {
    const visitor = { acknowledged: 0, number: 0, loggedOut: false }
    this.#visitors.add(visitor)
    return visitor
  }

  reset(): void {
    this.#visitors.clear()
    this.#byCookie.clear()
  }
}
