// The cookies of one browser.
import { Cookie, CookieJar } from 'tough-cookie'

/** A Set-Cookie header that a browser would not keep, and why. */
export interface RefusedCookie {
  name: string
  why: string
}

const CACHED_MS = 500
/** A refused prefix is an error, so that it can be named: browsers refuse `__Host-id` without Secure. */
const RULES = { rejectPublicSuffixes: false, looseMode: true, prefixSecurity: 'strict' as const }

/**
 * A browser's cookies for one origin, by tough-cookie: path, domain, expiry, Secure and several of one name count
 * as in RFC 6265.
 */
export class Jar {
  #jar = new CookieJar(undefined, RULES)
  readonly #origin: string
  /** When the cookies of a name end, on the clock of Date.now(). */
  readonly #ends = new Map<string, number>()
  readonly #headers = new Map<string, { text: string; at: number }>()

  /** @param origin as the app sees it: a Host header or X-Forwarded-Proto may make it another than the URL's */
  constructor(origin: string) {
    this.#origin = origin
  }

  /** @returns what a browser sends to this path in its Cookie header; '' for nothing */
  header(path: string): string {
    const pathname = path.split('?', 1)[0] ?? path
    const now = performance.now()
    const cached = this.#headers.get(pathname)
    if (cached && now - cached.at < CACHED_MS) return cached.text
    const text = this.#jar.getCookieStringSync(this.#origin + pathname)
    this.#headers.set(pathname, { text, at: now })
    return text
  }

  /**
   * Keeps what these Set-Cookie headers set.
   * @returns the new value of each cookie that was kept; '' if it was deleted
   */
  keep(setCookies: readonly string[], path: string, refused?: RefusedCookie[]): Map<string, string> {
    const kept = new Map<string, string>()
    if (setCookies.length === 0) return kept
    this.#headers.clear()
    for (const header of setCookies) {
      try {
        const parsed = withEnd(header)
        // A deletion of what is not there: a clock may be wrong.
        if (parsed && parsed.value !== '' && isOver(parsed) && !this.names(path).includes(parsed.key))
          refused?.push({ name: parsed.key, why: 'it had expired when it came' })
        const cookie = this.#jar.setCookieSync(parsed ?? header, this.#origin + path)
        if (!cookie) continue
        kept.set(cookie.key, isOver(cookie) ? '' : cookie.value)
        this.#noteEnd(cookie)
        if (cookie.secure && !this.#sends(cookie, path))
          refused?.push({ name: cookie.key, why: 'it is Secure, and the URL is http:' })
      } catch (error) {
        const name = header.split('=', 1)[0]?.trim() ?? ''
        refused?.push({ name, why: error instanceof Error ? error.message : String(error) })
      }
    }
    return kept
  }

  /** @returns the value that a request to this path carries; '' if none */
  value(name: string, path: string): string {
    return this.#jar.getCookiesSync(this.#origin + path).find(({ key }) => key === name)?.value ?? ''
  }

  /** @returns when a browser drops the cookies of this name, on the clock of Date.now(); infinity if never */
  end(name: string): number {
    return this.#ends.get(name) ?? Number.POSITIVE_INFINITY
  }

  /** Drops the cookies of this name. */
  drop(name: string): void {
    this.#jar = this.copy(name).#jar
    this.#headers.clear()
    this.#ends.delete(name)
  }

  /** @returns the names of all cookies that a request to this path carries */
  names(path: string): string[] {
    return this.#jar.getCookiesSync(this.#origin + path).map(({ key }) => key)
  }

  /** @returns the cookies that a request to this path does not carry, and the paths that they are for */
  elsewhere(path: string): { name: string; path: string }[] {
    const sent = this.names(path)
    return (this.#jar.serializeSync()?.cookies ?? []).flatMap(({ key = '', path: own }) =>
      sent.includes(key) ? [] : [{ name: key, path: typeof own === 'string' ? own : '/' }],
    )
  }

  /** @returns another jar with the same cookies, but for those of this name */
  copy(without?: string): Jar {
    const copy = new Jar(this.#origin)
    const { cookies = [], ...rest } = this.#jar.serializeSync() ?? { cookies: [] }
    copy.#jar = CookieJar.deserializeSync({
      ...rest,
      cookies: cookies.filter(({ key }) => key !== without),
    } as ReturnType<CookieJar['serializeSync']> & object)
    for (const [name, at] of this.#ends) copy.#ends.set(name, at)
    return copy
  }

  #noteEnd(cookie: Cookie): void {
    const at = cookie.expires instanceof Date ? cookie.expires.getTime() : Number.POSITIVE_INFINITY
    if (isOver(cookie) || at === Number.POSITIVE_INFINITY) this.#ends.delete(cookie.key)
    else this.#ends.set(cookie.key, at)
  }

  #sends(cookie: Cookie, path: string): boolean {
    const { path: own } = cookie
    return isOver(cookie) || this.names(own ?? path).includes(cookie.key)
  }
}

/** tough-cookie counts Max-Age from the last use of a cookie; browsers count it from when it was set. */
function withEnd(header: string): Cookie | undefined {
  const cookie = Cookie.parse(header, { loose: true })
  if (typeof cookie?.maxAge !== 'number' || cookie.maxAge <= 0) return cookie
  cookie.expires = new Date(Math.min(Date.now() + cookie.maxAge * 1000, MOST_TIME))
  cookie.maxAge = null
  return cookie
}

const MOST_TIME = 8.64e15

function isOver(cookie: Cookie): boolean {
  const ends = cookie.expiryTime()
  return ends !== undefined && ends !== null && ends <= Date.now()
}

/**
 * @returns whether two values of the session cookie name different sessions. Only express-session's form
 * `s:ID.SIGNATURE` tells: other servers may change the value with each answer, and their resets show by the number.
 */
export function isAnotherSession(before: string, after: string): boolean {
  const [a, b] = [expressId(before), expressId(after)]
  return a !== undefined && b !== undefined && a !== b
}

function expressId(value: string): string | undefined {
  return /^s(?::|%3A)([^.]+)\./i.exec(value)?.[1]
}
