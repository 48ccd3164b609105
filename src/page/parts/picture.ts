import { type Html, html } from './html.js'
import { type Frame, layout, type Slot, TALL, WIDE } from './layout.js'
import { colour, count, type Instance, type LiveInstance, label, many, type PageState } from './state.js'

/** An instance in the picture; one that has left stays for a moment, so that people see which. */
export interface Drawn extends LiveInstance {
  readonly gone?: boolean
  readonly fresh?: boolean
}

export interface Scene extends Pick<PageState, 'visits' | 'instance' | 'store'> {
  readonly instances: readonly Drawn[]
  readonly redisAway: boolean
}

/** The way of a request: browser, load balancer, instances, Redis; lying and standing, the style shows the one that fits. */
export function picture(scene: Scene): Html {
  return html`${[WIDE, TALL].map((frame) => drawing(frame, scene))}`
}

type Point = (along: number, across: number) => string

function drawing(frame: Frame, scene: Scene): Html {
  const { instances, store } = scene
  const { slots, thickness, across } = layout(frame, instances.length)
  const wide = frame.name === 'wide'
  const { along } = frame
  const middle = across / 2
  const at: Point = (a, c) => (wide ? `${round(a)} ${round(c)}` : `${round(c)} ${round(a)}`)
  const place = (a: number, c: number) => `translate(${at(a, c)})`
  const box = (start: number, end: number, c: number, thick: number) => {
    const [x, y] = wide ? [start, c - thick / 2] : [c - thick / 2, start]
    const [width, height] = wide ? [end - start, thick] : [thick, end - start]
    return html`x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`
  }
  const inMemory = store === 'memory'
  const entrance = `M${at(along.browser[1], middle)}L${at(along.balancer[0], middle)}`
  const route = (slot: Slot) => {
    const [from, to] = slot.along
    const start = along.balancer[1]
    const end = along.redis[0]
    const [first, last] = along.instances
    const bend = (a: number, c: number, b: number, d: number) =>
      `C${at((a + b) / 2, c)} ${at((a + b) / 2, d)} ${at(b, d)}`
    const there = `M${at(start, middle)}${bend(start, middle, first - 8, slot.across)}L${at(from, slot.across)}`
    if (inMemory) return { there, on: '', through: '' }
    const on = `L${at(last + 8, slot.across)}${bend(last + 8, slot.across, end, middle)}`
    return { there, on: `M${at(to, slot.across)}${on}`, through: `L${at(to, slot.across)}${on}` }
  }
  const drawn = instances.map((instance, turn) => ({ instance, slot: slots[turn] as Slot }))
  const answered = instances.find((instance) => instance.id === scene.instance.id)
  const [width, height] = wide ? [740, across] : [across, 430]
  return html`<svg class="${frame.name}" viewBox="0 0 ${round(width)} ${round(height)}" role="img" aria-label="${inWords(scene)}">
<path class="way${answered ? ' lit' : ''} entrance ${colour(scene.instance)}" d="${entrance}"/>
${drawn.map(({ instance, slot }) => {
  const { there, on, through } = route(slot)
  return html`<path class="way ${classes(instance, scene.instance)}" data-id="${instance.id}" data-pulse="${entrance}${there.replace('M', 'L')}${through}" d="${there}${on}"/>`
})}
<g class="pulses"></g>
<g class="browser"><rect ${box(...along.browser, middle, wide ? 76 : 100)} rx="10"/>
<path d="M${wide ? `${along.browser[0]} ${round(middle - 18)}h110` : `${round(middle - 50)} ${along.browser[0] + 20}h100`}"/>
<text transform="${place(center(along.browser) + (wide ? 0 : 10), middle + (wide ? 10 : 0))}">Browser</text></g>
<g class="balancer"><rect ${box(...along.balancer, middle, wide ? 56 : 150)} rx="${wide ? 28 : 21}"/>
${wide ? html`<text transform="${place(center(along.balancer), middle - 9)}">Load</text><text transform="${place(center(along.balancer), middle + 9)}">balancer</text>` : html`<text transform="${place(center(along.balancer), middle)}">Load balancer</text>`}</g>
${drawn.map(({ instance, slot }) => {
  const [start, end] = slot.along
  const name = label(instance)
  const room = wide ? end - start : thickness
  const turned = name.length * 9 > room && !wide ? ' rotate(-90)' : ''
  return html`<g class="node ${classes(instance, scene.instance)}" data-id="${instance.id}"><title>${title(instance)}</title>
<rect ${box(start, end, slot.across, thickness)} rx="${round(Math.min(12, thickness / 3))}"/><text transform="${place((start + end) / 2, slot.across)}${turned}"${thickness < 34 && html` class="small"`}>${name}</text></g>`
})}
${redis(scene, wide ? 687 : middle, wide ? middle : 389)}
</svg>`
}

function redis({ store, redisAway, visits }: Scene, x: number, y: number): Html {
  const state = redisAway ? 'away' : store === 'memory' ? 'unused' : 'up'
  const inside =
    state === 'away' ? 'away' : state === 'unused' ? 'not asked' : visits === null ? '' : count(visits)
  const size =
    inside.length > 9 ? ' class="small"' : state === 'up' && inside.length < 6 ? ' class="large"' : ''
  return html`<g class="redis ${state}" transform="translate(${x} ${round(y)})">
<path d="M-47 -30v60a47 11 0 0 0 94 0v-60"/><ellipse cy="-30" rx="47" ry="11"/>
<text y="${inside === '' ? 6 : -3}">Redis</text>${inside !== '' && html`<text y="19"${{ markup: size }}>${inside}</text>`}</g>`
}

function classes(instance: Drawn, answered: Instance): string {
  const state = instance.gone ? ' gone' : instance.fresh ? ' fresh' : ''
  return `${colour(instance)}${instance.id === answered.id ? ' lit' : ''}${state}`
}

function title(instance: Drawn): string {
  return instance.gone ? `Instance ${label(instance)} is gone` : `Instance ${label(instance)}, ${instance.id}`
}

/** @returns what the picture shows, for those who don't see it. */
export function inWords({ instances, instance, store, redisAway }: Scene): string {
  const live = instances.filter(({ gone }) => !gone).length
  const end =
    store === 'memory' ? 'Redis is not asked' : redisAway ? 'Redis is away' : 'Redis keeps the session'
  return `Browser, load balancer, ${many(live, 'instance')}, Redis. Instance ${label(instance)} answered last; ${end}.`
}

function center([from, to]: readonly [number, number]): number {
  return (from + to) / 2
}

function round(number: number): number {
  return Math.round(number * 10) / 10
}
