import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Certificates of a test's own, made by openssl, in a folder that goes away with them. */
export class Certificates {
  readonly #folder = mkdtempSync(join(tmpdir(), 'redissessions-tls-'))

  /** Makes an authority. @returns the path of its certificate. */
  authority(name: string): string {
    const path = (end: string) => join(this.#folder, `${name}.${end}`)
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', path('key')]
    this.#openssl('req', '-x509', ...key, '-out', path('crt'), '-days', '2', '-subj', `/CN=${name}`)
    return path('crt')
  }

  /** Makes a certificate that this authority signed; with -1 days it has expired. */
  signed(name: string, authority: string, days = 2, subject = 'IP:127.0.0.1'): { cert: string; key: string } {
    const path = (end: string) => join(this.#folder, `${name}.${end}`)
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', path('key')]
    const request = ['-addext', `subjectAltName=${subject}`, '-subj', `/CN=${name}`, '-out', path('csr')]
    this.#openssl('req', ...key, ...request)
    const signer = [
      '-CA',
      join(this.#folder, `${authority}.crt`),
      '-CAkey',
      join(this.#folder, `${authority}.key`),
    ]
    const out = ['-copy_extensions', 'copy', '-days', `${days}`, '-out', path('crt')]
    this.#openssl('x509', '-req', '-in', path('csr'), ...signer, '-CAcreateserial', ...out)
    return { cert: path('crt'), key: path('key') }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: 'ignore' })
  }
}
