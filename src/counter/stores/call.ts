/** @returns a promise of an operation with a callback. */
export function call(operation: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    operation((error) => (error ? reject(error) : resolve()))
  })
}
