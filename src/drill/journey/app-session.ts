// One session of one browser in an app: its steps, with their variables filled in.
import { randomUUID } from 'node:crypto'
import { CouldNotRun } from '../could-not-run.js'
import { RequestFailed, retryAfterOf } from '../http/failure.js'
import type { Answer, Outgoing, SendOptions, Visitor } from '../http/visitor.js'
import { plainText } from '../plain-text.js'
import { type Count, type CountReader, countReaderOf } from './count.js'
import { endpointOf, type Journey, type Step, type Steps, stepsOf } from './journey.js'
import { excerptWithout, secretsOf } from './secrets.js'
import { decoded, type Reader, readerOf, textOf } from './where.js'

/** What a visit's last answer says. */
export interface Visited {
  answer: Answer
  number: number
  /** Every number that the answer can mean. */
  numbers: readonly number[]
  instance: string | undefined
  /** The number comes from a request after the one that counted. */
  readAfterwards: boolean
}

/** The app asks for a login: the session that was sent is gone. */
export class LoggedOut extends RequestFailed {}

let sessions = 0

/** A journey with its readers made ready, for all browsers. */
export class Route {
  readonly journey: Journey
  readonly #base: string
  readonly #number: CountReader
  readonly #readNumber: CountReader
  readonly #instance: Reader | undefined
  readonly #takes = new Map<string, Reader>()
  readonly #secrets: readonly string[]

  /** @param base prefix of all paths, such as `/shop`; without a slash at its end */
  constructor(journey: Journey, base = '') {
    this.journey = journey
    this.#base = base
    this.#number = readable(journey.number, countReaderOf)
    this.#readNumber = readable(journey.readNumber ?? journey.number, countReaderOf)
    this.#instance = journey.instance === undefined ? undefined : readable(journey.instance, readerOf)
    this.#secrets = secretsOf(journey)
    for (const steps of [journey.login, journey.visit, journey.read, journey.logout]) {
      for (const { take = {} } of steps ? stepsOf(steps) : []) {
        for (const where of Object.values(take)) this.#takes.set(where, readable(where, readerOf))
      }
    }
  }

  /** Path of the counting request, for cookies and messages. */
  get visitPath(): string {
    const [last] = stepsOf(this.journey.visit).slice(-1)
    return this.#base + (last ? endpointOf(last).path : '/')
  }

  /** Path of the login, if there is one. */
  get loginPath(): string | undefined {
    const [first] = this.journey.login ? stepsOf(this.journey.login) : []
    return first && this.#base + endpointOf(first).path
  }

  /** @returns the beginning of an answer, without the journey's secrets */
  excerpt(body: string): string {
    return excerptWithout(body, this.#secrets)
  }

  pathOf(step: Step): string {
    return this.#base + endpointOf(step).path
  }

  countIn(answer: Answer): Count | undefined {
    return this.#number(answer)
  }

  storedIn(answer: Answer): Count | undefined {
    return this.#readNumber(answer)
  }

  instanceIn(answer: Answer): string | undefined {
    const name = textOf(this.#instance?.(answer))
    return name === undefined ? undefined : plainText(name, 100)
  }

  taken(where: string, answer: Answer): unknown {
    return this.#takes.get(where)?.(answer)
  }
}

function readable<R>(where: string, readerFor: (where: string) => R | undefined): R {
  const found = readerFor(where)
  if (!found) throw new TypeError(`${where}: cannot be read`)
  return found
}

type Fits = (number: number) => boolean

/** A session: a login if the journey has one, visits, reading, and its end. */
export class AppSession {
  readonly visitor: Visitor
  readonly #route: Route
  readonly #variables: Map<string, string>
  #loggingIn: Promise<{ answer: Answer }> | undefined

  constructor(route: Route, visitor: Visitor, browser: number, origin: string) {
    this.#route = route
    this.visitor = visitor
    this.#variables = new Map([
      ...Object.entries(route.journey.variables ?? {}),
      ['browser', String(browser)],
      ['session', String(++sessions)],
      ['origin', origin],
    ])
  }

  private static from(session: AppSession, visitor: Visitor): AppSession {
    const copy = new AppSession(session.#route, visitor, 0, '')
    for (const [name, value] of session.#variables) copy.#variables.set(name, value)
    copy.#loggingIn = session.#loggingIn
    return copy
  }

  /** @returns the same session as it is now, but for a cookie of this name */
  copy(without?: string): AppSession {
    return AppSession.from(this, this.visitor.copy(without))
  }

  /** Whether the count can be read without counting. */
  get canRead(): boolean {
    return this.#route.journey.read !== undefined
  }

  /** The next visit logs in first. */
  forget(): void {
    this.#loggingIn = undefined
  }

  /**
   * Once for the session, however many visits begin at once.
   * @returns the last answer; undefined if the journey has no login
   * @throws RequestFailed
   */
  async login(): Promise<Answer | undefined> {
    const { login } = this.#route.journey
    if (!login) return undefined
    this.#loggingIn ??= this.#run(login, {}, false)
    const loggingIn = this.#loggingIn
    try {
      return (await loggingIn).answer
    } catch (error) {
      if (this.#loggingIn === loggingIn) this.#loggingIn = undefined
      throw error
    }
  }

  /**
   * Visits once; logs in before if that is to be done.
   * @param headers for the first request that counts
   * @param fits which of the numbers that the answer can mean is right
   * @throws RequestFailed; LoggedOut if the app asks for a login; CouldNotRun if the count is no whole number
   */
  async visit(
    headers: Record<string, string> = {},
    options: SendOptions = {},
    fits: Fits = () => true,
  ): Promise<Visited> {
    const { answer, requests } = await this.visitUnread(headers, options)
    const instance = this.#route.instanceIn(answer)
    const count = this.#route.countIn(answer)
    if (count === undefined) throw new RequestFailed('wrong answer', { instance, cause: answer.body })
    const { numbers } = count
    return {
      answer,
      number: this.#chosen(count, fits, answer),
      numbers,
      instance,
      readAfterwards: requests > 1,
    }
  }

  /** Visits once, whatever the answer counts. @throws RequestFailed; LoggedOut if the app asks for a login */
  async visitUnread(
    headers: Record<string, string> = {},
    options: SendOptions = {},
  ): Promise<{ answer: Answer; requests: number }> {
    await this.login()
    return this.#run(this.#route.journey.visit, options, true, headers)
  }

  /**
   * Reads the number without counting.
   * @param fits which of the numbers that the answer can mean is right
   * @returns undefined if the app has no such session
   * @throws RequestFailed; CouldNotRun if the count is no whole number
   */
  async read(fits: Fits = () => true): Promise<number | undefined> {
    const { read } = this.#route.journey
    if (!read) throw new TypeError('the journey cannot read')
    try {
      const { answer } = await this.#run(read, { keepsCookies: () => false }, true)
      const count = this.#route.storedIn(answer)
      if (count === undefined) throw new RequestFailed('wrong answer', { cause: answer.body })
      return this.#chosen(count, fits, answer)
    } catch (error) {
      if (error instanceof LoggedOut || (error instanceof RequestFailed && /^(404|410)$/.test(error.reason)))
        return undefined
      throw error
    }
  }

  /** @throws RequestFailed */
  async logout(): Promise<Answer> {
    const { logout } = this.#route.journey
    if (!logout) throw new TypeError('the journey cannot log out')
    const steps = stepsOf(logout)
    const before = steps.slice(0, -1)
    if (before.length > 0) await this.#run(before, {}, false)
    const { answer } = await this.#run(steps.slice(-1), { keepsCookies: () => false, follows: false }, false)
    return answer
  }

  async #run(
    steps: Steps,
    options: SendOptions,
    needsLogin: boolean,
    headers: Record<string, string> = {},
  ): Promise<{ answer: Answer; requests: number }> {
    let requests = 0
    let answer: Answer | undefined
    for (const step of stepsOf(steps)) {
      try {
        answer = await this.visitor.send(this.#outgoing(step, headers), {
          ...options,
          hadTurn: options.hadTurn === true && requests === 0,
        })
        requests += 1 + answer.redirects
        this.#judge(step, answer, needsLogin, options.follows !== false)
        this.#take(step, answer)
      } catch (error) {
        if (error instanceof RequestFailed) error.step ??= step
        throw error
      }
    }
    if (!answer) throw new TypeError('no step')
    return { answer, requests }
  }

  #chosen({ text, numbers: [likeliest, ...others] }: Count, fits: Fits, { body }: Answer): number {
    if (likeliest === undefined)
      throw new CouldNotRun(
        `an answer says ${plainText(text, 60)}, which is no whole number: --number must point at the count of the session. The text that was read: ${this.#route.excerpt(body)}`,
      )
    return [likeliest, ...others].find(fits) ?? likeliest
  }

  #take({ take = {} }: Step, answer: Answer): void {
    for (const [name, where] of Object.entries(take)) {
      const value = textOf(this.#route.taken(where, answer)) ?? this.#cookieAt(where, answer.path)
      if (value === undefined) throw new RequestFailed(`no ${name} at ${where}`, { cause: answer.body })
      this.#variables.set(name, value)
    }
  }

  #judge(step: Step, answer: Answer, needsLogin: boolean, follows: boolean): void {
    const { status } = answer
    const instance = this.#route.instanceIn(answer)
    const { loginPath } = this.#route
    const isLogin =
      answer.redirects > 0 &&
      loginPath !== undefined &&
      answer.path.split('?', 1)[0] === loginPath.split('?', 1)[0]
    if (needsLogin && (isLogin || (loginPath !== undefined && (status === 401 || status === 403))))
      throw new LoggedOut(isLogin ? 'logged out' : `${status}`, { instance })
    const right = step.expect
      ? step.expect.includes(status)
      : status >= 200 && status <= (follows ? 299 : 399)
    if (right) return
    const after = answer.redirects > 0 ? ` after a redirect to ${answer.path.split('?', 1)[0]}` : ''
    const more = step.expect ? `${after}, not ${step.expect.join(' or ')}` : after
    const retryAfterMs = retryAfterOf(answer.headers['retry-after'])
    throw new RequestFailed(`${status}`, { instance, cause: answer.body, more, retryAfterMs })
  }

  /** A cookie that an earlier answer set. */
  #cookieAt(where: string, path: string): string | undefined {
    const [, name] = /^cookie:(.+)$/.exec(where) ?? []
    return name === undefined ? undefined : textOf(decoded(this.visitor.cookie(name.trim(), path)))
  }

  #outgoing(step: Step, extra: Record<string, string>): Outgoing {
    const { method } = endpointOf(step)
    const own = this.#filledAll(step.headers ?? {}, (text) => text)
    const lower = Object.entries(own).map(([name, value]) => [name.toLowerCase(), value])
    const headers: Record<string, string> = { ...Object.fromEntries(lower), ...extra }
    const path = this.#filled(this.#route.pathOf(step), encodeURIComponent)
    if (step.form) {
      const body = new URLSearchParams(this.#filledAll(step.form, (text) => text)).toString()
      return {
        method,
        path,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body,
      }
    }
    if (step.json !== undefined) {
      const body = this.#filled(JSON.stringify(step.json), (text) => JSON.stringify(text).slice(1, -1))
      return { method, path, headers: { 'content-type': 'application/json', ...headers }, body }
    }
    return {
      method,
      path,
      headers,
      ...(step.body !== undefined && { body: this.#filled(step.body, (text) => text) }),
    }
  }

  #filledAll(texts: Readonly<Record<string, string>>, encoded: (text: string) => string) {
    return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, this.#filled(text, encoded)]))
  }

  #filled(text: string, encoded: (text: string) => string): string {
    if (!text.includes('{{')) return text
    return text.replace(/\{\{\s*([\w.-]+)\s*\}\}/g, (_, name: string) => {
      const value =
        name === 'uuid'
          ? randomUUID()
          : name.startsWith('env.')
            ? process.env[name.slice(4)]
            : this.#variables.get(name)
      if (value === undefined)
        throw new RequestFailed(
          name.startsWith('env.')
            ? `the environment variable ${name.slice(4)} is not set`
            : `{{${name}}} has no value`,
        )
      return encoded(value)
    })
  }
}
