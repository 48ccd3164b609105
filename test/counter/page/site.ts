import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { startChromium } from '../../../scripts/lib/chromium.js'
import { type Platform, startPlatform } from '../../../src/demo/platform.js'

/** A host that is not this machine to the browser: what it grants only to localhost and to TLS, it doesn't have there. */
export const HOST = 'counter.test'

/** The page as a reader has it: four instances, a load balancer and Redis behind it, a Chromium in front. */
export class Site {
  readonly platform: Platform
  readonly #browser: Browser
  readonly #folder: string
  readonly #complaints: string[] = []

  private constructor(platform: Platform, browser: Browser, folder: string) {
    this.platform = platform
    this.#browser = browser
    this.#folder = folder
  }

  static async open(store: string, environment: Record<string, string> = {}): Promise<Site> {
    // First: where there is none, nothing else is left running.
    const browser = await startChromium(`--host-resolver-rules=MAP ${HOST} 127.0.0.1`)
    const dataFolder = mkdtempSync(join(tmpdir(), 'redissessions-page-'))
    const options = { store, instances: 4, dataFolder, port: 0, environment, say: () => {} }
    const platform = await startPlatform(options)
    return new Site(platform, browser, dataFolder)
  }

  async close(): Promise<void> {
    await this.#browser.close()
    await this.platform.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** A browser of its own, with its own cookies, at the page. */
  async visitor(options: BrowserContextOptions = {}, url = this.platform.url): Promise<Page> {
    const context = await this.#browser.newContext(options)
    // A machine may be busy: the test's own timeout comes first.
    context.setDefaultTimeout(0)
    context.on('page', (page) => this.#watch(page))
    const page = await context.newPage()
    await page.goto(url)
    return page
  }

  /** One more page of the same visitor. */
  async tab(page: Page): Promise<Page> {
    const tab = await page.context().newPage()
    await tab.goto(this.platform.url)
    return tab
  }

  /** What browsers have complained about since the last call: errors, and reports of the content security policy. */
  complaints(): string[] {
    return this.#complaints.splice(0)
  }

  #watch(page: Page): void {
    page.on('pageerror', (error) => this.#complaints.push(`${error}`))
    page.on('console', (message) => {
      // Chromium notes each answer of 4xx and 5xx, and each lost one: the page shows what they mean.
      const expected =
        /^Failed to load resource: (net::|the server responded with a status of (404|409|502|503))/
      if (['error', 'warning'].includes(message.type()) && !expected.test(message.text()))
        this.#complaints.push(message.text())
    })
  }
}

export const visits = (page: Page): Locator => page.locator('h1 strong')
export const notice = (page: Page): Locator => page.locator('#notice')

/** Presses an experiment's button and waits for what comes out. */
export async function experiment(page: Page, name: string): Promise<Locator> {
  const button = page.locator(`button[data-experiment=${name}]`)
  await button.click()
  return resultOf(page, name)
}

export async function resultOf(page: Page, name: string): Promise<Locator> {
  const result = page.locator(`#result[data-experiment=${name}][aria-busy=false]`)
  await result.waitFor()
  return result
}
