/** What a browser does for sessions: keeps the cookie `connect.sid` and sends it along. */
export class CookieJar {
  cookie = ''

  /** fetch with this jar's cookie; JSON unless the headers say otherwise. */
  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (this.cookie) headers.set('Cookie', this.cookie)
    const response = await fetch(url, { ...init, headers })
    for (const line of response.headers.getSetCookie()) {
      if (line.startsWith('connect.sid=')) this.cookie = line.split(';')[0] ?? ''
    }
    return response
  }

  /** GET and parse; throws for anything but success. */
  async json<T = Record<string, unknown>>(url: string, init?: RequestInit): Promise<T> {
    const response = await this.fetch(url, init)
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }
}
