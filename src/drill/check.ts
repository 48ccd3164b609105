// Before the load: a few visits at rest, which say whether the sessions of this app can be judged.
import { setTimeout as sleep } from 'node:timers/promises'
import { CouldNotRun } from './could-not-run.js'
import { isAlive } from './destroy.js'
import { Connection, type ConnectionOptions } from './http/connection.js'
import { explained, mayPass, RequestFailed, reasonOf, told, waitAfter } from './http/failure.js'
import { type Answer, type Target, Visitor } from './http/visitor.js'
import { AppSession, Route, type Visited } from './journey/app-session.js'
import { findNumber } from './journey/find-number.js'
import { endpointOf, type Journey, type Step, stepsOf } from './journey/journey.js'
import { excerptWithout, secretsOf } from './journey/secrets.js'
import { readerOf, textOf } from './journey/where.js'
import { plainText } from './plain-text.js'
import type { Plan } from './plan.js'

/** What a check found out about an app. */
export interface Found {
  journey: Journey
  base: string
  /** The number that a new session's first visit gets. */
  first: number
  /** The cookie that makes the count go on; undefined if none does, or it is not known which. */
  sessionCookie: string | undefined
  /** All cookies that the app has set. */
  cookies: { name: string; needed: boolean }[]
  /** At rest, each visit begins another session: the instances don't share them. */
  restarts: boolean
  /** How a visit with the cookies of a destroyed session fails at rest, if it does and that is no status. */
  refusal: string | undefined
  /** The status of a logout that destroys a session although it is an error. */
  logoutStatus: string | undefined
  /** What was found, a line each, for a person. */
  lines: readonly [name: string, text: string][]
}

const TRIES = 10
const VISITS = 3
/** More than most fleets have instances. */
const LOOKS = 30
const MOST_COOKIES = 30

/**
 * Visits, reads and destroys at rest, as two browsers.
 * @throws CouldNotRun when the sessions cannot be judged; it says why, and which option helps
 */
export async function check(plan: Plan, target: Target, options: ConnectionOptions): Promise<Found> {
  const connection = new Connection(plan.url.origin, options)
  try {
    try {
      const guess = plan.fallback !== undefined
      return await new Check(plan, plan.journey, plan.base, guess, target, connection).run()
    } catch (error) {
      if (!plan.fallback || !(error instanceof NoNumber)) throw error
      return await new Check(plan, plan.fallback, '', false, target, connection).run()
    }
  } finally {
    await connection.close()
  }
}

class NoNumber extends CouldNotRun {}

class Check {
  readonly #plan: Plan
  readonly #guess: boolean
  readonly #target: Target
  readonly #connection: Connection
  readonly #base: string
  readonly #journey: Journey
  readonly #knowsNumber: boolean
  readonly #secrets: readonly string[]
  readonly #lines: [string, string][] = []
  #refusal: string | undefined
  #logoutStatus: string | undefined

  /** @param guess whether the app may be another one than the journey is for */
  constructor(
    plan: Plan,
    journey: Plan['journey'],
    base: string,
    guess: boolean,
    target: Target,
    connection: Connection,
  ) {
    this.#plan = plan
    this.#guess = guess
    this.#target = target
    this.#connection = connection
    this.#base = base
    this.#knowsNumber = journey.number !== undefined
    this.#secrets = secretsOf(journey)
    this.#journey = { ...journey, number: journey.number ?? '/' }
  }

  async run(): Promise<Found> {
    const journey = this.#knowsNumber ? this.#journey : await this.#withNumber()
    const route = new Route(journey, this.#base)
    const what = this.#named(journey.visit)
    const { session, visited } = await this.#begin(route, what)
    const { answer } = visited
    // Any app may answer with some /visits; asked for nothing, only our own counter is read and destroyed as such.
    if (this.#guess && visited.instance === undefined) throw new NoNumber(`${what}: not the counter`)
    const stranger = await this.#begin(route, what)
    // What stands after a number may look like a part of it: what both visitors read, and what goes on, is the count.
    const alike = visited.numbers.filter((number) => stranger.visited.numbers.includes(number))
    if (alike.length === 0)
      throw new CouldNotRun(
        `${what} counts, but not in sessions: one new visitor was number ${visited.number}, the next number ${stranger.visited.number}. --number must point at the count of a visitor's own session`,
      )
    const path = route.visitPath
    const names = session.visitor.cookieNames(path)
    const wanted = journey.cookie
    this.#cookiesMakeSense(what, session, path, wanted)

    const before = names.map((name) => session.visitor.cookie(name, path))
    const asItWas = session.copy()
    const second = await this.#attempt(what, () => session.visit())
    const first = alike.find((number) => second.numbers.includes(number + 1)) ?? alike[0] ?? visited.number
    const secondNumber = second.numbers.includes(first + 1) ? first + 1 : second.number
    const changed = names.some((name, index) => session.visitor.cookie(name, path) !== before[index])
    const restarts = secondNumber === first && changed && (await this.#goesOnElsewhere(asItWas, first))
    await this.#describeLogin(session)
    if (!restarts && secondNumber !== first + 1)
      throw new CouldNotRun(
        `${what}: one browser's first two visits are number ${first} and ${secondNumber}. ${secondNumber <= first ? `The session does not go on although its cookies were sent back (${names.join(', ') || 'none'}), or the number at ${journey.number} is not its count${refusedWords(session)}` : 'Each visit must add exactly one'}. The text that was read: ${this.#excerpt(second.answer.body)}`,
      )
    this.#lines.push([
      'visit',
      `${what}: ${answer.status}, number ${first}, then ${secondNumber} (${journey.number})`,
    ])
    const cookies = restarts
      ? names.map((name) => ({ name, needed: false }))
      : await this.#neededCookies(session, names, secondNumber)
    const sessionCookie = wanted ?? sessionCookieOf(cookies, session, path)
    this.#describe(answer, second, cookies, sessionCookie, restarts)
    if (!restarts) {
      await this.#readAgrees(route, session)
      await this.#destroyDestroys(route, first)
    }
    if (this.#connectionProxy) this.#lines.push(['proxy', this.#connectionProxy])
    return {
      journey,
      base: this.#base,
      first,
      sessionCookie,
      cookies,
      restarts,
      refusal: this.#refusal,
      logoutStatus: this.#logoutStatus,
      lines: this.#lines,
    }
  }

  #excerpt(body: string): string {
    return excerptWithout(body, this.#secrets)
  }

  get #connectionProxy(): string | undefined {
    return this.#connection.proxy?.replace(/\/\/[^@/]*@/, '//')
  }

  /** Finds the number in the answers to the visits themselves. */
  async #withNumber(): Promise<Journey> {
    const route = new Route(this.#journey, this.#base)
    const what = this.#named(this.#journey.visit)
    const texts: Answer[] = []
    const session = this.#session(route)
    for (let visit = 0; visit < VISITS; visit++)
      texts.push((await this.#attempt(what, () => session.visitUnread())).answer)
    const { answer } = await this.#attempt(what, () => this.#session(route).visitUnread())
    const number = findNumber(texts, answer)
    const { visitor } = session
    const setsCookies = visitor.refused.length > 0 || visitor.cookiesElsewhere(route.visitPath).length > 0
    if (number === undefined && setsCookies) this.#cookiesMakeSense(what, session, route.visitPath)
    if (number === undefined)
      throw new CouldNotRun(
        `${what}: no number goes up by one with each visit of a browser; --number says where the count is, --visit what counts${this.#seen(session, route)}. The text that was read: ${this.#excerpt(texts.at(-1)?.body ?? '')}`,
      )
    return { ...this.#journey, number }
  }

  /**
   * A visit that is number one again with another cookie: is the session somewhere else, as with sessions in the memory
   * of each instance, or is that number no count at all? With the cookies as they were, the balancer comes to where the
   * session is.
   */
  async #goesOnElsewhere(asItWas: AppSession, first: number): Promise<boolean> {
    for (let look = 0; look < LOOKS; look++) {
      const { numbers } = await asItWas.visit({}, { keepsCookies: () => false })
      if (numbers.includes(first + 1)) return true
    }
    return false
  }

  async #begin(route: Route, what: string): Promise<{ session: AppSession; visited: Visited }> {
    return this.#attempt(what, async () => {
      const session = this.#session(route)
      return { session, visited: await session.visit() }
    })
  }

  #session(route: Route): AppSession {
    return new AppSession(route, new Visitor(this.#target, this.#connection), 0, this.#target.publicOrigin)
  }

  /** Tries again after a failure that may pass: an app may still be starting. A server that isn't there ends it soon. */
  async #attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
    let reason = ''
    let more = ''
    let text = ''
    let step: object | undefined
    let waitMs = 0
    for (let attempt = 0; attempt < TRIES; attempt++) {
      try {
        if (waitMs > 0) await sleep(waitMs)
        return await work()
      } catch (error) {
        if (!(error instanceof RequestFailed)) throw error
        reason = reasonOf(error)
        more = error.more
        text = typeof error.cause === 'string' ? error.cause : ''
        step = error.step
        if (reason === 'wrong answer')
          throw new NoNumber(
            `${what}: no number at ${this.#journey.number}; --number says where the count is. The text that was read: ${this.#excerpt(text)}`,
          )
        if (!mayPass(reason) || !/^(reset|timeout|body incomplete|5\d\d|429|not HTTP)$/.test(reason)) break
        if (reason === 'timeout' || reasonOf(error.cause) === 'timeout') break
        waitMs = waitAfter(error)
      }
    }
    const read = text === '' ? '' : `. The text that was read: ${this.#excerpt(text)}`
    const login = stepsOf(this.#journey.login ?? []).find((one) => one === step)
    if (login) throw new CouldNotRun(`the login fails: ${this.#named(login)}: ${reason}${more}${read}`)
    const error = /^4\d\d$/.test(reason) && this.#guess ? NoNumber : CouldNotRun
    throw new error(`${what}: ${explained(reason)}${more}${read}`)
  }

  #cookiesMakeSense(what: string, session: AppSession, path: string, wanted?: string): void {
    const { visitor } = session
    const names = visitor.cookieNames(path)
    if (wanted !== undefined && !names.includes(wanted))
      throw new CouldNotRun(
        `${what}: no cookie ${wanted} was set${names.length > 0 ? `; there are ${names.join(', ')}` : ''}${refusedWords(session)}`,
      )
    // With a login, a token that it gave may be the session.
    if (names.length > 0 || (this.#journey.login && visitor.refused.length === 0)) return
    const [elsewhere] = visitor.cookiesElsewhere(path)
    throw new CouldNotRun(
      visitor.refused.length > 0
        ? `${what}${refusedWords(session).replace(';', ':')}`
        : elsewhere
          ? `${what}: no cookie is sent there; the cookie ${elsewhere.name} is for ${elsewhere.path}`
          : `${what}: no cookie was set, so there is no session`,
    )
  }

  #seen(session: AppSession, route: Route): string {
    const names = session.visitor.cookieNames(route.visitPath)
    return names.length > 0 ? `; cookies seen: ${names.join(', ')}` : '; no cookie was set'
  }

  async #neededCookies(session: AppSession, names: readonly string[], last: number) {
    if (names.length === 0) return []
    if (names.length === 1) return [{ name: names[0] ?? '', needed: true }]
    const cookies: { name: string; needed: boolean }[] = []
    let number = last
    for (const name of names.slice(0, MOST_COOKIES)) {
      // A refusal is no answer to the question: a CSRF cookie is needed, too, but holds no session.
      const without = await session
        .copy(name)
        .visit()
        .catch(() => undefined)
      const goesOn = without?.numbers.includes(number + 1) === true
      if (goesOn) number++
      cookies.push({ name, needed: !goesOn })
    }
    return cookies
  }

  async #readAgrees(route: Route, session: AppSession): Promise<void> {
    const { read } = route.journey
    if (!read) {
      this.#lines.push(['read', 'by one visit more; --read counts nothing'])
      return
    }
    const what = this.#named(read)
    const { number, numbers } = await this.#attempt(this.#named(route.journey.visit), () => session.visit())
    const stored = await this.#attempt(what, () => session.read((one) => numbers.includes(one)))
    if (stored === undefined || !numbers.includes(stored))
      throw new CouldNotRun(
        `${what} says ${stored ?? 'that there is no session'} after a visit that was number ${number}: it must read the same count, and not count`,
      )
    this.#lines.push(['read', `${what}: ${stored}`])
  }

  /** The control experiment: nothing else happens, so a destroyed session must be gone. */
  async #destroyDestroys(route: Route, first: number): Promise<void> {
    const { logout } = route.journey
    if (!logout) {
      this.#lines.push(['destroy', 'not tried; --logout names what destroys a session'])
      return
    }
    if (this.#plan.destroy === 0) return
    const [last = { get: '/' }] = stepsOf(logout).slice(-1)
    const what = this.#named(last)
    const { session } = await this.#begin(route, this.#named(route.journey.visit))
    await this.#attempt(this.#named(route.journey.visit), () => session.visit())
    const old = session.copy()
    const { status, body, failure } = await this.#loggedOut(session)
    const fails = `${what}, which should destroy a session, fails: ${told(failure)}; --logout 'METHOD /path' names another, --destroy 0 leaves it out`
    if (failure !== undefined && !/^4\d\d$/.test(status)) throw new CouldNotRun(fails)
    const alive = await isAlive(old, first, 2).catch((error: unknown) => {
      if (failure !== undefined) throw new CouldNotRun(fails)
      // At rest, a page without a number is the app's way to say that there is no session.
      this.#refusal = reasonOf(error)
      if (this.#refusal === 'wrong answer') return false
      throw new CouldNotRun(
        `${what} at rest leaves a session of which nobody can tell whether it is gone: its old cookie is answered with ${reasonOf(error)}`,
      )
    })
    if (alive)
      throw new CouldNotRun(
        failure !== undefined
          ? fails
          : `${what} does not destroy a session: it answers ${status}, and at rest the session still counts with its old cookie. --logout 'METHOD /path' names what destroys it, --destroy 0 leaves it out. The text that was read: ${this.#excerpt(body)}`,
      )
    if (failure !== undefined) this.#logoutStatus = status
    this.#lines.push(['destroy', `${what}: ${status}, and the session is gone`])
  }

  /** Some apps answer a logout with 401: whether the session is gone is what counts. */
  async #loggedOut(session: AppSession): Promise<{ status: string; body: string; failure?: unknown }> {
    for (let attempt = 1; ; attempt++) {
      try {
        const { status, body } = await session.logout()
        return { status: String(status), body }
      } catch (failure) {
        const waitMs = failure instanceof RequestFailed ? waitAfter(failure) : 0
        if (waitMs === 0 || attempt === TRIES) return { status: reasonOf(failure), body: '', failure }
        await sleep(waitMs)
      }
    }
  }

  /** A refused login often looks as a right one does: 200, and a page. */
  async #describeLogin(session: AppSession): Promise<void> {
    const answer = await session.login()
    const [form, ...others] = stepsOf(this.#journey.login ?? [])
    const last = others.at(-1) ?? form
    if (!answer || !form || !last) return
    const to = answer.redirects > 0 ? `, to ${withoutValues(answer.path)}` : ''
    const [path] = answer.path.split('?', 1)
    const again =
      last !== form &&
      path === this.#base + endpointOf(form).path &&
      Object.values(form.take ?? {}).some((where) => readerOf(where)?.(answer) !== undefined)
    const refused = again ? ': the login form again. Was it refused?' : ''
    this.#lines.push(['login', `${this.#named(last)}: ${answer.status}${to}${refused}`])
  }

  #describe(
    answer: Answer,
    { answer: second, readAfterwards }: Visited,
    cookies: Found['cookies'],
    sessionCookie: string | undefined,
    restarts: boolean,
  ): void {
    const others = cookies.filter(({ name }) => name !== sessionCookie)
    const note = restarts ? '; each visit begins another session, even at rest' : ''
    const none = cookies.length === 0 ? 'no cookie; the login gives it' : 'no cookie makes the count go on'
    this.#lines.push(['session', `${sessionCookie ?? none}${note}`])
    if (others.length > 0)
      this.#lines.push([
        'cookies',
        others.map(({ name, needed }) => `${name}${needed ? ' (needed)' : ''}`).join(', '),
      ])
    this.#lines.push([
      'redirects',
      readAfterwards
        ? `${second.redirects}, to ${withoutValues(second.path)}: the number is read after the visit`
        : 'none',
    ])
    this.#lines.push(['encoding', String(answer.headers['content-encoding'] ?? 'none')])
    this.#lines.push(['instance', this.#instanceLine(answer)])
  }

  #instanceLine(answer: Answer): string {
    const { instance } = this.#journey
    const known = instance === undefined ? undefined : textOf(readerOf(instance)?.(answer))
    if (known !== undefined) return `${plainText(known)} (${instance})`
    const header = INSTANCE_HEADERS.find((name) => answer.headers[name] !== undefined)
    return header === undefined
      ? 'not known; --instance says where an answer names it'
      : `not known; --instance header:${header} may tell (${plainText(String(answer.headers[header]))})`
  }

  /** With variables as the journey has them: their values may be secrets, and a report may be published. */
  #named(steps: Step | readonly Step[]): string {
    const [last = { get: '/' }] = (Array.isArray(steps) ? steps : [steps as Step]).slice(-1)
    const { method, path } = endpointOf(last)
    return `${method} ${this.#target.origin}${this.#base}${path}`
  }
}

const INSTANCE_HEADERS = [
  'x-instance',
  'x-instance-id',
  'x-served-by',
  'x-pod-name',
  'x-pod',
  'x-hostname',
  'x-backend',
]

function sessionCookieOf(cookies: Found['cookies'], session: AppSession, path: string): string | undefined {
  const needed = cookies.filter((cookie) => cookie.needed).map(({ name }) => name)
  const express = needed.find((name) => /^s(:|%3A)/i.test(session.visitor.cookie(name, path)))
  return express ?? needed[0]
}

function refusedWords({ visitor: { refused } }: AppSession): string {
  const [cookie] = refused
  if (!cookie) return ''
  const insecure = /Secure, and/.test(cookie.why)
  const help = insecure
    ? "; use https:, or --header 'X-Forwarded-Proto: https' if the app trusts its proxy"
    : ''
  return `; a browser would not keep the cookie ${cookie.name}: ${cookie.why}${help}`
}

/** A query may hold a token. */
function withoutValues(path: string): string {
  return path.replace(/=[^&]+/g, '=…')
}
