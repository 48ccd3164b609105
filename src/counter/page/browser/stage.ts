// The picture in the browser.
import type { Instance, LiveInstance } from '../../instances/instance.js'
import { type Drawn, inWords, picture, type Scene } from '../parts/picture.js'
import { pinnedVisits } from '../parts/pinned.js'
import type { PageState } from '../parts/state.js'
import { colour, grouped } from '../parts/words.js'

/** How long an instance that has left stays in the picture. */
const LEAVES_AFTER_MS = 4_000
const PULSE_MS = 900

type Answered = Pick<PageState, 'visits' | 'instance' | 'store' | 'trail'>

/** The picture on the page: drawn again when who is in it changes, lit at each answer. */
export class Stage {
  readonly #place: HTMLElement
  readonly #leftAt = new Map<string, number>()
  #scene: Scene
  #shape = ''

  constructor(place: HTMLElement, state: PageState) {
    this.#place = place
    this.#scene = { ...state, redisAway: false, pinned: pinnedVisits(state.trail, state.instances) }
    this.#shape = this.#shapeOf(this.#scene)
    if (!place.firstElementChild) place.innerHTML = picture(this.#scene).markup
  }

  /** The instances that are alive, as far as is known. */
  get live(): readonly LiveInstance[] {
    return this.#scene.instances.filter(({ gone }) => !gone)
  }

  /** Shows who is alive now. */
  show(alive: readonly LiveInstance[]): void {
    const now = Date.now()
    const instances = this.#withUnheard(alive)
    const before = new Map(this.#scene.instances.map((instance) => [instance.id, instance]))
    // One index, two instances: the older one is on its way out, or its last word is younger than its death.
    const replaced = (one: LiveInstance) =>
      one.index !== null &&
      instances.some((other) => other.index === one.index && other.startedAt > one.startedAt)
    const drawn: Drawn[] = []
    for (const instance of instances) {
      const gone = replaced(instance) || this.#leftAt.has(instance.id)
      if (!gone) drawn.push({ ...instance, fresh: !before.has(instance.id) })
      else if (before.has(instance.id)) before.set(instance.id, instance)
    }
    for (const instance of before.values()) {
      if (drawn.some(({ id }) => id === instance.id)) continue
      const left = this.#leftAt.get(instance.id) ?? now
      this.#leftAt.set(instance.id, left)
      if (now - left < LEAVES_AFTER_MS) drawn.push({ ...instance, gone: true, fresh: false })
    }
    drawn.sort(
      (a, b) => (a.index ?? 0) - (b.index ?? 0) || a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1),
    )
    this.#draw({ ...this.#scene, instances: drawn })
  }

  /** An instance without Redis knows only itself: that it names no other doesn't mean that the others have left. */
  #withUnheard(alive: readonly LiveInstance[]): readonly LiveInstance[] {
    if (this.#scene.store !== 'memory' || alive.length !== 1) return alive
    const replaced = ({ index }: LiveInstance) =>
      index !== null && alive.some((other) => other.index === index)
    return [...alive, ...this.live.filter((one) => !replaced(one))]
  }

  /** Shows that Redis doesn't answer, or does again. */
  redis(away: boolean): void {
    this.#draw({ ...this.#scene, redisAway: away })
  }

  /** Shows that an instance is gone before the others have noticed. */
  left(instance: Instance): void {
    this.#leftAt.set(instance.id, Date.now())
    this.show(this.#scene.instances)
  }

  /** Shows what was answered, and by whom; with a pulse along the way that the request took. */
  answered({ visits, instance, store, trail }: Answered, pulse: boolean): void {
    const known = this.#scene.instances.some(({ id, gone }) => id === instance.id && !gone)
    this.#leftAt.delete(instance.id)
    const pinned = pinnedVisits(trail, this.live)
    this.#scene = { ...this.#scene, visits, instance, store, pinned }
    if (!known)
      this.show([
        ...this.#scene.instances.filter(({ gone }) => !gone),
        { ...instance, startedAt: Date.now() },
      ])
    this.#draw(this.#scene)
    for (const lit of this.#place.querySelectorAll('.lit')) lit.classList.remove('lit')
    for (const entrance of this.#place.querySelectorAll('.entrance'))
      entrance.setAttribute('class', `entrance way lit ${colour(instance)}`)
    for (const part of this.#partsOf(instance)) part.classList.add('lit')
    for (const svg of this.#place.children) svg.setAttribute('aria-label', inWords(this.#scene))
    const figure =
      this.#scene.redisAway || store === 'memory' || visits === null ? undefined : grouped(visits)
    for (const text of this.#place.querySelectorAll('.redis text:last-child'))
      if (figure) text.textContent = figure
    if (pulse) this.#pulse(instance)
  }

  #pulse(instance: Instance): void {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return
    for (const part of this.#partsOf(instance)) {
      const way = part.getAttribute('d')
      if (!way) continue
      const entrance = part.parentElement?.querySelector('.entrance')?.getAttribute('d')
      const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
      path.setAttribute('class', `pulse ${colour(instance)}`)
      path.setAttribute('d', `${entrance}${way.replace('M', 'L')}`)
      path.setAttribute('pathLength', '1')
      part.parentElement?.querySelector('.pulses')?.append(path)
      setTimeout(() => path.remove(), PULSE_MS)
    }
  }

  #partsOf({ id }: Instance): SVGElement[] {
    return [...this.#place.querySelectorAll<SVGElement>('[data-id]')].filter((part) => part.dataset.id === id)
  }

  #draw(scene: Scene): void {
    this.#scene = scene
    const shape = this.#shapeOf(scene)
    if (shape === this.#shape) return
    this.#shape = shape
    this.#place.innerHTML = picture(scene).markup
  }

  // The count and the light change in place: a drawing of its own for each would cut the pulses short.
  #shapeOf({ instances, redisAway, visits, store, pinned }: Scene): string {
    const who = instances.map(({ id, gone }) => [id, gone])
    return JSON.stringify([
      who,
      redisAway,
      store === 'memory',
      pinned > 0,
      visits === null ? 0 : grouped(visits).length,
    ])
  }
}
