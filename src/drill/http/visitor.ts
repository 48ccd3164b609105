// One browser as a server sees it: its cookies, and redirects followed.
import type { Connection, RawAnswer } from './connection.js'
import { RequestFailed } from './failure.js'
import { Jar, type RefusedCookie } from './jar.js'

/** A request, to a path of the origin. */
export interface Outgoing {
  method: string
  path: string
  headers?: Record<string, string>
  body?: string
}

/** The last answer of a request and of the redirects that it led to. */
export interface Answer extends RawAnswer {
  /** Path of the last request. */
  path: string
  /** How many redirects were followed. */
  redirects: number
  /** The new values of cookies that any of the answers set and the browser kept; '' for those deleted. */
  cookies: ReadonlyMap<string, string>
}

export interface SendOptions {
  /** Whether its first request has had its turn under the rate already. */
  hadTurn?: boolean
  /** Whether the answer's cookies are kept; asked when it is there. */
  keepsCookies?: () => boolean
  /** Whether redirects are followed; a logout needs no page. */
  follows?: boolean
}

export interface Target {
  origin: string
  /** As the app sees it, for cookies and redirects. */
  publicOrigin: string
  /** Sent unless a request says otherwise. */
  defaults: Readonly<Record<string, string>>
  /** Sent with every request. */
  headers: Readonly<Record<string, string>>
  /** `NAME=VALUE; …` that each browser has from the start. */
  cookies: string
  /** Before each request: waits for its turn under the rate, unless it has had that. */
  turn(hadTurn: boolean): Promise<unknown> | undefined
}

const MOST_REDIRECTS = 5
const MOST_REFUSED = 20

/** A browser without a screen: it keeps cookies and follows redirects as browsers do. */
export class Visitor {
  readonly #target: Target
  readonly #connection: Connection
  readonly #jar: Jar
  /** The first few cookies that a browser would not keep. */
  readonly refused: RefusedCookie[] = []

  constructor(target: Target, connection: Connection, jar?: Jar) {
    this.#target = target
    this.#connection = connection
    this.#jar = jar ?? new Jar(target.publicOrigin)
    if (!jar && target.cookies !== '') this.#jar.keep(target.cookies.split(/;\s*/), '/')
  }

  /** @returns a visitor with the same cookies on the same connections, but for the cookie of this name */
  copy(without?: string): Visitor {
    return new Visitor(this.#target, this.#connection, this.#jar.copy(without))
  }

  cookie(name: string, path: string): string {
    return this.#jar.value(name, path)
  }

  cookieNames(path: string): string[] {
    return this.#jar.names(path)
  }

  /** As of Jar. */
  cookieEnd(name: string): number {
    return this.#jar.end(name)
  }

  /** As of Jar. */
  dropCookie(name: string): void {
    this.#jar.drop(name)
  }

  /** As of Jar. */
  cookiesElsewhere(path: string): { name: string; path: string }[] {
    return this.#jar.elsewhere(path)
  }

  /** @throws RequestFailed when no answer came, or a redirect leads away or nowhere */
  async send(outgoing: Outgoing, options: SendOptions = {}): Promise<Answer> {
    const { hadTurn = false, keepsCookies = () => true, follows = true } = options
    const cookies = new Map<string, string>()
    let { method, path, headers = {}, body } = outgoing
    for (let redirects = 0; ; redirects++) {
      await this.#target.turn(hadTurn && redirects === 0)
      const cookie = this.#jar.header(path)
      const answer = await this.#connection.send(
        method,
        path,
        { ...this.#target.defaults, ...headers, ...this.#target.headers, ...(cookie !== '' && { cookie }) },
        body,
      )
      if (answer.setCookies.length > 0 && keepsCookies()) {
        const refused = this.refused.length < MOST_REFUSED ? this.refused : undefined
        for (const [name, value] of this.#jar.keep(answer.setCookies, path, refused)) cookies.set(name, value)
      }
      const { location } = answer.headers
      const redirected = [301, 302, 303, 307, 308].includes(answer.status) && typeof location === 'string'
      if (!redirected || !follows) return { ...answer, path, redirects, cookies }
      if (redirects === MOST_REDIRECTS) throw new RequestFailed('redirects without end')
      path = this.#pathOf(location, path)
      if (answer.status !== 307 && answer.status !== 308) {
        if (method !== 'HEAD') method = 'GET'
        body = undefined
        headers = withoutContentType(headers)
      }
    }
  }

  #pathOf(location: string, from: string): string {
    const { origin, publicOrigin } = this.#target
    const here = new URL(from, publicOrigin)
    const there = URL.canParse(location, here.href) ? new URL(location, here.href) : undefined
    if (!there || (there.origin !== publicOrigin && there.origin !== origin))
      throw new RequestFailed(`redirect to ${there?.origin ?? location}`)
    return there.pathname + there.search
  }
}

function withoutContentType(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'content-type'))
}
