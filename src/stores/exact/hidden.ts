/**
 * What is remembered of an object, in the object itself, where neither JSON nor a copy finds it. (The entries of a WeakMap, made
 * and dropped for each request, cost a visit 6% of its time: the garbage collector looks at each.)
 */
export class Hidden<T> {
  readonly #key = Symbol('hidden')

  get(object: object): T | undefined {
    return (object as { readonly [key: symbol]: T | undefined })[this.#key]
  }

  /** Of a frozen object nothing is remembered. */
  set(object: object, value: T | undefined): void {
    Reflect.defineProperty(object, this.#key, { value, writable: true, configurable: true })
  }
}
