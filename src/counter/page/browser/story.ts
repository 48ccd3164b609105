// "Show me": the experiments as a story that runs without a click, with two stores side by side if the platform has them.
import type { StoreName } from '../../config/store-names.js'
import { type Html, html } from '../parts/html.js'
import { burst, type Experiment, race, refresh, restart } from './experiments.js'
import { find } from './find.js'
import { StoryColumn } from './story-column.js'

/** How long an outcome is shown before the next step begins. */
const READING_MS = 5_000

interface Step {
  readonly title: string
  readonly text: string
  readonly run: Experiment
  /** One column after the other: it needs all the connections that a browser opens to one host. */
  readonly inTurn?: boolean
}

const STEPS: readonly Step[] = [
  {
    title: 'One visit after the other',
    text: 'Ten refreshes. The load balancer sends each to the next instance, and the count must carry on.',
    run: refresh,
  },
  {
    title: 'Fifty visits at once',
    text: 'Two tabs, a double click, a page with many requests: they overlap, and each must be counted.',
    run: burst,
  },
  {
    title: 'A logout while requests are in flight',
    text: 'The session is ended 20 times, each time with 5 visits on their way. It must stay ended.',
    run: race,
    inTurn: true,
  },
  {
    title: 'A restart of every instance',
    text: 'What each rollout does. The session is in Redis, so the count must carry on.',
    run: restart,
  },
]

export class Story {
  readonly #dialog: HTMLDialogElement
  readonly #stores: readonly StoreName[]
  readonly #steps: readonly Step[]
  #columns: readonly StoryColumn[] = []
  #step = 0
  #running = false
  // Whoever wants no motion steps through it.
  #playing = !matchMedia('(prefers-reduced-motion: reduce)').matches
  #next: number | undefined

  /** With no stores to compare, the story plays with the visitor's own session. */
  constructor(dialog: HTMLDialogElement, stores: readonly StoreName[], canRestart: boolean) {
    this.#dialog = dialog
    this.#stores = stores
    this.#steps = STEPS.filter(({ run }) => canRestart || run !== restart)
  }

  /** Opens the story and plays it. Resolves when it is closed. */
  async play(): Promise<void> {
    const dialog = this.#dialog
    const places = this.#stores.length > 0 ? this.#stores : ['']
    dialog.innerHTML = html`<div class="text" aria-live="polite"></div>
<div class="columns">${places.map(() => html`<section class="column"></section>`)}</div>
<div class="buttons"><button id="story-back">Back</button><button id="story-play">Pause</button><button id="story-next" class="primary">Next</button><button id="story-close">Close</button>
<span class="keys"><kbd>←</kbd> <kbd>→</kbd> step <kbd>space</kbd> play or pause <kbd>esc</kbd> close</span></div>`.markup
    const closed = new Promise((resolve) => {
      dialog.addEventListener('close', resolve, { once: true })
    })
    find('#story-back').onclick = () => this.#go(this.#step - 1)
    find('#story-next').onclick = () => this.#go(this.#step + 1)
    find('#story-play').onclick = () => this.#toggle()
    find('#story-close').onclick = () => dialog.close()
    dialog.onkeydown = (event) => this.#press(event)
    this.#showPlaying()
    dialog.showModal()
    void this.#begin()
    await closed
    clearTimeout(this.#next)
    this.#playing = false
  }

  async #begin(): Promise<void> {
    const places = [...this.#dialog.querySelectorAll<HTMLElement>('.column')]
    const side = this.#stores.length > 0
    this.#tell(
      side ? 'One app, two session stores' : 'One counter, four experiments',
      side
        ? 'Both columns run the same counter behind the same load balancer. Only the store of the sessions differs. Starting the instances…'
        : 'They use this browser’s own session, and the third one ends it.',
    )
    this.#columns = places.map((place, turn) => new StoryColumn(place, this.#stores[turn]))
    await this.#whileRunning(async () => {
      await Promise.all(this.#columns.map((column) => column.open()))
    })
    this.#step = -1
    this.#later()
    if (!this.#playing) this.#go(0)
  }

  #go(step: number): void {
    if (this.#running || !this.#dialog.open || step < 0) return
    clearTimeout(this.#next)
    this.#step = Math.min(step, this.#steps.length)
    const current = this.#steps[this.#step]
    if (current) void this.#run(current)
    else this.#end()
  }

  async #run({ title, text, run, inTurn }: Step): Promise<void> {
    this.#tell(`${this.#step + 1}. ${title}`, text)
    await this.#whileRunning(async () => {
      for (const column of this.#columns) column.clear()
      if (inTurn) for (const column of this.#columns) await column.run(title, run)
      else await Promise.all(this.#columns.map((column) => column.run(title, run)))
    })
    this.#later()
  }

  #end(): void {
    this.#playing = false
    this.#showPlaying()
    this.#tell(
      'What you have seen',
      'The same visits, counted by the same code. What each store made of them:',
    )
    for (const column of this.#columns) column.sumUp()
  }

  async #whileRunning(work: () => Promise<void>): Promise<void> {
    this.#setRunning(true)
    try {
      await work()
    } catch (error) {
      this.#tell('This did not work', error instanceof Error ? error.message : `${error}`)
      this.#playing = false
    } finally {
      this.#setRunning(false)
    }
  }

  #later(): void {
    if (this.#playing && this.#dialog.open)
      this.#next = setTimeout(() => this.#go(this.#step + 1), this.#step < 0 ? 1_500 : READING_MS)
  }

  #toggle(): void {
    this.#playing = !this.#playing
    clearTimeout(this.#next)
    this.#showPlaying()
    if (this.#playing && !this.#running) this.#go(this.#step >= this.#steps.length ? 0 : this.#step + 1)
  }

  #press(event: KeyboardEvent): void {
    if (event.key === 'ArrowRight') this.#go(this.#step + 1)
    else if (event.key === 'ArrowLeft') this.#go(this.#step - 1)
    else if (event.key === ' ' && !(event.target instanceof HTMLButtonElement)) this.#toggle()
    else return
    event.preventDefault()
  }

  #tell(title: string, text: string): void {
    this.#show('.text', html`<h2 id="story-title">${title}</h2><p>${text}</p>`)
  }

  #show(selector: string, { markup }: Html): void {
    const place = this.#dialog.querySelector(selector)
    if (place) place.innerHTML = markup
  }

  #setRunning(running: boolean): void {
    this.#running = running
    this.#dialog.setAttribute('aria-busy', `${running}`)
    for (const id of ['#story-back', '#story-next']) find(id).setAttribute('aria-disabled', `${running}`)
  }

  #showPlaying(): void {
    find('#story-play').textContent = this.#playing ? 'Pause' : 'Play'
  }
}
