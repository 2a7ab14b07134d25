import { once, on } from 'node:events';
import { WebSocket } from 'ws';

/** Somebody in the chat. */
export interface Client {
  say(data: unknown): void;
  /** What this one hears next. */
  hears(): Promise<unknown>;
  /** The code with which the gateway closes the connection. */
  readonly closed: Promise<number>;
  leave(): void;
}

export async function connect(url: string): Promise<Client> {
  const socket = new WebSocket(url);
  const messages = on(socket, 'message');
  const closed = once(socket, 'close').then(([code]) => code as number);
  await once(socket, 'open');
  return {
    say: (data) => socket.send(JSON.stringify({ action: 'sendmessage', data })),
    hears: async () => JSON.parse(String((await messages.next()).value[0])) as unknown,
    closed,
    leave: () => socket.close(),
  };
}
