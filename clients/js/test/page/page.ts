/** Runs in a browser: does what the test on the other side asks, one scenario after another. */

import {
  fetchTicket,
  type Progress,
  StreamerClient,
  StreamerClientError,
  type Timing,
} from 'cdk-streamer-client';

type Scenario = (url: string, argument: any) => Promise<unknown>;

const SOON: Partial<Timing> = { backoffLeast: 1, backoffMost: 2 };

function clientOf(url: string, options: object = {}): StreamerClient {
  return new StreamerClient(url, {
    token: 't1',
    timing: SOON,
    onWarning: (text) => console.log(text),
    ...options,
  });
}

const SCENARIOS: Record<string, Scenario> = {
  async request(url, { action, payload, token }) {
    const client = clientOf(url, token && { token });
    const reports: Partial<Progress>[] = [];
    const onProgress = ({ percentage, message, metadata }: Progress) =>
      reports.push({ percentage, message, metadata });
    const result = await client.request(action, payload, { onProgress });
    client.close();
    return { result, reports };
  },

  async follow(url, { action, payload, token }) {
    const states: string[] = [];
    const given = token === undefined ? {} : { token: () => token };
    const client = clientOf(url, { ...given, onState: (state: string) => states.push(state) });
    const result = await client.submit(action, payload).result();
    client.close();
    return { result, states };
  },

  async cancel(url, { action, payload, token }) {
    const client = clientOf(url, token && { token });
    const handle = client.submit(action, payload);
    let state = '';
    for await (const { kind } of handle) {
      if (kind === 'progress' && state === '') state = await handle.cancel('enough');
    }
    const error: unknown = await handle.result().catch((thrown: unknown) => thrown);
    client.close();
    return { state, error: (error as Error).name };
  },

  /** Lose the network for longer than the test lasts, and hear that it is back. */
  async online(url) {
    let lost = () => {};
    const isLost = new Promise<void>((resolve) => {
      lost = resolve;
    });
    const timing = { backoffLeast: 600_000, backoffMost: 600_000 };
    const onState = (state: string) => state === 'reconnecting' && lost();
    const client = clientOf(url, { timing, onState, uniform: () => 1 });
    await client.connect();
    await isLost;
    dispatchEvent(new Event('online'));
    await client.connect();
    client.close();
  },

  async upload(url, { text, type }) {
    const client = clientOf(url);
    const id = await client.upload(new Blob([text], { type }));
    client.close();
    return id;
  },

  async ticket(url, { httpUrl }) {
    const client = clientOf(url, { token: undefined, ticket: () => fetchTicket(httpUrl, 't1') });
    await client.connect();
    client.close();
  },

  async connect(url, options) {
    const client = clientOf(url, options);
    await client.connect();
    client.close();
  },
};

/** Ask what to do, do it, and report; for as long as somebody answers. */
async function serve(): Promise<void> {
  for (;;) {
    const { name, url, argument } = await (await fetch('/next')).json();
    const report = await SCENARIOS[name]!(url, argument).then(
      (value) => ({ value: value ?? null }),
      (error: unknown) => ({ error: errorOf(error) }),
    );
    await fetch('/report', { method: 'POST', body: JSON.stringify(report) });
  }
}

function errorOf(error: unknown): object {
  const { name, message } = error as Error;
  const isOurs = error instanceof StreamerClientError;
  return { name, message, code: isOurs ? error.code : null };
}

await serve();
