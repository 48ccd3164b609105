// The picture of the path of a request.
import type { LiveInstance } from '../../instances/instance.js'
import { type Html, html } from './html.js'
import { type Frame, layout, type Slot, type Span, TALL, WIDE } from './layout.js'
import type { PageState } from './state.js'
import { colour, grouped, label, many } from './words.js'

/** An instance in the picture; one that has left stays for a moment, so that people see which. */
export interface Drawn extends LiveInstance {
  readonly gone?: boolean
  readonly fresh?: boolean
}

export interface Scene extends Pick<PageState, 'visits' | 'instance' | 'store'> {
  readonly instances: readonly Drawn[]
  readonly redisAway: boolean
  /** How many of the last visits met one instance only, though others are alive; 0: they alternate. */
  readonly pinned: number
}

/** The path of a request: browser, load balancer, instances, Redis; lying and standing, the style shows the one that fits. */
export function picture(scene: Scene): Html {
  return html`${[WIDE, TALL].map((frame) => drawing(frame, scene))}`
}

function drawing(frame: Frame, scene: Scene): Html {
  const { name, along } = frame
  const { slots, thickness, across } = layout(frame, scene.instances.length)
  const pen = new Pen(frame, across / 2)
  const [width, height] = name === 'wide' ? [740, across] : [across, 302]
  const lit = scene.instances.some(({ id }) => id === scene.instance.id) && ' lit'
  const each = (draw: (instance: Drawn, slot: Slot) => Html) =>
    scene.instances.map((instance, turn) => draw(instance, slots[turn] as Slot))
  return html`<svg class="${name}${scene.pinned > 0 && ' pinned'}" viewBox="0 0 ${round(width)} ${round(height)}" role="img" aria-label="${inWords(scene)}">
<path class="entrance way${lit} ${colour(scene.instance)}" d="${pen.entrance()}"/>
${each((one, slot) => html`<path class="way ${classes(one, scene)}" data-id="${one.id}" d="${pen.way(slot, scene.store === 'memory')}"/>`)}
<g class="pulses"></g>
<g class="browser"><rect ${pen.box(along.browser, pen.middle, name === 'wide' ? 76 : 100)} rx="10"/>
${name === 'wide' ? html`<path d="M6 ${round(pen.middle - 18)}h110"/>` : html`<path d="M${round(pen.middle - 50)} 15h100"/>`}
<text y="${name === 'wide' ? 10 : 6}" transform="${pen.place(center(along.browser))}">Browser</text></g>
<g><rect ${pen.box(along.balancer, pen.middle, name === 'wide' ? 56 : 150)} rx="${name === 'wide' ? 24 : 15}"/>
<text transform="${pen.place(center(along.balancer))}">${name === 'wide' ? html`<tspan x="0" y="-9">Load</tspan><tspan x="0" y="9">balancer</tspan>` : 'Load balancer'}</text></g>
${each((one, slot) => {
  const text = label(one)
  const turned = name === 'tall' && text.length * 9 > thickness ? 'rotate(-90)' : ''
  const small = thickness < 34 && html` class="small"`
  return html`<g class="node ${classes(one, scene)}" data-id="${one.id}"><title>${title(one)}</title>
<rect ${pen.box(slot.along, slot.across, thickness)} rx="${round(Math.min(12, thickness / 3))}"/><text transform="${pen.place(center(slot.along), slot.across)}${turned}"${small}>${text}</text></g>`
})}
${redis(scene, pen.place(center(along.redis)))}
</svg>`
}

/** Turns places along and across the way into coordinates of the frame. */
class Pen {
  readonly #frame: Frame
  readonly middle: number

  constructor(frame: Frame, middle: number) {
    this.#frame = frame
    this.middle = middle
  }

  at(along: number, across = this.middle): string {
    const [x, y] = this.#frame.name === 'wide' ? [along, across] : [across, along]
    return `${round(x)} ${round(y)}`
  }

  place(along: number, across = this.middle): string {
    return `translate(${this.at(along, across)})`
  }

  box([from, to]: Span, across: number, thickness: number): Html {
    const wide = this.#frame.name === 'wide'
    const [x = '', y = ''] = this.at(from, across - thickness / 2).split(' ')
    const [width, height] = wide ? [to - from, thickness] : [thickness, to - from]
    return html`x="${x}" y="${y}" width="${round(width)}" height="${round(height)}"`
  }

  /** From the browser to the load balancer. */
  entrance(): string {
    const { browser, balancer } = this.#frame.along
    return `M${this.at(browser[1])}L${this.at(balancer[0])}`
  }

  /** From the load balancer to an instance, and on to Redis. */
  way({ along, across }: Slot, endsThere: boolean): string {
    const { balancer, instances, redis } = this.#frame.along
    const first = instances[0] - MARGIN
    const last = instances[1] + MARGIN
    const there = `M${this.at(balancer[1])}${this.#bend(balancer[1], this.middle, first, across)}L`
    if (endsThere) return there + this.at(along[0], across)
    return `${there}${this.at(last, across)}${this.#bend(last, across, redis[0], this.middle)}`
  }

  #bend(along: number, across: number, toAlong: number, toAcross: number): string {
    const half = (along + toAlong) / 2
    return `C${this.at(half, across)} ${this.at(half, toAcross)} ${this.at(toAlong, toAcross)}`
  }
}

/** Where the ways run straight, before the instances and after them. */
const MARGIN = 8

function redis({ store, redisAway, visits }: Scene, place: string): Html {
  const state = redisAway ? 'away' : store === 'memory' ? 'unused' : 'up'
  const inside =
    state === 'away' ? 'away' : state === 'unused' ? 'not used' : visits === null ? '' : grouped(visits)
  const size =
    inside.length > 9 ? ' class="small"' : state === 'up' && inside.length < 6 ? ' class="large"' : ''
  return html`<g class="redis ${state}" transform="${place}">
<path d="M-47 -30v60a47 11 0 0 0 94 0v-60"/><ellipse cy="-30" rx="47" ry="11"/>
<text y="${inside === '' ? 6 : -3}">Redis</text>${inside !== '' && html`<text y="19"${{ markup: size }}>${inside}</text>`}</g>`
}

function classes(instance: Drawn, { instance: answered }: Scene): string {
  const state = instance.gone ? ' gone' : instance.fresh ? ' fresh' : ''
  return `${colour(instance)}${instance.id === answered.id ? ' lit' : ''}${state}`
}

function title(instance: Drawn): string {
  return instance.gone ? `Instance ${label(instance)} is gone` : `Instance ${label(instance)}, ${instance.id}`
}

/** @returns what the picture shows, for those who don't see it. */
export function inWords({ instances, instance, store, redisAway, pinned }: Scene): string {
  const live = instances.filter(({ gone }) => !gone).length
  const end =
    store === 'memory'
      ? 'Redis is not used'
      : redisAway
        ? 'Redis can’t be reached'
        : 'Redis keeps the session'
  const who = pinned > 0 ? `answered the last ${pinned} visits` : 'answered last'
  return `Browser, load balancer, ${many(live, 'instance')}, Redis. Instance ${label(instance)} ${who}; ${end}.`
}

function center([from, to]: Span): number {
  return (from + to) / 2
}

function round(number: number): number {
  return Math.round(number * 10) / 10
}
