// The page in the browser: keeps what it shows in step with the counter's answers.
import type { StoreName } from '../../config/store-names.js'
import type { Instance } from '../../instances/instance.js'
import { TRAIL_LENGTH, type Visit } from '../../visit/trail.js'
import { EXPERIMENT_TEXTS, type ExperimentName } from '../parts/experiment-texts.js'
import { verdict } from '../parts/figures.js'
import { hero } from '../parts/hero.js'
import { type Html, html } from '../parts/html.js'
import type { PageState } from '../parts/state.js'
import { storeList } from '../parts/store-list.js'
import { trail } from '../parts/trail.js'
import { label, many } from '../parts/words.js'
import {
  type CountedVisit,
  CounterClient,
  Refused,
  type StoredSession,
  type Trouble,
} from './counter-client.js'
import { EXPERIMENTS, type Lab } from './experiments.js'
import { find } from './find.js'
import { localTime } from './local-time.js'
import { backNote, NOTHING, type Note, notes, switchNote, troubleNote, visitNote } from './notes.js'
import { Stage } from './stage.js'

/** A look at the instances that takes longer is worth a word. */
const LOOK_SLOW_MS = 2_500

export class LivePage implements Lab {
  readonly #stage: Stage
  readonly #client: CounterClient
  /** Other pages of the same browser share the session. */
  readonly #others = new BroadcastChannel('redissessions')
  #state: PageState
  #note: Note = { text: find('#notice').textContent ?? '' }
  /** Why a request of the reader waits, and what the page noticed in a request of its own. */
  #trouble: Trouble | undefined
  #noticed: Trouble | undefined
  #busy = false
  #beside: readonly StoreName[] = []

  constructor(state: PageState) {
    this.#state = state
    this.#stage = new Stage(find('#picture'), state)
    this.#client = new CounterClient({
      trouble: (trouble) => this.#tell(trouble),
      store: (store) => this.#adoptStore(store),
      beside: (stores) => {
        this.#beside = stores
      },
    })
    this.#others.onmessage = () => void this.alone(() => this.sync())
    this.#show()
    if (state.visits === 1 && !this.#note.text) void this.#checkCookie()
  }

  get store(): StoreName {
    return this.#state.store
  }

  get visits(): number | null {
    return this.#state.visits
  }

  get instances(): readonly Instance[] {
    return this.#stage.live
  }

  /** The stores that run side by side here; none unless the platform says so. */
  get beside(): readonly StoreName[] {
    return this.#beside
  }

  get inTrouble(): boolean {
    return Boolean(this.#trouble || this.#noticed)
  }

  async visit(): Promise<CountedVisit> {
    const answer = await this.#client.visit()
    const { visits, instance, at } = answer
    const step: Visit = { at, instance }
    this.#stage.redis(false)
    const steps = visits === 1 ? [step] : [...this.#state.trail, step].slice(-TRAIL_LENGTH)
    this.#update({ visits, instance, trail: steps }, true)
    this.#others.postMessage('visited')
    return answer
  }

  stored(): Promise<StoredSession | null> {
    return this.#client.stored()
  }

  async end(): Promise<void> {
    await this.#client.end()
    this.#update({ visits: null, trail: [] })
    this.#others.postMessage('ended')
  }

  async endInstance(mode: 'kill' | 'graceful'): Promise<Instance | undefined> {
    const victim = await this.#client.endInstance(mode)
    if (victim) this.#stage.left(victim)
    return victim
  }

  async visitByHand(): Promise<void> {
    const { visits: before, store } = this.#state
    try {
      const answer = await this.visit()
      const { visits, instance } = answer
      // A switch has been announced, and explains a new session.
      if (answer.store === store) this.say(visitNote(before, answer, label(instance)))
      find('#news').textContent = `${many(visits, 'visit')}, answered by instance ${label(instance)}`
      if (visits === 1 && before !== null && answer.store === store) await this.#checkCookie()
    } catch (error) {
      if (!isRefused(error, 409)) throw error
      this.#noSession()
    }
  }

  async endByHand(): Promise<void> {
    await this.end()
    this.say(notes.ended)
  }

  async renewByHand(): Promise<void> {
    await this.#client.renew()
    this.say(notes.renewed)
  }

  /** Brings the page up to what is stored: others may have visited, or ended the session. */
  async sync(): Promise<void> {
    const stored = await this.stored()
    if (stored) this.#update({ visits: stored.visits, trail: stored.trail })
    // In memory, the instance that was asked may just not be the one that knows.
    else if (this.store !== 'memory' && this.visits !== null) this.#noSession()
  }

  async experiment(name: ExperimentName): Promise<void> {
    const { store } = this
    const { button, question } = EXPERIMENT_TEXTS[name]
    const place = find('#result')
    place.dataset.experiment = name
    place.setAttribute('aria-busy', 'true')
    this.say(NOTHING)
    const show = (body: Html) => {
      place.innerHTML = html`<h2>${button} <span class="store">${store}</span></h2>${body}`.markup
    }
    show(html`<p>${question}</p>`)
    showWhole(find('#stage'))
    const outcome = await EXPERIMENTS[name](this, show)
    const switched = `The store changed from ${store} to ${this.store} in the middle of it: this run shows nothing.`
    const judged = this.store === store ? outcome.verdict : ({ kind: 'open', text: switched } as const)
    show(html`${verdict(judged)}${outcome.body}`)
    place.setAttribute('aria-busy', 'false')
    if (this.store !== 'memory' && this.visits !== null) await this.sync()
  }

  /** Looks who is alive, unless nobody looks at the page. */
  async look(): Promise<void> {
    if (document.hidden) return
    const before = this.#noticed
    // A burst takes all the connections that a browser opens: that wait is the page's own.
    const slow = setTimeout(() => this.#busy || this.#notice('slow'), LOOK_SLOW_MS)
    const { trouble, instances } = await this.#client.instances()
    clearTimeout(slow)
    if (instances) this.#stage.show(instances)
    this.#stage.redis(trouble === 'no Redis')
    // With sessions in memory nobody needs Redis.
    this.#notice(trouble === 'no Redis' && this.store === 'memory' ? undefined : trouble)
    if (before && before !== 'slow' && !this.#noticed) await this.alone(() => this.#welcomeBack())
  }

  /** One thing at a time: what a second click would start is not what either shows. */
  async alone(work: () => Promise<void>): Promise<void> {
    if (this.#busy) return
    this.#setBusy(true)
    try {
      await work()
    } catch (error) {
      if (isRefused(error, 404, 409)) this.#noSession()
      else if (error instanceof Refused)
        this.say({ text: `The counter refused: ${error.message}.`, kind: 'bad' })
      else throw error
    } finally {
      this.#setBusy(false)
    }
  }

  say(note: Note): void {
    this.#note = note
    this.#showNote()
  }

  #adoptStore(store: StoreName): void {
    const { store: before, visits } = this.#state
    if (store === before) return
    this.#update({ store })
    find('#store-list').innerHTML = storeList(store).markup
    void this.#announceSwitch(before, store, visits)
  }

  async #announceSwitch(from: StoreName, to: StoreName, before: number | null): Promise<void> {
    // In memory, the instance that is asked may just not be the one that knows.
    const stored = to === 'memory' ? null : await this.stored().catch(() => null)
    if (this.store !== to) return
    // Unless a visit has said more in the meantime.
    if (this.visits === before) this.#update({ visits: stored?.visits ?? null, trail: stored?.trail ?? [] })
    this.say(switchNote(from, to, before, stored?.visits ?? this.visits))
  }

  async #welcomeBack(): Promise<void> {
    await this.sync()
    if (this.visits !== null && this.store !== 'memory') this.say(backNote(this.visits))
  }

  #noSession(): void {
    this.#update({ visits: null, trail: [] })
    this.say(notes.endedElsewhere)
  }

  /** A first visit that left no session behind: the browser doesn't send the cookie back. */
  async #checkCookie(): Promise<void> {
    const { store } = this
    const kept = store === 'memory' ? navigator.cookieEnabled : (await this.stored()) !== null
    if (!kept && this.store === store) this.say(notes.noCookie)
  }

  #tell(trouble: Trouble | undefined): void {
    this.#trouble = trouble
    if (trouble === 'no Redis') this.#stage.redis(true)
    this.#showNote()
  }

  #notice(trouble: Trouble | undefined): void {
    this.#noticed = trouble
    this.#showNote()
  }

  #showNote(): void {
    // Why it is slow says more than that it is.
    const current =
      this.#trouble === 'slow' ? (this.#noticed ?? this.#trouble) : (this.#trouble ?? this.#noticed)
    const { text, kind } = current ? troubleNote(current) : this.#note
    const place = find('#notice')
    if (place.textContent !== text) place.textContent = text
    place.className = kind ?? ''
  }

  #setBusy(busy: boolean): void {
    this.#busy = busy
    for (const button of document.querySelectorAll('main button'))
      button.setAttribute('aria-disabled', `${busy}`)
  }

  #update(change: Partial<PageState>, pulse = false): void {
    this.#state = { ...this.#state, ...change }
    this.#stage.answered(this.#state, pulse)
    this.#show()
  }

  #show(): void {
    const { visits, trail: steps } = this.#state
    find('#hero').innerHTML = hero(this.#state).markup
    find('#trail').innerHTML = trail(steps, (at) => localTime(at, steps), this.#stage.live).markup
    document.title = `${visits === null ? 'No session' : many(visits, 'visit')} · RedisSessions`
  }
}

/** Scrolls back to an element's beginning, if that is out of view. */
function showWhole(element: HTMLElement): void {
  if (element.getBoundingClientRect().top < 0) element.scrollIntoView({ block: 'start' })
}

function isRefused(error: unknown, ...statuses: number[]): boolean {
  return error instanceof Refused && statuses.includes(error.status)
}
