// Turns the callbacks of express-session into promises.
import type { Request, RequestHandler, Response } from 'express'

/** @returns when the operation calls back. @throws the error that it calls back with. */
export function asPromise(operation: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    operation((error) => (error ? reject(error) : resolve()))
  })
}

/** Runs a middleware. @returns when it calls next(). */
export function run(middleware: RequestHandler, req: Request, res: Response): Promise<void> {
  return asPromise((next) => {
    void middleware(req, res, next)
  })
}
