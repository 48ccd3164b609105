// One column of the story: a counter with one store, its picture, its count and what came out.
import type { StoreName } from '../../config/store-names.js'
import type { Instance, LiveInstance } from '../../instances/instance.js'
import { type Verdict, verdict } from '../parts/figures.js'
import { type Html, html } from '../parts/html.js'
import { grouped } from '../parts/words.js'
import { type CountedVisit, CounterClient, pause, type StoredSession } from './counter-client.js'
import type { Experiment, Lab } from './experiments.js'
import { Stage } from './stage.js'

const LOOK_EVERY_MS = 500
const LOOKS = 20

export class StoryColumn implements Lab {
  readonly #place: HTMLElement
  readonly #client: CounterClient
  readonly #verdicts = new Map<string, Verdict>()
  #stage: Stage | undefined
  store: StoreName
  visits: number | null = null

  /** A store that runs beside; without one, the store in use with the visitor's own session. */
  constructor(place: HTMLElement, beside: StoreName | undefined) {
    this.#place = place
    this.store = beside ?? 'exact'
    const listener = {
      trouble: () => {},
      store: (store: StoreName) => {
        this.store = store
      },
    }
    this.#client = new CounterClient(listener, beside ? `/beside/${beside}` : '')
    place.innerHTML =
      html`<h3><span class="name">${beside ?? ''}</span> <span class="count"></span></h3><div class="picture"></div><div class="now"></div><ul class="verdicts"></ul>`.markup
  }

  get instances(): readonly Instance[] {
    return this.#stage?.live ?? []
  }

  /** Makes the first visit, which starts the instances where they don't run yet, and waits until all have been seen. */
  async open(): Promise<void> {
    const first = await this.#client.visit()
    const { visits, instance, store } = first
    let instances: readonly LiveInstance[] = []
    for (let look = 0; look < LOOKS; look++) {
      const before = instances.length
      instances = (await this.#client.instances()).instances ?? []
      if (instances.length > 1 && instances.length === before) break
      await pause(LOOK_EVERY_MS)
    }
    this.#find('.name').textContent = store
    this.#stage = new Stage(this.#find('.picture'), { visits, trail: [], instance, store, instances })
    this.#counted(first)
  }

  async run(title: string, experiment: Experiment): Promise<void> {
    await this.#look()
    const outcome = await experiment(this, (progress) => this.#show('.now', progress))
    this.#verdicts.set(title, outcome.verdict)
    this.#show('.now', html`${verdict(outcome.verdict)}${outcome.body}`)
    await this.#look()
  }

  /** Takes away what the last step came to. */
  clear(): void {
    this.#show('.now', html``)
    this.#show('.verdicts', html``)
  }

  /** Shows what all steps came to. */
  sumUp(): void {
    this.clear()
    const lines = [...this.#verdicts].map(([title, one]) => html`<li><b>${title}</b>${verdict(one)}</li>`)
    this.#show('.verdicts', html`${lines}`)
  }

  async visit(): Promise<CountedVisit> {
    const answer = await this.#client.visit()
    this.#counted(answer)
    return answer
  }

  async stored(): Promise<StoredSession | null> {
    const stored = await this.#client.stored()
    if (stored) this.#showCount(stored.visits)
    return stored
  }

  async end(): Promise<void> {
    await this.#client.end()
    this.visits = null
  }

  async endInstance(mode: 'kill' | 'graceful'): Promise<Instance | undefined> {
    const ended = await this.#client.endInstance(mode)
    if (ended) this.#stage?.left(ended)
    return ended
  }

  async #look(): Promise<void> {
    const { instances } = await this.#client.instances()
    if (instances) this.#stage?.show(instances)
  }

  #counted({ visits, instance, store }: CountedVisit): void {
    this.#stage?.answered({ visits, instance, store, trail: [] }, true)
    this.#showCount(visits)
  }

  #showCount(visits: number): void {
    this.visits = visits
    this.#find('.count').textContent = grouped(visits)
  }

  #find(selector: string): HTMLElement {
    const element = this.#place.querySelector<HTMLElement>(selector)
    if (!element) throw new Error(`the story has no ${selector}`)
    return element
  }

  #show(selector: string, { markup }: Html): void {
    this.#find(selector).innerHTML = markup
  }
}
